//! When incidents came, were understood, were agreed to be fixed, and were gone.
//!
//! An incident is looked at when what is stored has changed. What a person did meanwhile is handed
//! over beside it, so that whoever looks at an incident does not wait for a writer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::SignedDuration;
use quell_model::{IncidentKey, IssueKey, Severity, Timestamp};
use quell_report::TimesReport;
use quell_store::{IncidentTimes, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PipelineError;

/// Issues of an incident by which it is told whether it is gone: its riskiest.
const MOST_ISSUES: usize = 64;
/// Days for which the times of what is gone are kept.
const KEPT_DAYS: i64 = 366;

/// What people did since times were last kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Happened {
    /// Incidents that a person opened.
    pub opened: BTreeMap<IncidentKey, Timestamp>,
    /// Issues of which a fix was agreed to.
    pub approved: BTreeMap<IssueKey, Timestamp>,
}

impl Happened {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.approved.is_empty()
    }

    /// The same with what happened otherwise; of the same thing, the first moment counts.
    pub fn add(&mut self, other: Self) {
        for (key, at) in other.opened {
            let first = self.opened.entry(key).or_insert(at);
            *first = (*first).min(at);
        }
        for (key, at) in other.approved {
            let first = self.approved.entry(key).or_insert(at);
            *first = (*first).min(at);
        }
    }
}

/// An incident that stands, as far as its times go.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    pub(crate) key: IncidentKey,
    pub(crate) severity: Severity,
    pub(crate) issues: &'a [IssueKey],
    /// The rows of its issues, in the same order.
    pub(crate) rows: Cow<'a, [u32]>,
}

/// What is to be written of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesChange {
    kept: Vec<IncidentTimes>,
    forgotten: Vec<IncidentKey>,
    now: Timestamp,
}

impl TimesChange {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.forgotten.is_empty()
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn save(&self, store: &mut Store) -> Result<(), PipelineError> {
        let year = SignedDuration::from_hours(24 * KEPT_DAYS);
        let before = self.now.checked_sub(year).unwrap_or(Timestamp::MIN);
        Ok(store.incident_times_save(&self.kept, (&self.forgotten, before))?)
    }
}

