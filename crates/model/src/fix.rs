//! A change that closes issues, with the proof that it does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Claim, Impact, IssueKey, Made};

/// A change to a repository that closes issues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// Short stable id, made from the recipe and the block.
    pub id: String,
    /// The control it satisfies.
    pub control: String,
    /// The recipe that made it.
    pub recipe: String,
    /// One line for people.
    pub title: String,
    /// Issues it closes.
    pub closes: Vec<IssueKey>,
    /// Offered with its proof, or withheld with the reason.
    pub state: FixState,
    /// Whether a person must agree before it is applied.
    pub safety: Safety,
    /// The file it changes, below the repository.
    pub file: String,
    /// The block it changes (`aws_s3_bucket.logs`).
    pub address: String,
    /// Other files that it changes with that one, all or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    /// Unified diff; empty where the fix is withheld before one could be made.
    pub diff: String,
    /// What was checked, in order.
    pub proof: Vec<Proof>,
    /// What it may break, one sentence each.
    pub may_break: Vec<String>,
    /// What applying it does, and how to go back.
    #[serde(default)]
    pub impact: Impact,
    /// Where a language model wrote the change: its words, and the change as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Box<WrittenFix>>,
}

/// What a language model wrote: one text of a block, and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFix {
    /// The task that it was asked for.
    pub task: String,
    /// The task's version.
    pub version: u32,
    /// The call, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// What it says about the change, each sentence with the records it rests on.
    pub why: Vec<Claim>,
    /// A part of the block, as it stands there once.
    pub before: String,
    /// What stands there instead.
    pub after: String,
}

impl Fix {
    /// How much thought it takes, by rule: what is not proved is for reading only; what may
    /// break something, or is known to change more than settings, or what a model wrote, needs
    /// approval; `Safe` is left for what the recipe calls safe and nothing speaks against.
    #[must_use]
    pub fn grade(&self) -> Safety {
        let has_harm = !self.may_break.is_empty() || !self.impact.effects.is_empty();
        match (&self.state, self.safety) {
            (FixState::Withheld(_), _) | (FixState::Proved, Safety::DisplayOnly) => {
                Safety::DisplayOnly
            }
            (FixState::Proved, Safety::Safe) if !has_harm && self.written.is_none() => Safety::Safe,
            (FixState::Proved, Safety::Safe | Safety::NeedsApproval) => Safety::NeedsApproval,
        }
    }
}

/// Whether a fix is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum FixState {
    /// Every check of the proof holds.
    Proved,
    /// Not offered; the sentence says why and what a person must decide.
    Withheld(String),
}

/// How much thought applying a fix takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Changes nothing that a running system can notice.
    Safe,
    /// May interrupt, cost money or change who gets in: a person decides.
    NeedsApproval,
    /// Is not proved: it is shown, and nothing applies it.
    DisplayOnly,
}

/// One check of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// What was checked.
    pub check: ProofCheck,
    /// What came out.
    pub verdict: Verdict,
    /// What was seen, as one sentence.
    pub detail: String,
}

/// The checks of a proof, in the order they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofCheck {
    /// The file parses before the change.
    ParsesBefore,
    /// The control's predicate failed before the change.
    FailedBefore,
    /// The file parses after the change.
    ParsesAfter,
    /// The control's predicate holds after the change, on the resolved configuration.
    HoldsAfter,
    /// Nothing was deleted, disabled or silenced by a skip comment.
    NotSilenced,
    /// Every predicate that held on the block before still holds.
    NothingWorse,
    /// What a change of rights allows after was allowed before; only where rights change.
    Narrows,
    /// A change that a model wrote touches what the control speaks of and brings in nothing that
    /// runs, nobody who may do something and nothing from elsewhere; only for such a change.
    Confined,
    /// A value that the code does not give was asked of who knows it; only where one was.
    LookedUp,
    /// Only the block, or a new companion block, changed.
    OnlyTheBlock,
    /// Making the fix again changes nothing.
    Idempotent,
    /// The policies that come with Quell, and the user's own, accept it.
    PoliciesAccept,
}

/// What came out of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be decided, which counts as not proved.
    Unknown,
}
