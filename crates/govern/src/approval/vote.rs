//! What people say of a plan.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::{Hash, Plan};
use crate::{Person, Standing};

/// Longest note or reason.
const MOST_TEXT_BYTES: usize = 2000;
/// How long a cap on votes looks back.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VoteSaid)]
pub enum Said {
    /// Do it.
    Approve,
    /// Do not.
    Refuse,
}

/// What one person said of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanVote)]
pub struct Vote {
    /// Who.
    pub by: Person,
    /// In whose place; none where they spoke for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_whom: Option<Person>,
    /// Yes or no.
    pub said: Said,
    /// To what: the hash of the plan.
    pub hash: Hash,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One person speaks in another's place until a moment. Who speaks for another cannot pass that
/// on, so there is no chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanDelegation)]
pub struct Delegation {
    /// In whose place.
    pub from: Person,
    /// Who speaks.
    pub to: Person,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Delegation {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.from != self.to && self.since <= now && now < self.until
    }
}

/// Somebody did not wait for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanGlass)]
pub struct Glass {
    /// Who.
    pub by: Person,
    /// Why.
    pub reason: String,
    /// To what: the hash of the plan.
    pub hash: Hash,
    /// When.
    pub at: Timestamp,
    /// Who looked at it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<Person>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
}

/// Where a plan stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlanStand)]
pub enum Stand {
    /// People may speak.
    Open,
    /// Somebody said no.
    Refused,
    /// It was taken back.
    Withdrawn,
    /// What it is about has changed, or its time was over.
    Void,
    /// It was carried out.
    Executed,
}

impl Stand {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Void => "void",
            Self::Executed => "executed",
        }
    }
}

/// All that was said of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanApprovals)]
pub struct Approvals {
    /// Where the plan stands.
    pub stand: Stand,
    /// Why it is void or refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What people said, the oldest first.
    pub votes: Vec<Vote>,
    /// Whether somebody did not wait for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Glass>,
    /// When it was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed_at: Option<Timestamp>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            stand: Stand::Open,
            because: String::new(),
            votes: Vec::new(),
            glass: None,
            executed_at: None,
        }
    }
}

/// Why somebody cannot say that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is decided.
    #[error("the plan is {0}")]
    Stands(&'static str),
    /// What was looked at is not what is there.
    #[error("the plan is another one than was looked at; look again")]
    Changed,
    /// Its time is over.
    #[error("the plan's time is over; ask for a new one")]
    Over,
    /// They ask for it themselves.
    #[error("who asks for a plan does not agree to it, nor does anybody in their place")]
    Own,
    /// Their role may not.
    #[error("the role `{role}` may not agree to this plan; it takes one of {wanted}")]
    Role {
        /// Theirs.
        role: String,
        /// Those that may.
        wanted: String,
    },
    /// Who keeps rights does not let them approve there.
    #[error("you may not approve what this plan changes; `quell access explain` tells why")]
    Forbidden,
    /// They may do nothing any more.
    #[error("you may do nothing any more")]
    Inactive,
    /// They spoke already.
    #[error("you have spoken already, for yourself or for somebody else")]
    Again,
    /// Nobody gave them their place.
    #[error("nobody lets you speak in their place now")]
    NoDelegation,
    /// They agreed to too much in an hour.
    #[error("you have agreed to {0} plans within an hour; no more until later")]
    Cap(u32),
    /// A text is missing or too long.
    #[error("say why, in at most {MOST_TEXT_BYTES} bytes")]
    Reason,
    /// Somebody who did not wait for others has not been looked at yet.
    #[error("what was done without waiting has to be reviewed by somebody else first")]
    Unreviewed,
}

/// Who speaks, and what is known of them at this moment.
#[derive(Debug, Clone)]
pub struct Voter<'a> {
    /// Who.
    pub by: &'a Person,
    /// What they may do.
    pub standing: &'a Standing,
    /// In whose place, and what those may do.
    pub for_whom: Option<(&'a Person, &'a Standing)>,
    /// All delegations.
    pub delegations: &'a [Delegation],
    /// When they agreed to plans lately.
    pub lately: &'a [Timestamp],
    /// How often they may in an hour.
    pub most_per_hour: u32,
}

fn may_agree(plan: &Plan, standing: &Standing) -> Result<(), Refusal> {
    if !standing.active {
        return Err(Refusal::Inactive);
    }
    if !standing.approves {
        return Err(Refusal::Forbidden);
    }
    if plan.quorum.takes(&standing.role) {
        return Ok(());
    }
    Err(Refusal::Role { role: standing.role.clone(), wanted: plan.quorum.words() })
}

fn reason(text: &str) -> Result<(), Refusal> {
    let fits = !text.trim().is_empty() && text.len() <= MOST_TEXT_BYTES;
    fits.then_some(()).ok_or(Refusal::Reason)
}

impl Approvals {
    fn open(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        if self.stand != Stand::Open {
            return Err(Refusal::Stands(self.stand.as_str()));
        }
        if now >= plan.expires_at || now < plan.requested_at {
            return Err(Refusal::Over);
        }
        Ok(())
    }

