//! Looking at one issue, and taking a wrong merge apart.

use quell_model::{FindingKey, IssueKey, Timestamp};
use quell_report::IssueReport;
use quell_store::{IssueRow, Store};

use crate::report::issue_report;
use crate::{PipelineError, Setup, assess};

/// The report of one issue, by its id or the first characters of it.
///
/// # Errors
/// When no issue, or more than one, has that id.
pub fn show_issue(store: &Store, setup: &Setup, id: &str) -> Result<IssueReport, PipelineError> {
    let row = find_issue(store, id)?;
    let not_found = || PipelineError::NotFound { kind: "issue", id: id.to_owned() };
    issue_report(store, setup.catalog(), row.id)?.ok_or_else(not_found)
}

/// Takes a finding out of an issue; both ids may be cut short. Says the new issue's key.
///
/// # Errors
/// When either is not found, or the finding is not of that issue.
pub fn split_issue(
    store: &mut Store,
    setup: &Setup,
    (id, finding): (&str, &str),
    now: Timestamp,
) -> Result<IssueKey, PipelineError> {
    let row = find_issue(store, id)?;
    let not_found =
        || PipelineError::NotFound { kind: "finding in that issue", id: finding.to_owned() };
    let wanted = finding.to_ascii_lowercase();
    let keys: Vec<FindingKey> = store
        .finding_list(row.id)?
        .into_iter()
        .map(|f| f.key)
        .filter(|key| !wanted.is_empty() && key.to_string().starts_with(&wanted))
        .collect();
    let [key] = keys.as_slice() else { return Err(not_found()) };
    let new = store.issue_split(*key, now)?.ok_or_else(not_found)?;
    assess::assess(store, setup.catalog(), now)?;
    Ok(new)
}

fn find_issue(store: &Store, id: &str) -> Result<IssueRow, PipelineError> {
    let not_found = || PipelineError::NotFound { kind: "issue", id: id.to_owned() };
    let wanted = id.trim().to_ascii_lowercase();
    let lowest = format!("{wanted:0<26}").parse::<IssueKey>().map_err(|_| not_found())?;
    let highest =
        format!("{wanted:z<26}").parse::<IssueKey>().unwrap_or(IssueKey::from_bytes([255; 16]));
    let mut found = store.issue_between(lowest, highest)?;
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        _ => Err(not_found()),
    }
}
