//! One story: the issues and detections that one person should look at together.

use serde::{Deserialize, Serialize};

use crate::{IncidentKey, IssueKey, Severity};

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
    /// Why these issues are one story, as one sentence per join.
    pub joined_because: Vec<String>,
}

/// What holds an incident together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
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
    /// Alone.
    Single,
}

impl IncidentKind {
    /// The word used in the report and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DetectionOnAsset => "detection_on_asset",
            Self::ProcessTree => "process_tree",
            Self::ExploitedVulnerability => "exploited_vulnerability",
            Self::SharedFix => "shared_fix",
            Self::SameFault => "same_fault",
            Self::Single => "single",
        }
    }
}
