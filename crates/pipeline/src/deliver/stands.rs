//! How what a letter was about stands now.

use quell_deliver::mirror::Stands;
use quell_deliver::route::Subject;
use quell_govern::exception::State;
use quell_model::{IssueKey, Timestamp};
use quell_store::Store;

use super::plan::waits;
use crate::PipelineError;
use crate::assess::read_issue;

/// How what somebody is reminded of stands: open while it waits; gone once it is decided or over.
/// None where a subject is no reminder.
///
/// # Errors
/// When the store refuses.
pub fn reminder_stands(
    store: &Store,
    subject: &str,
    now: Timestamp,
) -> Result<Option<Stands>, PipelineError> {
    let is_open = match Subject::of(subject) {
        Some((Subject::ExceptionEnd, id)) => {
            let found = store.exception_get(id)?;
            found.is_some_and(|one| one.state == State::Granted && now < one.request.until)
        }
        Some((Subject::ExceptionReview, id)) => {
            store.exception_get(id)?.is_some_and(|one| one.state.waits())
        }
        Some((Subject::Approval, id)) => store
            .plan_get(id)?
            .is_some_and(|(plan, said)| now < plan.expires_at && waits(&plan, &said)),
        Some((Subject::Fix | Subject::Incident | Subject::Plan, _)) | None => return Ok(None),
    };
    Ok(Some(if is_open { Stands::Open(None) } else { Stands::Gone(now) }))
}

/// How some issues stand together: open while one is. None where there are none: nothing that
/// somebody sees says then that anything is over.
///
/// # Errors
/// When the store refuses.
pub fn stands(
    store: &Store,
    issues: &[IssueKey],
    now: Timestamp,
) -> Result<Option<Stands>, PipelineError> {
    if issues.is_empty() {
        return Ok(None);
    }
    let suppression = store.suppression(now)?;
    let mut seen: Option<Timestamp> = None;
    let (mut is_open, mut is_hidden) = (false, false);
    for key in issues {
        let row = store.issue_between(*key, *key)?.pop();
        let Some(body) = row.as_ref().and_then(|row| row.body.as_ref()) else { continue };
        let issue = read_issue(body)?;
        if !issue.status.is_open() {
            continue;
        }
        let id = row.as_ref().map(|row| row.id);
        if id.is_some_and(|id| suppression.hides(id)) {
            is_hidden = true;
            continue;
        }
        is_open = true;
        // A finding that is seen again as it was leaves the issue's body as it is.
        let again = id.map(|id| last_seen(store, id)).transpose()?.flatten();
        seen = seen.max(issue.last_seen).max(again);
    }
    Ok(Some(match (is_open, is_hidden) {
        (true, _) => Stands::Open(seen),
        (false, true) => Stands::Accepted,
        (false, false) => Stands::Gone(now),
    }))
}

/// When a tool last saw one of an issue's open findings.
fn last_seen(store: &Store, issue: i64) -> Result<Option<Timestamp>, PipelineError> {
    let findings = store.finding_list(issue)?;
    let open = findings.iter().filter(|row| row.state.status.is_open());
    Ok(open.filter_map(|row| row.last_seen).max())
}
