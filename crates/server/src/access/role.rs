//! Roles and rights. One table says who may do what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Brings findings in, and does nothing else.
    Importer,
    /// Reads, brings findings in and decides what belongs together.
    Analyst,
    /// As an analyst, and proposes fixes.
    Engineer,
    /// As an engineer; approves, once there is something to approve.
    Approver,
    /// Reads everything, and changes nothing.
    Auditor,
    /// All of it.
    Admin,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read findings, issues, incidents and what belongs to them.
    Read,
    /// Bring findings in.
    Import,
    /// Look at a job of a known id.
    Follow,
    /// Split, join and mark.
    Decide,
    /// Propose fixes.
    Fix,
    /// Retry, release and cancel jobs, and replay.
    Operate,
}

impl Right {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Import => "import",
            Self::Follow => "follow",
            Self::Decide => "decide",
            Self::Fix => "fix",
            Self::Operate => "operate",
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::Importer,
        Self::Analyst,
        Self::Engineer,
        Self::Approver,
        Self::Auditor,
        Self::Admin,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Importer => "importer",
            Self::Analyst => "analyst",
            Self::Engineer => "engineer",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it has a right.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        match self {
            Self::Viewer | Self::Auditor => matches!(right, Right::Read | Right::Follow),
            Self::Importer => matches!(right, Right::Import | Right::Follow),
            Self::Analyst => !matches!(right, Right::Fix | Right::Operate),
            Self::Engineer | Self::Approver => !matches!(right, Right::Operate),
            Self::Admin => true,
        }
    }
}
