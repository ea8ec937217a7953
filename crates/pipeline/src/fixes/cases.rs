//! What fixes are made for, so that it can be handed from one program to another: a server knows
//! the findings, and who has the code makes the fixes.

use quell_correlate::Member;
use quell_model::{Finding, FindingKey, Incident, IncidentKey, Issue, IssueKey, Status};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PipelineError;
use crate::assess::{members, read_issue};
use crate::inspect::find_issue;

/// An open issue with its findings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FixCase {
    /// The issue.
    pub issue: Issue,
    /// Its findings, in the order of their ids.
    pub findings: Vec<FixMember>,
}

/// A finding of an issue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FixMember {
    /// Its id.
    pub id: FindingKey,
    /// What counts.
    pub status: Status,
    /// The finding.
    pub finding: Finding,
}

/// An incident that a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixStory {
    /// Its id.
    pub key: IncidentKey,
    /// Its issues.
    pub issues: Vec<IssueKey>,
}

impl FixStory {
    pub(super) fn of(incident: Incident) -> Self {
        Self { key: incident.key, issues: incident.issues }
    }
}

impl FixMember {
    fn of(member: Member) -> Self {
        Self { id: member.key, status: member.status, finding: member.finding }
    }

    pub(super) fn member(self) -> Member {
        Member { key: self.id, finding: self.finding, status: self.status }
    }
}

/// One issue with its findings, by its id or its first characters, whether it is open or not.
///
/// # Errors
/// When there is none of that id that is to be seen, or more than one, or the store refuses.
pub fn fix_case(
    store: &Store,
    id: &str,
    is_seen: impl Fn(i64) -> bool,
) -> Result<FixCase, PipelineError> {
    let missing = || PipelineError::NotFound { kind: "issue", id: id.to_owned() };
    let row = find_issue(store, id)?;
    let body = row.body.as_ref().filter(|_| is_seen(row.id)).ok_or_else(missing)?;
    let findings = members(store, row.id)?.into_iter().map(FixMember::of).collect();
    Ok(FixCase { issue: read_issue(body)?, findings })
}

/// Open issues among so many that are stored behind a place, and the place behind them; none at
/// the end. The first place is 0. Issues whose row is not to be seen are left out.
///
/// # Errors
/// When the store refuses.
pub fn fix_cases(
    store: &Store,
    (after, limit): (i64, u32),
    is_seen: impl Fn(i64) -> bool,
) -> Result<(Vec<FixCase>, Option<i64>), PipelineError> {
    let rows = store.issue_page(after, limit)?;
    let is_full = u32::try_from(rows.len()).is_ok_and(|found| found >= limit);
    let next = rows.last().filter(|_| is_full).map(|row| row.id);
    let mut cases = Vec::new();
    for row in rows.into_iter().filter(|row| is_seen(row.id)) {
        let Some(body) = &row.body else { continue };
        let issue = read_issue(body)?;
        if issue.status.is_open() {
            let findings = members(store, row.id)?.into_iter().map(FixMember::of).collect();
            cases.push(FixCase { issue, findings });
        }
    }
    Ok((cases, next))
}
