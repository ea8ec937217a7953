//! What was written for people of an incident or a fix: each part with who wrote it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Claim, Untrusted};

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The rules and the catalogue.
    Rules,
    /// A language model; each sentence was held against the records that it cites.
    Model,
}

/// Why the rules speak where a model could have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "why", content = "said")]
pub enum Why {
    /// No model is configured for the task.
    NotConfigured,
    /// Nobody asked for a model's words, and none were kept.
    NotAsked,
    /// A budget has nothing left, with which.
    OverBudget(String),
    /// It would be too many calls at a time, or the provider asked to wait.
    Busy(String),
    /// The provider could not be reached, or failed.
    Down(String),
    /// The answer took too long.
    Slow,
    /// The model, or the provider's filter, refused.
    Refused(String),
    /// The answer was not of the shape that was asked for, or broke off.
    Unfit(String),
    /// Too little of the answer rested on the records.
    Guard,
}

impl Why {
    /// A word for a counter.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::NotAsked => "not_asked",
            Self::OverBudget(_) => "over_budget",
            Self::Busy(_) => "busy",
            Self::Down(_) => "down",
            Self::Slow => "slow",
            Self::Refused(_) => "refused",
            Self::Unfit(_) => "unfit",
            Self::Guard => "guard",
        }
    }

    /// The same as a sentence.
    #[must_use]
    pub fn text(&self) -> String {
        let plain = match self {
            Self::NotConfigured => "no model is configured for this",
            Self::NotAsked => "no model was asked",
            Self::OverBudget(which) => return format!("the budget is used up: {which}"),
            Self::Busy(said) => return format!("the model has no room now: {said}"),
            Self::Down(said) => return format!("the model did not answer: {said}"),
            Self::Slow => "the model took too long",
            Self::Refused(said) => return format!("the model refused: {said}"),
            Self::Unfit(said) => return format!("the model's answer is not usable: {said}"),
            Self::Guard => "too little of the model's answer rests on the records",
        };
        plain.to_owned()
    }
}

/// A sentence that was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dropped {
    /// The part it stood in.
    pub part: String,
    /// What it said.
    pub text: Untrusted,
    /// Why it was dropped, as a word.
    pub reason: String,
    /// What exactly, where that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Untrusted>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenPart {
    /// Its name.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// Who wrote it.
    pub by: By,
    /// Its sentences, each with the records it rests on.
    pub sentences: Vec<Claim>,
    /// The word that was chosen, where it is a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// The task.
    pub task: String,
    /// Its version.
    pub version: u32,
    /// Who wrote most of it: a model as soon as one part is a model's.
    pub by: By,
    /// Why no part is a model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Why>,
    /// The parts that have something to say, in their order.
    pub parts: Vec<WrittenPart>,
    /// Texts of which code makes something, by their name. They are a model's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<(String, Untrusted)>,
    /// What the guard dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

impl Written {
    /// The part of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&WrittenPart> {
        self.parts.iter().find(|part| part.name == name)
    }
}

/// What came of a task, and of the call where one was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// What was written.
    #[serde(flatten)]
    pub written: Written,
    /// The call, or the kept answer, where a model was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// Whether the answer was kept from an earlier call.
    pub kept: bool,
    /// Tokens of the input.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// What it cost, in millionths, where a price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<u64>,
}
