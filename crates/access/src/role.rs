//! Roles and rights. Which role has which right stands in `content/policies/access/roles.cedar`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A built-in role. The later ones of the list are told first of somebody who has several.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Brings findings in, and does nothing else: for pipelines.
    Importer,
    /// Reads, brings findings in and decides what belongs together.
    Analyst,
    /// As an analyst, and proposes fixes.
    Engineer,
    /// As an engineer, and approves.
    Approver,
    /// Reads everything and the audit log, and changes nothing.
    Auditor,
    /// All of it.
    Admin,
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
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Read findings, issues, incidents and what belongs to them.
    Read,
    /// Bring findings in.
    Import,
    /// Look at a job of a known id.
    Follow,
    /// See what is the whole tenant's: its sources, imports and jobs, and how the server stands.
    Oversee,
    /// Split, join and mark.
    Decide,
    /// Propose fixes.
    Fix,
    /// Approve what waits for an approval.
    Approve,
    /// Undo a containment, which opens again what was closed.
    RollBack,
    /// Read the audit log.
    Audit,
    /// Retry, release and cancel jobs, replay, and run sources.
    Operate,
    /// Make users, groups and tokens, and take them back.
    Manage,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Import,
        Self::Follow,
        Self::Oversee,
        Self::Decide,
        Self::Fix,
        Self::Approve,
        Self::RollBack,
        Self::Audit,
        Self::Operate,
        Self::Manage,
    ];

    /// The word for it, which is its action in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Import => "import",
            Self::Follow => "follow",
            Self::Oversee => "oversee",
            Self::Decide => "decide",
            Self::Fix => "fix",
            Self::Approve => "approve",
            Self::RollBack => "roll_back",
            Self::Audit => "audit",
            Self::Operate => "operate",
            Self::Manage => "manage",
        }
    }

    /// The right of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == word)
    }

    /// Whether it concerns places, and not the tenant alone.
    #[must_use]
    pub const fn has_places(self) -> bool {
        match self {
            Self::Read | Self::Decide | Self::Fix | Self::Approve | Self::RollBack => true,
            Self::Import
            | Self::Follow
            | Self::Oversee
            | Self::Audit
            | Self::Operate
            | Self::Manage => false,
        }
    }
}
