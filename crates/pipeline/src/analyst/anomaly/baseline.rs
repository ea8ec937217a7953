//! What a tool says to be usual, and what of it was not.

use quell_model::{Finding, Untrusted};
use serde_json::Value;

/// Longest text of one side.
const MOST_BYTES: usize = 700;

/// Both sides of a comparison, as far as the tool tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What is usual, as a list.
    pub usual: String,
    /// What is usual, as a rate.
    pub usual_rate: String,
    /// What of it was unusual, as a list.
    pub seen: String,
    /// How much was seen.
    pub seen_rate: String,
    /// How many times as much as usual, where both are numbers of the same.
    pub times: Option<String>,
    /// Whether the tool says that it never saw this before.
    pub first_time: bool,
    /// What the tool compares with, in our own words.
    pub compared_with: &'static str,
}

/// How much of a comparison there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// What is usual and what was seen.
    Both,
    /// One of them.
    One,
    /// Only that it is unusual.
    Nothing,
}

impl Known {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both sides are told",
            Self::One => "one side is told",
            Self::Nothing => "none is told",
        }
    }
}

impl Baseline {
    /// What a detection says of it; `None` where it is no anomaly.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        let fact = |name: &str| {
            let known = finding.evidence.iter().find(|(known, _)| known == name);
            known.map(|(_, value)| value.raw()).unwrap_or_default()
        };
        let mut baseline = Self {
            usual: capped(fact("usual")),
            usual_rate: capped(fact("usual_rate")),
            seen: capped(&both(fact("anomalous_calls"), fact("unusual"))),
            seen_rate: capped(fact("seen_rate")),
            first_time: ["alert_type", "event_type"]
                .iter()
                .any(|name| fact(name).starts_with("New")),
            ..Self::default()
        };
        let is_error = finding.rule.id.starts_with("ApiErrorRate");
        let what = if is_error { "failed calls" } else { "calls" };
        baseline.add_statistics(fact("statistics"), what);
        baseline.times = baseline.times.take().or_else(|| times_of_rates(&baseline));
        let is_told = baseline.known() != Known::Nothing || baseline.first_time;
        if !is_told && !is_anomaly(finding, fact("policy_type")) {
            return None;
        }
        baseline.compared_with = compared_with(finding, &baseline, fact("policy_type"));
        Some(baseline)
    }

    /// How much of the comparison there is.
    #[must_use]
    pub const fn known(&self) -> Known {
        let usual = !self.usual.is_empty() || !self.usual_rate.is_empty();
        let seen = !self.seen.is_empty() || !self.seen_rate.is_empty();
        match (usual, seen) {
            (true, true) => Known::Both,
            (false, false) => Known::Nothing,
            (true, false) | (false, true) => Known::One,
        }
    }

    /// Averages a minute of calls or failed calls, as CloudTrail Insights gives them.
    fn add_statistics(&mut self, text: &str, what: &str) {
        let Ok(statistics) = serde_json::from_str::<Value>(text) else { return };
        let average =
            |side: &str| statistics.pointer(&format!("/{side}/average")).and_then(Value::as_f64);
        let (usual, seen) = (average("baseline"), average("insight"));
        let said = |rate: f64| format!("{} {what} a minute on average", number(rate));
        if usual.is_some() || seen.is_some() {
            self.usual_rate = usual.map(&said).unwrap_or_default();
            self.seen_rate = seen.map(&said).unwrap_or_default();
            self.times = usual.zip(seen).and_then(|(usual, seen)| times(usual, seen));
        }
    }
}

fn both(first: &str, second: &str) -> String {
    [first, second].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

fn capped(text: &str) -> String {
    Untrusted::from(text.trim()).capped(MOST_BYTES).raw().to_owned()
}

/// Words that tools have for something that is not as it was before.
const WORDS: &[&str] = &[
    "anomal",
    "unusual",
    "not typically",
    "never seen before",
    "for the first time",
    "deviat",
    "abnormal",
    "baseline",
    "outlier",
    "runtime model",
    "rarely seen",
];

fn is_anomaly(finding: &Finding, policy: &str) -> bool {
    if finding.detection.is_none() {
        return false;
    }
    let says = |text: &str| {
        let text = text.to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    policy == "anomaly"
        || finding.rule.id.starts_with("Behavior:")
        || [finding.rule.id.as_str(), finding.rule.title.raw(), finding.title.raw()]
            .into_iter()
            .chain([finding.description.raw()])
            .any(says)
}

fn compared_with(finding: &Finding, baseline: &Baseline, policy: &str) -> &'static str {
    let model = finding.description.raw().to_lowercase().contains("runtime model");
    match finding.tool.product.as_str() {
        "guardduty" if !baseline.usual.is_empty() => "the profile of the identity and the account",
        "guardduty" => "a profile that is not told",
        "cloudtrail" => "the usual rate of this call in the account",
        "lacework" if baseline.first_time => "all that was seen in the account before",
        _ if model => "the model that was learned of this workload",
        _ if policy == "anomaly" => "a learned behavior that is not told",
        _ => "",
    }
}

/// How many times as much, where both rates are of the same whom: those that a source writes as
/// `12.5 calls a day on average of this identity`.
fn times_of_rates(baseline: &Baseline) -> Option<String> {
    let split = |text: &str| -> Vec<(f64, String)> {
        let parts = text.split("; ");
        let read = parts.filter_map(|part| {
            let (number, rest) = part.split_once(' ')?;
            let (what, whom) = rest.split_once(" of ")?;
            let is_most = what.contains("busiest");
            (!is_most).then_some((number.parse().ok()?, whom.to_owned()))
        });
        read.collect()
    };
    let usual = split(&baseline.usual_rate);
    let seen = split(&baseline.seen_rate);
    seen.iter().find_map(|(seen, whom)| {
        let (usual, _) = usual.iter().find(|(_, known)| known == whom)?;
        times(*usual, *seen)
    })
}

fn times(usual: f64, seen: f64) -> Option<String> {
    let times = seen / usual;
    (usual > 0.0 && times.is_finite() && times >= 0.0).then(|| number(times))
}

/// A number as people write it: whole from ten on, else with one place where it needs one.
fn number(value: f64) -> String {
    if value >= 10.0 {
        return format!("{value:.0}");
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
