//! Where a finding stands in its life.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The vendor's status, mapped to one scale. The vendor's own word is kept beside it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The fault is there.
    Open,
    /// Somebody works on it; the fault is still there.
    InProgress,
    /// Hidden by the vendor's rule, a mute or an in-source comment; the fault is still there.
    Suppressed,
    /// Gone, or said to be gone by the source.
    Resolved,
}

impl Status {
    /// Whether the fault counts: open or in progress.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::InProgress)
    }

    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
        }
    }
}
