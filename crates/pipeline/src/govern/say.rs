//! Saying something of a plan.

use quell_govern::approval::{Approvals, Blocked, Hash, Plan, Refusal, Said, Stand, Voter};
use quell_govern::{Person, Standing};
use quell_model::Timestamp;
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plans::{Known, PlanTold, Ruling, find_plan, plan_check, plan_told};
use crate::PipelineError;

/// What is said of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlanWord)]
pub enum Word {
    /// Yes.
    Approve,
    /// No, which decides.
    Refuse,
    /// Who asked for it takes it back.
    Withdraw,
    /// An admin does not wait for others.
    BreakGlass,
    /// Another person looks at what was done without waiting.
    Review,
}

/// What somebody says of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanSaying)]
pub struct Saying {
    /// What.
    pub word: Word,
    /// The hash of the plan that was looked at. Only a review and taking back need none.
    #[serde(default)]
    pub hash: Option<Hash>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: String,
    /// The id of the person in whose place it is said.
    #[serde(default)]
    pub for_whom: Option<String>,
}

/// What somebody may do whom nobody knows.
const NOBODY: Standing = Standing { role: String::new(), active: false, approves: false };

/// Says something of a plan. What time or a change has made void becomes so first.
///
/// # Errors
/// When there is no such plan, it cannot be said, or the store refuses.
pub fn plan_say(
    store: &mut Store,
    ruling: &Ruling,
    (id, saying): (&str, &Saying),
    (now, by): (Timestamp, &Person),
    known: Known<'_>,
) -> Result<PlanTold, PipelineError> {
    let id = find_plan(store, id)?;
    let not_found = || PipelineError::NotFound { kind: "plan", id: id.clone() };
    let row = store.plan_get(&id)?.ok_or_else(not_found)?;
    let checked = plan_check(store, ruling, (&row.0, &row.1), (now, known))?;
    let blocked = checked.err();
    if let Some(refused @ Blocked::Rules) = &blocked
        && saying.word == Word::BreakGlass
    {
        return Err(PipelineError::Refused(refused.to_string()));
    }
    let void = blocked.filter(Blocked::voids).map(|blocked| blocked.to_string());
    let delegations = store.delegation_list()?;
    let unreviewed = waits_for_review(store, by)?;
    let standing_of = |person: &Person| known(person, &row.0).unwrap_or(NOBODY);
    let standing = standing_of(by);
    let in_place = saying.for_whom.as_ref().map(|id| {
        let person = Person::new(id, id);
        let standing = standing_of(&person);
        (person, standing)
    });
    let said = store.plan_change((id.as_str(), by, now), |plan, approvals, lately| {
        if let Some(because) = &void
            && approvals.stand == Stand::Open
        {
            approvals.void(because);
            return Err(Refusal::Stands(Stand::Void.as_str()));
        }
        let voter = Voter {
            by,
            standing: &standing,
            for_whom: in_place.as_ref().map(|(person, standing)| (person, standing)),
            delegations: &delegations,
            lately,
            most_per_hour: ruling.most_per_hour.max(1),
        };
        say(plan, approvals, (&voter, unreviewed), (saying, now))
    })?;
    said.ok_or_else(not_found)?.map_err(|refusal| PipelineError::Refused(refusal.to_string()))?;
    let row = store.plan_get(&id)?.ok_or_else(not_found)?;
    plan_told(store, ruling, row, (now, known))
}

fn say(
    plan: &Plan,
    approvals: &mut Approvals,
    (voter, unreviewed): (&Voter<'_>, bool),
    (saying, now): (&Saying, Timestamp),
) -> Result<(), Refusal> {
    let hash = || saying.hash.as_ref().ok_or(Refusal::Changed);
    let note = saying.note.as_str();
    match saying.word {
        Word::Approve => approvals.vote(plan, voter, (Said::Approve, hash()?, note), now),
        Word::Refuse => approvals.vote(plan, voter, (Said::Refuse, hash()?, note), now),
        Word::Withdraw if plan.requested_by != *voter.by && voter.standing.role != "admin" => {
            Err(Refusal::Role { role: voter.standing.role.clone(), wanted: "admin".to_owned() })
        }
        Word::Withdraw => approvals.withdraw(voter.by),
        Word::BreakGlass => {
            let by = (voter.by, voter.standing, unreviewed);
            approvals.break_glass(plan, by, (hash()?, note), now)
        }
        Word::Review => approvals.review(plan, (voter.by, voter.standing), now),
    }
}

/// Whether what a person did without waiting has not been looked at yet.
///
/// # Errors
/// When the store refuses.
pub fn waits_for_review(store: &Store, by: &Person) -> Result<bool, PipelineError> {
    let own = |said: &Approvals| said.glass.as_ref().is_some_and(|glass| glass.by == *by);
    Ok(store.plan_unreviewed()?.iter().any(|(_, said)| own(said)))
}
