//! Containments as people see them.

use quell_contain::{Action, DryRun, Judge, Shown};
use quell_govern::Person;
use quell_govern::approval::Plan;
use quell_govern::phase::Verdict;
use quell_model::{Timestamp, shown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::row::{Containment, Stage, Undo};
use crate::govern::PlanTold;

/// A request as it would be sent, without its login.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ContainmentCall)]
pub struct CallTold {
    /// The platform's service.
    pub service: String,
    /// Method, path and query.
    pub call: String,
    /// Headers beside those of the login.
    pub headers: Vec<String>,
    /// The body. What is read just before it is sent stands as `{name}`.
    pub body: String,
}

impl CallTold {
    fn of(shown_call: &Shown) -> Self {
        Self {
            service: shown_call.service.clone(),
            call: shown(&shown_call.call, false),
            headers: shown_call.headers.iter().map(|one| shown(one, false)).collect(),
            body: shown(&shown_call.body, true),
        }
    }
}

/// What would be done now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ContainmentTried)]
pub struct TriedTold {
    /// Who judged that it would work: `platform`, which was asked to try it, or `quell`.
    pub judge: String,
    /// What changes.
    pub diff: String,
    /// Every request.
    pub requests: Vec<CallTold>,
    /// What it does not stop, and what breaks.
    pub cautions: Vec<String>,
}

impl TriedTold {
    /// A dry run as people see it.
    #[must_use]
    pub fn of(action: &Action, dry_run: &DryRun) -> Self {
        Self {
            judge: judge(dry_run.judge == Judge::Platform).to_owned(),
            diff: shown(&dry_run.diff, true),
            requests: dry_run.requests.iter().map(CallTold::of).collect(),
            cautions: action.cautions().iter().map(|one| (*one).to_owned()).collect(),
        }
    }
}

const fn judge(there: bool) -> &'static str {
    if there { "platform" } else { "quell" }
}

/// A containment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Containment)]
pub struct ContainmentTold {
    /// The id of its plan, which is its own.
    pub id: String,
    /// How far it is.
    pub stage: Stage,
    /// Since when, or from when on something is done about it.
    pub at: Timestamp,
    /// The kind of action.
    pub kind: String,
    /// One line.
    pub title: String,
    /// What it changes.
    pub target: String,
    /// The login that acts, by its name in the configuration.
    pub place: String,
    /// The incident for which it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Who judged its dry run: `platform` or `quell`.
    pub judge: String,
    /// Who asked for it.
    pub requested_by: Person,
    /// When the target was first to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// What was said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whether it can be undone now.
    pub can_be_undone: bool,
    /// The requests that would undo all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way_back: Vec<CallTold>,
    /// Who has it undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// What people agree to, where one containment is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanTold>,
}

/// What became of asking for one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ContainmentAsked {
    /// What rules say.
    pub verdict: Verdict,
    /// What would be done, unless rules refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<TriedTold>,
    /// The containment, unless it was only tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containment: Option<ContainmentTold>,
}

/// A containment as people see it.
#[must_use]
pub fn containment_told(
    kept: &Containment,
    plan: &Plan,
    told: Option<PlanTold>,
) -> ContainmentTold {
    let line = |text: &str| shown(text, false);
    let requests = kept.rollback.as_ref().and_then(|rollback| rollback.requests().ok());
    ContainmentTold {
        id: kept.plan.clone(),
        stage: kept.stage,
        at: kept.at,
        kind: line(&plan.kind),
        title: line(&plan.title),
        target: line(&plan.target),
        place: kept.place.clone(),
        incident: kept.incident.clone(),
        judge: judge(kept.tried_there).to_owned(),
        requested_by: plan.requested_by.clone(),
        begun: kept.begun,
        said: kept.said.as_deref().map(line),
        can_be_undone: kept.can_be_undone(),
        way_back: requests.unwrap_or_default().iter().map(CallTold::of).collect(),
        undo: kept.undo.clone(),
        plan: told,
    }
}
