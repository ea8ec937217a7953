//! What a person says of an issue. It is shown beside what the tools say, and closes nothing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Date, Timestamp, Untrusted};

/// How an issue is marked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// The tools are wrong: there is no such fault.
    FalsePositive,
    /// The fault is there, and somebody answers for leaving it.
    Accepted,
    /// Somebody works on it.
    InProgress,
}

impl MarkKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::FalsePositive, Self::Accepted, Self::InProgress];

    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FalsePositive => "false_positive",
            Self::Accepted => "accepted",
            Self::InProgress => "in_progress",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a person says of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mark {
    /// How it is marked.
    #[serde(rename = "as")]
    pub kind: MarkKind,
    /// Why.
    pub reason: Untrusted,
    /// The last day on which it holds; without one it holds until somebody takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// When it was marked.
    pub at: Timestamp,
    /// Who did.
    pub by: Untrusted,
    /// Whether its last day is over: then it is shown, and counts as not marked.
    pub ended: bool,
}

impl Mark {
    /// Whether it says that nothing is to be done.
    #[must_use]
    pub const fn excuses(&self) -> bool {
        !self.ended && matches!(self.kind, MarkKind::FalsePositive | MarkKind::Accepted)
    }
}
