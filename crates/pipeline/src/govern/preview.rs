//! What an exception would hide, on what is stored now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use quell_govern::exception::Limits;
use quell_govern::expression::Expression;
use quell_model::{Issue, IssueKey, Severity, Timestamp, Untrusted};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PipelineError;
use crate::assess::read_issue;

/// Issues that a preview names.
const MOST_NAMED: usize = 20;

/// What an expression would hide now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExceptionPreview)]
pub struct Preview {
    /// The expression, as it was understood.
    pub scope: String,
    /// How many open issues it holds of.
    pub issues: u64,
    /// Of those, on assets known to be reached from the internet.
    pub exposed: u64,
    /// Of those, hidden by another exception already.
    pub hidden_already: u64,
    /// How many of each severity, the worst first.
    pub severities: Vec<SeverityCount>,
    /// The worst of those severities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
    /// How many reviewers have to agree.
    pub reviewers: u8,
    /// The latest end that may be asked for.
    pub latest_end: Timestamp,
    /// The riskiest of the issues, at most twenty.
    pub first: Vec<PreviewIssue>,
}

/// How many issues have a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeverityCount {
    /// The severity.
    pub severity: Severity,
    /// How many.
    pub issues: u64,
}

/// An issue that would be hidden.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PreviewIssue {
    /// Its id.
    pub id: IssueKey,
    /// Its severity.
    pub severity: Severity,
    /// Its risk score.
    pub score: u32,
    /// What it is.
    pub title: Untrusted,
    /// Its asset's key.
    pub asset: Untrusted,
}

impl Preview {
    /// `hides 14 issues, 2 of them exposed`.
    #[must_use]
    pub fn words(&self) -> String {
        let issues = if self.issues == 1 { "issue" } else { "issues" };
        let exposed = match self.exposed {
            0 => "none of them known to be exposed".to_owned(),
            count => format!("{count} of them exposed"),
        };
        format!("hides {} {issues}, {exposed}", self.issues)
    }
}

impl PreviewIssue {
    fn of(issue: Issue) -> Self {
        Self {
            id: issue.key,
            severity: issue.severity,
            score: issue.risk.score,
            asset: Untrusted::from(issue.asset.id.key()),
            title: issue.title,
        }
    }
}

/// Some issues as they are now, the riskiest first: at most twenty of those that are there.
///
/// # Errors
/// When the store refuses.
pub fn issues_named(store: &Store, keys: &[IssueKey]) -> Result<Vec<PreviewIssue>, PipelineError> {
    let mut found = Vec::new();
    for key in keys {
        let row = store.issue_between(*key, *key)?.pop();
        if let Some(body) = row.and_then(|row| row.body) {
            found.push(PreviewIssue::of(read_issue(&body)?));
        }
    }
    found.sort_by_key(|issue| (Reverse(issue.score), issue.id));
    found.truncate(MOST_NAMED);
    Ok(found)
}

/// What an expression would hide now. Nothing is changed.
///
/// # Errors
/// When it cannot be read, or the store refuses.
pub fn exception_preview(
    store: &Store,
    limits: &Limits,
    scope: &str,
    now: Timestamp,
) -> Result<Preview, PipelineError> {
    let expression: Expression = scope
        .parse()
        .map_err(|fault| PipelineError::Refused(format!("the scope cannot be read: {fault}")))?;
    let matched = store.issue_match(&expression)?.issues;
    let hidden = store.suppression(now)?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let mut severities: BTreeMap<Severity, u64> = BTreeMap::new();
    for issue in &matched {
        *severities.entry(issue.severity).or_default() += 1;
    }
    let worst = severities.keys().next_back().copied();
    let risks = matched.iter().map(|issue| (Reverse(issue.score), issue.row));
    let mut first = Vec::new();
    for (Reverse(score), row) in least(risks, MOST_NAMED) {
        let Some(body) = store.issue_get(row)?.and_then(|row| row.body) else { continue };
        first.push(PreviewIssue { score, ..PreviewIssue::of(read_issue(&body)?) });
    }
    let told = severities.into_iter().rev();
    Ok(Preview {
        scope: expression.to_string(),
        issues: count(matched.len()),
        exposed: count(matched.iter().filter(|issue| issue.exposed).count()),
        hidden_already: count(matched.iter().filter(|issue| hidden.hides(issue.row)).count()),
        severities: told.map(|(severity, issues)| SeverityCount { severity, issues }).collect(),
        worst,
        reviewers: limits.reviewers(worst),
        latest_end: limits.latest(worst.unwrap_or(Severity::Informational), now),
        first,
    })
}

/// The least of some keys, in their order. Only so many are held, and only those are sorted.
fn least<K: Ord>(keys: impl Iterator<Item = K>, most: usize) -> Vec<K> {
    let mut held = BinaryHeap::with_capacity(most);
    for key in keys {
        if held.len() < most {
            held.push(key);
        } else if let Some(mut last) = held.peek_mut()
            && key < *last
        {
            *last = key;
        }
    }
    held.into_sorted_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_are_those_that_come_first_when_all_are_sorted(
            keys in prop::collection::vec((0_u32..50, any::<i64>()), 0..200),
            most in 0_usize..40,
        ) {
            let found = least(keys.iter().copied(), most);
            let mut sorted = keys;
            sorted.sort_unstable();
            sorted.truncate(most);
            prop_assert_eq!(found, sorted);
        }
    }
}