/// What has become of the incidents whose times are kept, by those that stand now.
pub(crate) fn follow(
    store: &Store,
    standing: &[Standing<'_>],
    happened: &Happened,
    now: Timestamp,
) -> Result<TimesChange, PipelineError> {
    let known = store.incident_times_list(true)?;
    let mut known: BTreeMap<IncidentKey, IncidentTimes> =
        known.into_iter().map(|times| (times.incident, times)).collect();
    let mut kept: BTreeMap<IncidentKey, IncidentTimes> = BTreeMap::new();
    for story in standing {
        let before = known.remove(&story.key);
        let after = stands(story, (before.as_ref(), happened), now);
        if before.as_ref() != Some(&after) {
            kept.insert(after.incident, after);
        }
    }
    let (mut forgotten, mut moved) = (Vec::new(), HashMap::new());
    for (key, times) in known {
        match fate(store, &times)? {
            Fate::Gone => {
                let understood = times.understood.or(happened.opened.get(&key).copied());
                kept.insert(key, IncidentTimes { understood, remediated: Some(now), ..times });
            }
            Fate::Forgotten => forgotten.push(key),
            Fate::Open(rows) => {
                let begun = (key, times.begun);
                moved.extend(rows.into_iter().map(|row| (row, begun)));
            }
        }
    }
    if !moved.is_empty() {
        forgotten.extend(join(store, standing, &moved, &mut kept)?);
    }
    Ok(TimesChange { kept: kept.into_values().collect(), forgotten, now })
}

/// The times of an incident that stands. One that was not known, or was gone, begins now.
fn stands(
    story: &Standing<'_>,
    (before, happened): (Option<&IncidentTimes>, &Happened),
    now: Timestamp,
) -> IncidentTimes {
    let mut issues: Vec<u32> = story.rows.iter().take(MOST_ISSUES).copied().collect();
    issues.sort_unstable();
    let opened = happened.opened.get(&story.key).copied();
    let approved = match happened.approved.is_empty() {
        true => None,
        false => story.issues.iter().filter_map(|key| happened.approved.get(key)).min().copied(),
    };
    let first = |kept: Option<Timestamp>, new: Option<Timestamp>| kept.or(new);
    // Who opens what was just imported does so after it came.
    let begun = [Some(now), opened, approved].into_iter().flatten().min().unwrap_or(now);
    IncidentTimes {
        incident: story.key,
        severity: story.severity,
        begun: before.map_or(begun, |times| times.begun),
        understood: first(before.and_then(|times| times.understood), opened),
        approved: first(before.and_then(|times| times.approved), approved),
        remediated: None,
        issues,
    }
}

/// What became of an incident that stands no more.
enum Fate {
    /// All of its issues are closed.
    Gone,
    /// Nobody knows of its issues any more.
    Forgotten,
    /// Some of its issues are open: they are hidden, or part of another incident.
    Open(Vec<u32>),
}

fn fate(store: &Store, times: &IncidentTimes) -> Result<Fate, PipelineError> {
    let (mut open, mut closed) = (Vec::new(), false);
    for row in &times.issues {
        match store.issue_counts(*row)? {
            Some(true) => open.push(*row),
            Some(false) => closed = true,
            None => {}
        }
    }
    Ok(match (open.is_empty(), closed) {
        (false, _) => Fate::Open(open),
        (true, true) => Fate::Gone,
        (true, false) => Fate::Forgotten,
    })
}

/// Incidents that others have taken in: those begin when the first of them did. Says which are
/// no more.
fn join(
    store: &Store,
    standing: &[Standing<'_>],
    moved: &HashMap<u32, (IncidentKey, Timestamp)>,
    kept: &mut BTreeMap<IncidentKey, IncidentTimes>,
) -> Result<BTreeSet<IncidentKey>, PipelineError> {
    let mut joined = BTreeSet::new();
    for story in standing {
        let taken: Vec<_> = story.rows.iter().filter_map(|row| moved.get(row)).collect();
        let Some(begun) = taken.iter().map(|(_, begun)| *begun).min() else { continue };
        joined.extend(taken.iter().map(|(key, _)| *key));
        let times = match kept.get(&story.key) {
            Some(times) => Some(times.clone()),
            None => store.incident_times_get(story.key)?,
        };
        if let Some(times) = times.filter(|times| begun < times.begun) {
            kept.insert(story.key, IncidentTimes { begun, ..times });
        }
    }
    Ok(joined)
}

/// When an incident came, and when people dealt with it, where it still stands.
pub(crate) fn times_of(
    store: &Store,
    incident: IncidentKey,
) -> Result<Option<TimesReport>, PipelineError> {
    let times = store.incident_times_get(incident)?.filter(|times| times.remediated.is_none());
    Ok(times.map(|times| TimesReport {
        begun: times.begun,
        understood: times.understood,
        approved: times.approved,
    }))
}

/// How long incidents took, of all that stand or went within a year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentTimesReport {
    /// From when an incident came until a person opened it.
    pub understand: StepReport,
    /// From when it came until a fix of it was agreed to.
    pub approve: StepReport,
    /// From when it came until its last issue was closed.
    pub remediate: StepReport,
}

/// How long incidents took to one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepReport {
    /// So many took it.
    pub incidents: u64,
    /// Half of them within so many minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_minutes: Option<i64>,
    /// The slowest in so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_minutes: Option<i64>,
    /// Which that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest: Option<IncidentKey>,
}

/// How long incidents took.
///
/// # Errors
/// When the store refuses.
pub fn incident_times(store: &Store) -> Result<IncidentTimesReport, PipelineError> {
    let all = store.incident_times_list(false)?;
    Ok(IncidentTimesReport {
        understand: step(&all, |times| times.understood),
        approve: step(&all, |times| times.approved),
        remediate: step(&all, |times| times.remediated),
    })
}

fn step(all: &[IncidentTimes], end: impl Fn(&IncidentTimes) -> Option<Timestamp>) -> StepReport {
    let took = |times: &IncidentTimes| {
        let minutes = end(times)?.duration_since(times.begun).as_mins().max(0);
        Some((minutes, times.incident))
    };
    let mut took: Vec<(i64, IncidentKey)> = all.iter().filter_map(took).collect();
    took.sort_unstable();
    let slowest = took.last().copied();
    StepReport {
        incidents: u64::try_from(took.len()).unwrap_or(u64::MAX),
        // Of an even number the lower one, so that it is the time of an incident.
        median_minutes: took.get(took.len().saturating_sub(1) / 2).map(|(minutes, _)| *minutes),
        slowest_minutes: slowest.map(|(minutes, _)| minutes),
        slowest: slowest.map(|(_, key)| key),
    }
}

