//! One story: the issues and detections that one person should look at together.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Claim, IncidentKey, IssueKey, Severity, Timestamp};

/// Issues and detections that belong to one story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its identity: it stays the same while the story does.
    pub key: IncidentKey,
    /// What holds it together.
    pub kind: IncidentKind,
    /// The issues, most risky first.
    pub issues: Vec<IssueKey>,
    /// The highest risk score among its issues, raised where they make each other worse.
    pub score: u32,
    /// The highest severity among its issues.
    pub severity: Severity,
    /// Why these issues are one story: a sentence for each join, with the records it rests on.
    pub because: Vec<Claim>,
    /// What people decided about it.
    pub by_hand: Vec<HandMade>,
}

/// What a person decided about an incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HandMade {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: HandAction,
    /// The other incident: the one that was joined, or that the issues were taken out of.
    pub other: IncidentKey,
    /// Who.
    pub by: String,
}

/// A decision about an incident.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HandAction {
    /// Another incident is part of this one.
    Joined,
    /// These issues were taken out of another incident.
    Split,
}

impl HandAction {
    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Split => "split",
        }
    }
}

/// What holds an incident together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// A known weakness is being exploited here: a detection's evidence points at it.
    Exploitation,
    /// One actor, or one file, on three assets or more within a day.
    Campaign,
    /// Something looks like an attack on an asset that has open issues.
    DetectionOnAsset,
    /// Detections of one process tree.
    ProcessTree,
    /// A vulnerability that is exploited in the wild, wherever it is.
    ExploitedVulnerability,
    /// One fix closes them all.
    SharedFix,
    /// The same fault, many times in one account: one change, repeated.
    SameFault,
    /// A person put these issues together, or took them out of another incident.
    ByHand,
    /// Alone.
    Single,
}

impl IncidentKind {
    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exploitation => "exploitation",
            Self::Campaign => "campaign",
            Self::DetectionOnAsset => "detection_on_asset",
            Self::ProcessTree => "process_tree",
            Self::ExploitedVulnerability => "exploited_vulnerability",
            Self::SharedFix => "shared_fix",
            Self::SameFault => "same_fault",
            Self::ByHand => "by_hand",
            Self::Single => "single",
        }
    }

    /// Whether something was seen to happen, not only could.
    #[must_use]
    pub const fn is_attack(self) -> bool {
        match self {
            Self::Exploitation | Self::Campaign | Self::DetectionOnAsset | Self::ProcessTree => {
                true
            }
            Self::ExploitedVulnerability
            | Self::SharedFix
            | Self::SameFault
            | Self::ByHand
            | Self::Single => false,
        }
    }
}
