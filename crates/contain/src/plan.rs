//! An action as a plan that people agree to, and the leave to carry it out once.

use std::collections::BTreeMap;

use quell_govern::Person;
use quell_govern::approval::{Approvals, Evidence, Hash, Permit, Plan, Quorum};
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::draft::Shown;
use crate::error::ContainError;
use crate::state::{Before, Reading, Stands, State};

/// What a plan says beside the action.
#[derive(Debug, Clone)]
pub struct About {
    /// The plan's id.
    pub id: String,
    /// Whose data it is about.
    pub tenant: String,
    /// The environment of the target, where it is known.
    pub environment: Option<String>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// By which versions of the program it was made.
    pub versions: BTreeMap<String, String>,
    /// Who has to agree.
    pub quorum: Quorum,
    /// The rule that says so.
    pub rule: Option<String>,
    /// Who asks for it.
    pub requested_by: Person,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it is void.
    pub expires_at: Timestamp,
}

/// What is agreed to: the action, both states, and every request in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    action: Action,
    before: State,
    after: State,
    requests: Vec<Shown>,
}

impl Parameters {
    /// All of it follows from the action and the state before.
    fn of(action: &Action, before: &State) -> Result<Self, ContainError> {
        let unit = action.unit();
        let after = unit.after(before)?;
        let steps = unit.steps(&Reading::new(before.clone()), &after)?;
        Ok(Self {
            action: action.clone(),
            before: before.clone(),
            requests: steps.iter().map(crate::draft::Draft::shown).collect(),
            after,
        })
    }

    fn diff(&self) -> String {
        self.before.diff(&self.after)
    }
}

/// The plan for an action.
///
/// # Errors
/// The action does not fit what stands there, or it is contained already.
pub fn plan(action: &Action, before: &Before, about: About) -> Result<Plan, ContainError> {
    let parameters = Parameters::of(action, &before.state)?;
    if parameters.after == before.state {
        return Err(ContainError::AlreadySo);
    }
    action.unit().fits(about.expires_at)?;
    let value = serde_json::to_value(&parameters)
        .map_err(|error| ContainError::shape("parameters", error))?;
    Ok(Plan {
        id: about.id,
        kind: action.kind(),
        tenant: about.tenant,
        title: action.unit().title(),
        target: action.target(),
        account: action.unit().account(),
        environment: about.environment,
        parameters: value,
        diff: parameters.diff(),
        evidence: about.evidence,
        versions: about.versions,
        before: before.state.hash()?,
        quorum: about.quorum,
        rule: about.rule,
        requested_by: about.requested_by,
        requested_at: about.requested_at,
        expires_at: about.expires_at,
    })
}

/// An approved plan that has not been carried out. It is made from a permit, which it uses up, and
/// cannot be copied; carrying it out uses it up.
#[derive(Debug)]
pub struct Approved {
    pub(crate) plan: String,
    pub(crate) action: Action,
    pub(crate) before: State,
    pub(crate) after: State,
    hash: Hash,
}

impl Approved {
    /// Uses up the permit: notes with what was said of the plan that it is carried out, and gives
    /// what carries it out. The notes and [`Approved::rollback`] are to be kept before that is done.
    ///
    /// # Errors
    /// The permit is for another plan, or the plan is not what this program would do.
    pub fn take(
        plan: &Plan,
        permit: Permit,
        approvals: &mut Approvals,
        now: Timestamp,
    ) -> Result<Self, ContainError> {
        let not = ContainError::NotApproved;
        let hash = plan.hash()?;
        if permit.plan() != plan.id || *permit.hash() != hash {
            return Err(not("the permit is for another plan"));
        }
        let given: Parameters = serde_json::from_value(plan.parameters.clone())
            .map_err(|_| not("its parameters are none of a containment"))?;
        let own = Parameters::of(&given.action, &given.before)?;
        let shown_right = plan.kind == own.action.kind()
            && plan.title == own.action.unit().title()
            && plan.target == own.action.target()
            && plan.account == own.action.unit().account()
            && plan.diff == own.diff()
            && plan.before == own.before.hash()?;
        if given != own || !shown_right {
            return Err(not("the plan is not what this program would do; ask for a new one"));
        }
        own.action.unit().fits(plan.expires_at)?;
        permit.note(approvals, now);
        let Parameters { action, before, after, .. } = own;
        Ok(Self { plan: plan.id.clone(), action, before, after, hash })
    }

    /// How it is undone.
    #[must_use]
    pub fn rollback(&self) -> Rollback {
        Rollback {
            plan: self.plan.clone(),
            hash: self.hash.clone(),
            action: self.action.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
        }
    }
}

/// How an action is undone. It follows from the plan alone, so it can be kept before anything is
/// done, and it is good whether all, half or nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The plan that was carried out.
    pub plan: String,
    /// Its hash.
    pub hash: Hash,
    /// What was done.
    pub action: Action,
    /// What stood there before.
    pub before: State,
    /// What stands there afterwards.
    pub after: State,
}

impl Rollback {
    /// The requests that would undo all of it, in their order.
    ///
    /// # Errors
    /// There is no way back by the API.
    pub fn requests(&self) -> Result<Vec<Shown>, ContainError> {
        let steps = self.action.unit().steps(&Reading::new(self.after.clone()), &self.before)?;
        Ok(steps.iter().map(crate::draft::Draft::shown).collect())
    }

    pub(crate) fn stands(&self, now: &State) -> Stands {
        now.stands(&self.before, &self.after)
    }
}