#[cfg(test)]
mod tests {
    use quell_model::KeyHasher;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap()
    }

    fn key<K>(name: &str) -> quell_model::Key<K> {
        KeyHasher::new("times").part(name).finish()
    }

    fn times(name: &str, minutes: [Option<i64>; 4]) -> IncidentTimes {
        let [begun, understood, approved, remediated] = minutes.map(|minutes| minutes.map(at));
        IncidentTimes {
            incident: key(name),
            severity: Severity::High,
            begun: begun.unwrap(),
            understood,
            approved,
            remediated,
            issues: vec![1, 2],
        }
    }

    fn standing<'a>(name: &str, issues: &'a [IssueKey], rows: &'a [u32]) -> Standing<'a> {
        Standing { key: key(name), severity: Severity::High, issues, rows: Cow::Borrowed(rows) }
    }

    #[test]
    fn the_median_is_the_time_of_an_incident_and_the_slowest_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let all = [
            times("a", [Some(0), Some(10), None, None]),
            times("b", [Some(0), Some(30), Some(40), None]),
            times("c", [Some(0), Some(20), Some(90), Some(100)]),
            times("d", [Some(5), None, None, None]),
        ];
        store.incident_times_save(&all, (&[], Timestamp::MIN)).unwrap();
        let report = incident_times(&store).unwrap();
        let step = |step: &StepReport| (step.incidents, step.median_minutes, step.slowest_minutes);
        assert_eq!(step(&report.understand), (3, Some(20), Some(30)));
        assert_eq!(report.understand.slowest, Some(key("b")));
        assert_eq!(step(&report.approve), (2, Some(40), Some(90)));
        assert_eq!(step(&report.remediate), (1, Some(100), Some(100)));
        assert_eq!(times_of(&store, key("b")).unwrap().unwrap().approved, Some(at(40)));
        assert_eq!(times_of(&store, key("c")).unwrap(), None);
    }

    #[test]
    fn the_first_moment_counts_and_what_is_known_again_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let issues = [key("i")];
        let see = |store: &mut Store, happened: &Happened, minutes: i64| {
            let standing = [standing("a", &issues, &[7])];
            let change = follow(store, &standing, happened, at(minutes)).unwrap();
            change.save(store).unwrap();
            (change.is_empty(), store.incident_times_get(key("a")).unwrap().unwrap())
        };
        let opened = |minutes| Happened {
            opened: [(key("a"), at(minutes))].into(),
            approved: [(key("i"), at(minutes + 1))].into(),
        };
        let (_, first) = see(&mut store, &Happened::default(), 0);
        assert_eq!((first.begun, first.understood), (at(0), None));
        assert!(see(&mut store, &Happened::default(), 5).0);
        let (_, known) = see(&mut store, &opened(9), 10);
        assert_eq!((known.understood, known.approved), (Some(at(9)), Some(at(10))));
        let (nothing_new, again) = see(&mut store, &opened(20), 21);
        assert!(nothing_new);
        assert_eq!(again, known);
        // It was gone, and stands again.
        let gone = IncidentTimes { remediated: Some(at(30)), ..known };
        store.incident_times_save(&[gone], (&[], Timestamp::MIN)).unwrap();
        let (_, anew) = see(&mut store, &Happened::default(), 40);
        assert_eq!((anew.begun, anew.understood, anew.approved), (at(40), None, None));
    }

    #[test]
    fn an_incident_whose_issues_are_unknown_is_forgotten_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let all =
            [times("a", [Some(0), None, None, None]), times("b", [Some(0), None, None, Some(9)])];
        store.incident_times_save(&all, (&[], Timestamp::MIN)).unwrap();
        let change = follow(&store, &[], &Happened::default(), at(0)).unwrap();
        assert_eq!((change.kept.len(), &change.forgotten), (0, &vec![key("a")]));
        change.save(&mut store).unwrap();
        assert_eq!(store.incident_times_list(false).unwrap().len(), 1);
        let year_later = at(400 * 24 * 60);
        let change = follow(&store, &[], &Happened::default(), year_later).unwrap();
        change.save(&mut store).unwrap();
        assert_eq!(store.incident_times_list(false).unwrap(), []);
    }
}
