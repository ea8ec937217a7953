//! Whether a plan may be carried out now. Everything is asked again: who agreed may have lost
//! their right, and what is changed may have changed.

use std::collections::BTreeSet;

use quell_model::Timestamp;

use super::plan::{Hash, Plan};
use super::vote::{Approvals, Delegation, Said, Stand, Vote};
use crate::phase::Outcome;
use crate::{Person, Standing};

/// What is known at the moment at which a plan would be carried out.
pub struct Situation<'a> {
    /// Now.
    pub now: Timestamp,
    /// The hash of what would be changed, as it is now.
    pub target: &'a Hash,
    /// What a person may do now; none where nobody knows them.
    pub standing: &'a dyn Fn(&Person) -> Option<Standing>,
    /// All delegations.
    pub delegations: &'a [Delegation],
    /// How many people have to agree by the rules that hold now. The plan's own words count too:
    /// the stricter ones do.
    pub people: u8,
    /// With which roles by the rules that hold now; none named asks for none.
    pub roles: &'a [String],
    /// What rules make of it, judged now. What they refuse nobody's word lets through.
    pub rules: Outcome,
}

impl std::fmt::Debug for Situation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Situation").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Leave to carry out one plan, once. Only [`may_execute`] makes it, and it cannot be copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    plan: String,
    hash: Hash,
    without_waiting: bool,
}

impl Permit {
    /// The plan's id.
    #[must_use]
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// The hash of what may be done.
    #[must_use]
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Whether somebody did not wait for others: an alarm is due.
    #[must_use]
    pub const fn is_without_waiting(&self) -> bool {
        self.without_waiting
    }

    /// Notes with what was said of the plan that it is carried out, which uses the permit up.
    pub fn note(self, approvals: &mut Approvals, now: Timestamp) {
        approvals.stand = Stand::Executed;
        approvals.executed_at = Some(now);
    }
}

/// Why a plan may not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// It is decided otherwise, or was carried out.
    #[error("the plan is {0}")]
    Stands(&'static str),
    /// Its time is over, or has not come by this clock.
    #[error("the plan's time is over")]
    Over,
    /// It has no canonical form.
    #[error("the plan cannot be hashed")]
    Hash,
    /// What would be changed is not what it was.
    #[error("what the plan changes has changed since it was made")]
    Target,
    /// The rules that hold now refuse it.
    #[error("the rules that hold now refuse it; `quell policy explain` tells why")]
    Rules,
    /// Not enough people agree who may.
    #[error("{agree} of {needed} people agree who may now")]
    Quorum {
        /// So many do.
        agree: usize,
        /// So many have to.
        needed: u8,
    },
}

impl Blocked {
    /// Whether it can never be carried out any more, so that it is void.
    #[must_use]
    pub const fn voids(&self) -> bool {
        matches!(self, Self::Over | Self::Target | Self::Hash)
    }
}

/// Whether a plan may be carried out now.
///
/// # Errors
/// When it is decided, over or changed, what it changes has changed, rules refuse it by now, or not
/// enough people agree who still may.
pub fn may_execute(
    plan: &Plan,
    approvals: &Approvals,
    situation: &Situation<'_>,
) -> Result<Permit, Blocked> {
    if approvals.stand != Stand::Open {
        return Err(Blocked::Stands(approvals.stand.as_str()));
    }
    if situation.now >= plan.expires_at || situation.now < plan.requested_at {
        return Err(Blocked::Over);
    }
    let hash = plan.hash().map_err(|_| Blocked::Hash)?;
    if plan.before != *situation.target {
        return Err(Blocked::Target);
    }
    let permit =
        |without_waiting| Permit { plan: plan.id.clone(), hash: hash.clone(), without_waiting };
    match situation.rules {
        Outcome::Refused => return Err(Blocked::Rules),
        Outcome::Runs => return Ok(permit(false)),
        Outcome::Waits => {}
    }
    let needed = plan.quorum.people.max(situation.people).max(1);
    let agree = agreeing(plan, approvals, &hash, situation);
    if agree >= usize::from(needed) {
        return Ok(permit(false));
    }
    if is_broken(approvals, &hash, situation) {
        return Ok(permit(true));
    }
    Err(Blocked::Quorum { agree, needed })
}

/// How many different people agree to these bytes and may do so now. Whoever speaks for another
/// counts once, and so does the one in whose place they speak.
fn agreeing(plan: &Plan, approvals: &Approvals, hash: &Hash, situation: &Situation<'_>) -> usize {
    let mut counted: BTreeSet<&str> = BTreeSet::new();
    let mut agree = 0;
    for vote in &approvals.votes {
        let for_whom = vote.for_whom.as_ref().unwrap_or(&vote.by);
        let is_new =
            !counted.contains(vote.by.id.as_str()) && !counted.contains(for_whom.id.as_str());
        if is_new && counts(plan, vote, hash, situation) {
            counted.insert(&vote.by.id);
            counted.insert(&for_whom.id);
            agree += 1;
        }
    }
    agree
}

fn counts(plan: &Plan, vote: &Vote, hash: &Hash, situation: &Situation<'_>) -> bool {
    let for_whom = vote.for_whom.as_ref().unwrap_or(&vote.by);
    let standing = situation.standing;
    let is_active = standing(&vote.by).is_some_and(|standing| standing.active);
    let takes = |role: &String| situation.roles.is_empty() || situation.roles.contains(role);
    let may_agree = standing(for_whom).is_some_and(|standing| {
        standing.active
            && standing.approves
            && plan.quorum.takes(&standing.role)
            && takes(&standing.role)
    });
    let is_given = vote.for_whom.is_none()
        || situation
            .delegations
            .iter()
            .any(|one| one.holds_at(situation.now) && one.from == *for_whom && one.to == vote.by);
    vote.said == Said::Approve
        && vote.hash == *hash
        && vote.at >= plan.requested_at
        && vote.by != plan.requested_by
        && *for_whom != plan.requested_by
        && is_active
        && may_agree
        && is_given
}

fn is_broken(approvals: &Approvals, hash: &Hash, situation: &Situation<'_>) -> bool {
    approvals.glass.as_ref().is_some_and(|glass| {
        let standing = (situation.standing)(&glass.by);
        glass.hash == *hash
            && !glass.reason.trim().is_empty()
            && standing.is_some_and(|standing| {
                standing.active && standing.approves && standing.role == "admin"
            })
    })
}
