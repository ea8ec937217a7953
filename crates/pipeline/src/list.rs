//! Lists of issues, filtered and counted.

use std::sync::Arc;

use quell_model::{IssueKey, Mark, Severity, Status, Timestamp, Untrusted};
use quell_report::HiddenBy;
use quell_store::{IssueFilter, MarkFilter, Store};
use serde::Serialize;

use crate::PipelineError;
use crate::exceptions::hidden_by;
use crate::marks::day_of;
use crate::report::stored_issue;

/// Issues that fit a filter.
#[derive(Debug, Serialize)]
pub struct IssueList {
    /// How many fit.
    pub count: u64,
    /// The riskiest of them, as many as were asked for.
    pub issues: Vec<ListedIssue>,
}

/// An issue as a list shows it.
#[derive(Debug, Serialize)]
pub struct ListedIssue {
    /// Its identity.
    pub id: IssueKey,
    /// Its risk score.
    pub score: u32,
    /// The highest severity.
    pub severity: Severity,
    /// What counts.
    pub status: Status,
    /// Its control, where one is known.
    pub control: Option<String>,
    /// What it is.
    pub title: Untrusted,
    /// Its asset's key.
    pub asset: Untrusted,
    /// How a person marked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Which exception hides it; it is open all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<HiddenBy>,
}

/// The issues that fit a filter and are marked so: all are counted, the riskiest are listed.
///
/// # Errors
/// When the store refuses.
pub fn list_issues(
    store: &Store,
    (filter, marked): (&IssueFilter, &MarkFilter),
    limit: usize,
    now: Timestamp,
) -> Result<IssueList, PipelineError> {
    let today = day_of(now);
    let suppression = store.suppression(now)?;
    let filter = IssueFilter {
        among: store.mark_rows(marked, today)?,
        suppression: Arc::clone(&suppression),
        ..filter.clone()
    };
    let found = store.issue_find(&filter, limit)?;
    let mut issues = Vec::new();
    for row in found.rows {
        let Some(issue) = stored_issue(store, row)? else { continue };
        issues.push(ListedIssue {
            mark: store.mark_get(issue.key, today)?,
            id: issue.key,
            score: issue.risk.score,
            severity: issue.severity,
            status: if suppression.hides(row) { Status::Suppressed } else { issue.status },
            hidden_by: suppression.by(row).map(hidden_by),
            control: issue.control,
            title: issue.title,
            asset: Untrusted::from(issue.asset.id.key()),
        });
    }
    Ok(IssueList { count: found.count, issues })
}
