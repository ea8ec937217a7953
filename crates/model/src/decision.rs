//! What to do about an issue or an incident, as one word, and by when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to do. The rules are in `docs/risk.md`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Likely noise: look at it when there is nothing else to do.
    Noise,
    /// No work now; look again when something about it changes.
    Watch,
    /// Within its due time, in the normal course of work.
    Plan,
    /// Now.
    Act,
}

impl Decision {
    /// All decisions, most urgent first.
    pub const ALL: [Self; 4] = [Self::Act, Self::Plan, Self::Watch, Self::Noise];

    /// The word used in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Plan => "plan",
            Self::Watch => "watch",
            Self::Noise => "noise",
        }
    }
}

/// Whether somebody should be given work.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ticket {
    /// None.
    None,
    /// One for the team, with what else waits for it.
    Batch,
    /// One of its own, now.
    Now,
}

impl Ticket {
    /// The word used in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Batch => "batch",
            Self::Now => "now",
        }
    }
}

/// A decision with its reason and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What to do.
    pub decision: Decision,
    /// Why, in one sentence without a full stop.
    pub because: String,
    /// Whether somebody should be given work.
    pub ticket: Ticket,
    /// Within how many days, where there is work to be done.
    pub due_days: Option<u16>,
}
