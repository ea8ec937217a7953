//! What the store knows of an incident's issues beyond its report.

use std::collections::HashMap;

use quell_correlate::Member;
use quell_model::{Issue, IssueKey};
use quell_report::IncidentStory;
use quell_store::Store;

use crate::PipelineError;
use crate::assess::{member, read_issue};

/// Issues that are looked at, riskiest first. The rest is counted.
pub(super) const MOST_ISSUES: usize = 24;
/// Issues in which something was seen, beyond those.
const MOST_SEEN: usize = 16;
/// Findings of one issue that are looked at.
const MOST_FINDINGS: usize = 32;

/// Issues of an incident with their findings. Without them a brief says what the report says.
#[derive(Debug, Default)]
pub struct Details(HashMap<String, Detail>);

/// An issue with its findings.
#[derive(Debug)]
pub(super) struct Detail {
    pub(super) issue: Issue,
    pub(super) members: Vec<Member>,
}

impl Details {
    /// Reads those that matter most: the riskiest, and those in which something was seen.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn read(store: &Store, story: &IncidentStory) -> Result<Self, PipelineError> {
        let riskiest = story.issues.iter().take(MOST_ISSUES).map(|issue| issue.id.clone());
        let events = story.incident.timeline.iter().flat_map(|timeline| &timeline.events);
        let seen = events.map(|event| event.issue.to_string()).take(MOST_SEEN * 4);
        let mut details = HashMap::new();
        for (number, id) in riskiest.chain(seen).enumerate() {
            let full = number >= MOST_ISSUES && details.len() >= MOST_ISSUES + MOST_SEEN;
            if full || details.contains_key(&id) {
                continue;
            }
            if let Some(detail) = detail(store, &id)? {
                details.insert(id, detail);
            }
        }
        Ok(Self(details))
    }

    /// The same of issues that are in memory.
    pub(crate) fn of(issues: impl Iterator<Item = (Issue, Vec<Member>)>) -> Self {
        let detail = |(issue, mut members): (Issue, Vec<Member>)| {
            members.truncate(MOST_FINDINGS);
            (issue.key.to_string(), Detail { issue, members })
        };
        Self(issues.map(detail).collect())
    }

    pub(super) fn get(&self, issue: &str) -> Option<&Detail> {
        self.0.get(issue)
    }

    /// A finding, by its issue and its id.
    pub(super) fn finding(&self, issue: &str, id: &str) -> Option<&Member> {
        self.get(issue)?.members.iter().find(|member| member.key.to_string() == id)
    }
}

fn detail(store: &Store, id: &str) -> Result<Option<Detail>, PipelineError> {
    let Ok(key) = id.parse::<IssueKey>() else { return Ok(None) };
    let Some(row) = store.issue_between(key, key)?.pop() else { return Ok(None) };
    let Some(body) = &row.body else { return Ok(None) };
    let issue = read_issue(body)?;
    let rows = store.finding_list(row.id)?;
    let members = rows.iter().take(MOST_FINDINGS).map(member).collect::<Result<_, _>>()?;
    Ok(Some(Detail { issue, members }))
}