    /// Somebody says yes or no to the plan with this hash. A no decides.
    ///
    /// # Errors
    /// When the plan is decided, over or another one, or they may not say that.
    pub fn vote(
        &mut self,
        plan: &Plan,
        voter: &Voter<'_>,
        (said, hash, note): (Said, &Hash, &str),
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.open(plan, now)?;
        if plan.hash().as_ref() != Ok(hash) {
            return Err(Refusal::Changed);
        }
        let own = &plan.requested_by;
        if voter.by == own || voter.for_whom.is_some_and(|(person, _)| person == own) {
            return Err(Refusal::Own);
        }
        self.check_voter(plan, voter, now)?;
        match said {
            Said::Approve => check_cap(voter, now)?,
            Said::Refuse => reason(note)?,
        }
        if note.len() > MOST_TEXT_BYTES {
            return Err(Refusal::Reason);
        }
        self.votes.push(Vote {
            by: voter.by.clone(),
            for_whom: voter.for_whom.map(|(person, _)| person.clone()),
            said,
            hash: hash.clone(),
            at: now,
            note: note.to_owned(),
        });
        if said == Said::Refuse {
            self.stand = Stand::Refused;
            self.because = note.to_owned();
        }
        Ok(())
    }

    fn check_voter(&self, plan: &Plan, voter: &Voter<'_>, now: Timestamp) -> Result<(), Refusal> {
        if !voter.standing.active {
            return Err(Refusal::Inactive);
        }
        match voter.for_whom {
            None => may_agree(plan, voter.standing)?,
            Some((person, standing)) => {
                let is_given = |one: &Delegation| {
                    one.holds_at(now) && one.from == *person && one.to == *voter.by
                };
                if !voter.delegations.iter().any(is_given) {
                    return Err(Refusal::NoDelegation);
                }
                may_agree(plan, standing)?;
            }
        }
        let principal = voter.for_whom.map_or(voter.by, |(person, _)| person);
        let has_spoken = self.votes.iter().any(|vote| {
            let spoke_for = vote.for_whom.as_ref().unwrap_or(&vote.by);
            [&vote.by, spoke_for].into_iter().any(|one| one == voter.by || one == principal)
        });
        if has_spoken { Err(Refusal::Again) } else { Ok(()) }
    }

    /// Who asks for it, or an admin, takes it back.
    ///
    /// # Errors
    /// When it is decided.
    pub fn withdraw(&mut self, by: &Person) -> Result<(), Refusal> {
        if self.stand != Stand::Open {
            return Err(Refusal::Stands(self.stand.as_str()));
        }
        self.stand = Stand::Withdrawn;
        self.because = format!("taken back by {}", by.name);
        Ok(())
    }

    /// What it is about has changed. What was said of it counts no more.
    pub fn void(&mut self, because: &str) {
        if self.stand == Stand::Open {
            self.stand = Stand::Void;
            self.because = because.to_owned();
        }
    }

    /// Nothing was done with the permit that was used up: the plan stands open again, and all is
    /// asked again before anything is.
    pub fn give_back(&mut self) {
        if self.stand == Stand::Executed {
            self.stand = Stand::Open;
            self.executed_at = None;
        }
    }

    /// Somebody does not wait for others, and says why. They are to be an admin; another person
    /// looks at it afterwards. `unreviewed` says whether an earlier one of theirs waits for that.
    ///
    /// # Errors
    /// When the plan is decided, over or another one, or they may not.
    pub fn break_glass(
        &mut self,
        plan: &Plan,
        (by, standing, unreviewed): (&Person, &Standing, bool),
        (hash, why): (&Hash, &str),
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.open(plan, now)?;
        if plan.hash().as_ref() != Ok(hash) {
            return Err(Refusal::Changed);
        }
        if !standing.active {
            return Err(Refusal::Inactive);
        }
        if standing.role != "admin" {
            return Err(Refusal::Role { role: standing.role.clone(), wanted: "admin".to_owned() });
        }
        if !standing.approves {
            return Err(Refusal::Forbidden);
        }
        if unreviewed || self.glass.is_some() {
            return Err(Refusal::Unreviewed);
        }
        reason(why)?;
        self.glass = Some(Glass {
            by: by.clone(),
            reason: why.to_owned(),
            hash: hash.clone(),
            at: now,
            reviewed_by: None,
            reviewed_at: None,
        });
        Ok(())
    }

    /// Another person looks at what was done without waiting: one who might have agreed to it.
    ///
    /// # Errors
    /// When nothing was, it was looked at, they may not, or they did it or asked for it themselves.
    pub fn review(
        &mut self,
        plan: &Plan,
        (by, standing): (&Person, &Standing),
        now: Timestamp,
    ) -> Result<(), Refusal> {
        may_agree(plan, standing)?;
        let Some(glass) = self.glass.as_mut().filter(|glass| glass.reviewed_by.is_none()) else {
            return Err(Refusal::Stands(self.stand.as_str()));
        };
        if glass.by == *by || plan.requested_by == *by {
            return Err(Refusal::Own);
        }
        glass.reviewed_by = Some(by.clone());
        glass.reviewed_at = Some(now);
        Ok(())
    }
}

fn check_cap(voter: &Voter<'_>, now: Timestamp) -> Result<(), Refusal> {
    let lately = voter.lately.iter().filter(|at| now.duration_since(**at) < HOUR);
    let most = voter.most_per_hour;
    if lately.count() >= usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Refusal::Cap(most));
    }
    Ok(())
}
