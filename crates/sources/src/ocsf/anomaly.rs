//! Anomalies of a detection finding: what its tool knows to be usual, and what of it was not.
//!
//! `anomaly_analyses` lists baselines and anomalies, each of one observed parameter with a pattern
//! and values. Names of the facts are the same for all tools.

use super::wire::{AnomalyAnalysis, Observation, Observed, Timespan};
use crate::wire::{Facts, Text};

/// Values that one list gives.
const MOST_VALUES: usize = 8;
/// Lists that one fact gives.
const MOST_LISTS: usize = 12;

/// Adds both sides as lists; where both say one number of the same thing in the same time, as
/// numbers too.
pub(super) fn add(facts: &mut Facts, analyses: &[AnomalyAnalysis<'_>]) {
    let usual: Vec<&Observed<'_>> = analyses.iter().flat_map(|one| &one.baselines).collect();
    let seen: Vec<&Observed<'_>> = analyses.iter().flat_map(|one| &one.anomalies).collect();
    facts.add("usual", &lists(&usual));
    facts.add("unusual", &lists(&seen));
    let pair = seen.iter().find_map(|seen| {
        let (number, of) = number(seen)?;
        let (known, _) =
            usual.iter().filter_map(|one| self::number(one)).find(|(_, own)| *own == of)?;
        Some((format!("{known} as the value of {of}"), format!("{number} as the value of {of}")))
    });
    if let Some((usual, seen)) = pair {
        facts.add("usual_rate", &usual);
        facts.add("seen_rate", &seen);
    }
}

/// `API calls (frequent): GetObject (120 times), ListBuckets; user agents (rare): curl`.
fn lists(all: &[&Observed<'_>]) -> String {
    let said: Vec<String> = all.iter().filter_map(|one| list(one)).take(MOST_LISTS).collect();
    said.join("; ")
}

fn list(of: &Observed<'_>) -> Option<String> {
    let pattern = of.observed_pattern.get().map(|word| word.to_lowercase().replace('_', " "));
    let pattern = pattern.map(|word| format!(" ({word})")).unwrap_or_default();
    let values: Vec<String> = of.observations.iter().filter_map(value).take(MOST_VALUES).collect();
    let what = of.observation_parameter.get().unwrap_or("what was observed");
    (!values.is_empty()).then(|| format!("{what}{pattern}: {}", values.join(", ")))
}

fn value(of: &Observation<'_>) -> Option<String> {
    let value = of.value.get()?;
    Some(match of.count.integer().filter(|count| *count > 0) {
        Some(1) => format!("{value} (once)"),
        Some(count) => format!("{value} ({count} times)"),
        None => value.to_owned(),
    })
}

/// The number of what, where there is just one.
fn number(of: &Observed<'_>) -> Option<(f64, String)> {
    let [one] = of.observations.as_slice() else { return None };
    let number = one.value.number().filter(|number| number.is_finite())?;
    let what = of.observation_parameter.get()?;
    Some((number, format!("{what}{}", within(&one.timespan))))
}

fn within(time: &Timespan<'_>) -> String {
    let spans: [(&Text<'_>, &str); 8] = [
        (&time.duration_years, "years"),
        (&time.duration_months, "months"),
        (&time.duration_weeks, "weeks"),
        (&time.duration_days, "days"),
        (&time.duration_hours, "hours"),
        (&time.duration_mins, "minutes"),
        (&time.duration_secs, "seconds"),
        (&time.duration, "milliseconds"),
    ];
    let said = spans.into_iter().filter_map(|(text, unit)| {
        let count = text.integer().filter(|count| *count > 0)?;
        Some(format!("{count} {unit}"))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { String::new() } else { format!(" in {}", said.join(" ")) }
}
