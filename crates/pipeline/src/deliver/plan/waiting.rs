//! Plans that wait for people: what those who ask at once and those who remind go by.

use quell_govern::approval::{Approvals, Plan, Said, Stand};
use quell_model::Issue;
use quell_store::Store;

use crate::PipelineError;
use crate::assess::read_issue;
use crate::govern::plan_issues;

/// Whether a plan waits for people, by what was said of it.
pub(in crate::deliver) fn waits(plan: &Plan, approvals: &Approvals) -> bool {
    let agreed = approvals.votes.iter().filter(|vote| vote.said == Said::Approve).count();
    approvals.stand == Stand::Open
        && approvals.glass.is_none()
        && agreed < usize::from(plan.quorum.people)
}

/// The issues that a plan names.
pub(super) fn issues_of(store: &Store, plan: &Plan) -> Result<Vec<Issue>, PipelineError> {
    let mut issues = Vec::new();
    for key in plan_issues(&plan.evidence) {
        let row = store.issue_between(key, key)?.pop();
        if let Some(body) = row.and_then(|row| row.body) {
            issues.push(read_issue(&body)?);
        }
    }
    Ok(issues)
}
