//! Marking issues: what a person says of them, beside what the tools say.

use jiff::tz::TimeZone;
use quell_model::{Date, IssueKey, Mark, MarkKind, Timestamp, Untrusted};
use quell_store::Store;

use crate::incidents::{World, judgement};
use crate::inspect::find_issue;
use crate::{PipelineError, Setup, intel};

/// Longest reason.
const MOST_REASON_BYTES: usize = 2000;

/// What is said of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marking {
    /// How it is marked.
    pub kind: MarkKind,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
}

impl Marking {
    /// The mark, where it can be.
    pub(crate) fn mark(&self, (now, by): (Timestamp, &str)) -> Result<Mark, PipelineError> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.len() > MOST_REASON_BYTES {
            let said = format!("a mark has a reason of 1 to {MOST_REASON_BYTES} bytes");
            return Err(PipelineError::Refused(said));
        }
        if self.until.is_some_and(|until| until < day_of(now)) {
            let said = "`until` is over; name today or a later day".to_owned();
            return Err(PipelineError::Refused(said));
        }
        Ok(Mark {
            kind: self.kind,
            reason: Untrusted::from(reason),
            until: self.until,
            at: now,
            by: Untrusted::from(by),
            ended: false,
        })
    }
}

/// The day of a moment, in UTC.
pub(crate) fn day_of(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Marks an issue, by its id or the first characters of it. Marking it the same again changes
/// nothing. Says its key and how it is marked now. `by` says who decides.
///
/// # Errors
/// When no issue, or more than one, has that id, the reason is empty, or the last day is over.
pub fn mark_issue(
    store: &mut Store,
    (id, marking): (&str, &Marking),
    (now, by): (Timestamp, &str),
) -> Result<(IssueKey, Mark), PipelineError> {
    let mark = marking.mark((now, by))?;
    let key = find_issue(store, id)?.key;
    store.mark_save(&[key], &mark)?;
    Ok((key, store.mark_get(key, day_of(now))?.unwrap_or(mark)))
}

/// Takes the mark of an issue back. Says its key and whether it was marked.
///
/// # Errors
/// When no issue, or more than one, has that id, or the store refuses.
pub fn unmark_issue(store: &mut Store, id: &str) -> Result<(IssueKey, bool), PipelineError> {
    let key = find_issue(store, id)?.key;
    Ok((key, store.mark_remove(&[key])? > 0))
}

/// Marks all issues of an incident. Says how many it has.
///
/// # Errors
/// When no incident, or more than one, has that id, the reason is empty, or the last day is over.
pub fn mark_incident(
    store: &mut Store,
    setup: &Setup,
    (id, marking): (&str, &Marking),
    (now, by): (Timestamp, &str),
) -> Result<usize, PipelineError> {
    let mark = marking.mark((now, by))?;
    let issues = issues_of(store, setup, (id, now))?;
    store.mark_save(&issues, &mark)?;
    Ok(issues.len())
}

/// Takes the marks of all issues of an incident back. Says how many were marked.
///
/// # Errors
/// When no incident, or more than one, has that id, or the store refuses.
pub fn unmark_incident(
    store: &mut Store,
    setup: &Setup,
    id: &str,
    now: Timestamp,
) -> Result<usize, PipelineError> {
    let issues = issues_of(store, setup, (id, now))?;
    Ok(store.mark_remove(&issues)?)
}

fn issues_of(
    store: &Store,
    setup: &Setup,
    (id, now): (&str, Timestamp),
) -> Result<Vec<IssueKey>, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), None)?;
    Ok(world.find(id)?.issues.clone())
}
