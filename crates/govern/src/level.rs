//! Service levels: by when an issue is to be dealt with, and how its clock stands.
//!
//! The clock runs from when a tool first saw the issue. While an exception hides it, it stands;
//! behind the exception it goes on with the time that is left.

use jiff::SignedDuration;
use quell_model::{Severity, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many days there are, by what is known of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// Days by severity, in the order of [`Severity::ALL`]; 0 means that nothing is due.
    pub days: [u32; 6],
    /// Of these days, hundredths where the asset is reached from the internet.
    pub exposed_percent: u32,
    /// Of these days, hundredths in an environment known to be no production.
    pub other_percent: u32,
}

impl Default for Targets {
    fn default() -> Self {
        Self { days: [0, 0, 90, 30, 30, 7], exposed_percent: 50, other_percent: 200 }
    }
}

/// What is known of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its severity.
    pub severity: Severity,
    /// Its asset's environment.
    pub environment: Option<&'a str>,
    /// Whether its asset is reached from the internet.
    pub exposed: bool,
    /// When a tool first saw it.
    pub since: Option<Timestamp>,
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It runs.
    Running,
    /// It stands, while an exception hides the issue.
    Paused,
    /// It runs again behind an exception.
    Restarted,
}

/// By when an issue is to be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Level {
    /// How the clock stands.
    pub state: ClockState,
    /// When it is due; while the clock stands, when it would be if it ran again now.
    pub due: Timestamp,
    /// Whether that is over.
    pub late: bool,
    /// How many hours there were from the beginning.
    pub allowed_hours: i64,
    /// For how many hours the clock stood.
    pub paused_hours: i64,
    /// Why there is so much time, as a sentence without a full stop.
    pub because: String,
}

impl Targets {
    /// How many hours there are, and why; none where nothing is due.
    #[must_use]
    pub fn hours(&self, known: &Known<'_>) -> Option<(i64, String)> {
        let days = self.days.get(usize::from(known.severity.rank())).copied()?;
        let mut hours = (days > 0).then_some(i64::from(days) * 24)?;
        let mut because = format!("{} issues have {days} days", known.severity.as_str());
        let percent = |hours: i64, percent: u32| (hours * i64::from(percent) / 100).max(1);
        if known.exposed {
            hours = percent(hours, self.exposed_percent);
            because += &format!(", {} % of it as the asset is exposed", self.exposed_percent);
        }
        // An environment that nobody names may be production.
        if let Some(environment) = known.environment.filter(|word| *word != "production") {
            hours = percent(hours, self.other_percent);
            let word: String = environment.chars().take(40).collect();
            because += &format!(", {} % of it in {word}", self.other_percent);
        }
        Some((hours, because))
    }

    /// How the clock of an issue stands, given when exceptions hid it; `None` where nothing is
    /// due, or nobody says since when it is there.
    #[must_use]
    pub fn level(
        &self,
        known: &Known<'_>,
        pauses: &[(Timestamp, Timestamp)],
        now: Timestamp,
    ) -> Option<Level> {
        let since = known.since?;
        let (hours, because) = self.hours(known)?;
        let (paused, is_paused) = paused(since, pauses, now);
        let allowed = SignedDuration::from_hours(hours).checked_add(paused)?;
        let due = since.checked_add(allowed).unwrap_or(Timestamp::MAX);
        let state = match (is_paused, paused.is_positive()) {
            (true, _) => ClockState::Paused,
            (false, true) => ClockState::Restarted,
            (false, false) => ClockState::Running,
        };
        Some(Level {
            state,
            due,
            late: due < now,
            allowed_hours: hours,
            paused_hours: paused.as_hours(),
            because,
        })
    }
}

/// How long a clock stood until now, and whether it stands. Exceptions may overlap.
fn paused(
    since: Timestamp,
    pauses: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> (SignedDuration, bool) {
    let mut within: Vec<(Timestamp, Timestamp)> = pauses
        .iter()
        .map(|(from, to)| ((*from).max(since), (*to).min(now)))
        .filter(|(from, to)| from < to)
        .collect();
    within.sort_unstable();
    let mut total = SignedDuration::ZERO;
    let mut counted = since;
    for (from, to) in within {
        let from = from.max(counted);
        if from < to {
            total = total.saturating_add(to.duration_since(from));
            counted = to;
        }
    }
    (total, pauses.iter().any(|(from, to)| *from <= now && now < *to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hours * 3600).unwrap()
    }

    fn known(severity: Severity) -> Known<'static> {
        Known { severity, environment: None, exposed: false, since: Some(at(0)) }
    }

    #[test]
    fn severity_environment_and_exposure_say_how_long() {
        let targets = Targets::default();
        let hours = |known: &Known<'_>| targets.hours(known).map(|(hours, _)| hours);
        let critical = known(Severity::Critical);
        assert_eq!(hours(&critical), Some(7 * 24));
        assert_eq!(hours(&Known { exposed: true, ..critical }), Some(84));
        assert_eq!(hours(&Known { environment: Some("production"), ..critical }), Some(168));
        assert_eq!(hours(&Known { environment: Some("test"), ..critical }), Some(336));
        let both = Known { environment: Some("test"), exposed: true, ..critical };
        assert_eq!(
            targets.hours(&both),
            Some((
                168,
                "critical issues have 7 days, 50 % of it as the asset is exposed, \
                 200 % of it in test"
                    .to_owned()
            ))
        );
        assert_eq!(hours(&known(Severity::Low)), None);
    }

    #[test]
    fn a_clock_stands_under_an_exception_and_goes_on_behind_it() {
        let (targets, known) = (Targets::default(), known(Severity::Critical));
        let level = |pauses: &[(i64, i64)], now: i64| {
            let pauses: Vec<_> = pauses.iter().map(|(from, to)| (at(*from), at(*to))).collect();
            targets.level(&known, &pauses, at(now)).unwrap()
        };
        let running = level(&[], 10);
        assert_eq!(
            (running.state, running.due, running.late),
            (ClockState::Running, at(168), false)
        );
        assert!(level(&[], 169).late);
        let paused = level(&[(100, 400)], 300);
        assert_eq!((paused.state, paused.due, paused.late), (ClockState::Paused, at(368), false));
        let again = level(&[(100, 400)], 450);
        assert_eq!((again.state, again.due, again.late), (ClockState::Restarted, at(468), false));
        assert_eq!(level(&[(100, 400), (200, 300), (350, 420)], 450).paused_hours, 320);
        assert!(level(&[(100, 400)], 469).late);
    }

    proptest! {
        #[test]
        fn a_clock_that_stands_never_becomes_late(
            pauses in prop::collection::vec((0_i64..500, 1_i64..200), 0..6),
            now in 0_i64..900,
        ) {
            let targets = Targets::default();
            let pauses: Vec<_> = pauses.iter().map(|(from, long)| (at(*from), at(from + long))).collect();
            let level = targets.level(&known(Severity::Critical), &pauses, at(now)).unwrap();
            // Counted hour by hour.
            let stood = (0..now).filter(|hour| {
                pauses.iter().any(|(from, to)| *from <= at(*hour) && at(*hour) < *to)
            });
            let stood = i64::try_from(stood.count()).unwrap();
            prop_assert_eq!(level.paused_hours, stood);
            prop_assert_eq!(level.due, at(168 + stood));
            if level.state == ClockState::Paused && !level.late {
                let later = targets.level(&known(Severity::Critical), &pauses, at(now) + SignedDuration::from_mins(30));
                prop_assert!(!later.unwrap().late);
            }
        }
    }
}
