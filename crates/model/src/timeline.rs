//! What happened in an incident, in order, and the processes that did it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FindingKey, IssueKey, Timestamp, Untrusted};

/// What happened in an incident.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// What was seen, oldest first; what has no time stands last.
    pub events: Vec<TimelineEvent>,
    /// The processes, each after its parent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<TimelineProcess>,
    /// How many later events are left out.
    pub left_out: u64,
}

/// One thing that was seen to happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEvent {
    /// When it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// When it was last seen, where that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The finding that says so.
    pub finding: FindingKey,
    /// Its issue.
    pub issue: IssueKey,
    /// The tool.
    pub source: String,
    /// What, in the tool's words.
    pub title: Untrusted,
    /// The asset it happened on.
    pub asset: String,
    /// Which of the timeline's processes acted, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<usize>,
    /// The process that acted.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub name: Untrusted,
    /// Its command line.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub command_line: Untrusted,
    /// The process that started it.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub parent: Untrusted,
    /// The user or identity that acted.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub user: Untrusted,
    /// Addresses on the other side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_addresses: Vec<Untrusted>,
}

/// One process of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineProcess {
    /// Which of the timeline's processes started it, counted from 0; none for the oldest known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// How many known ancestors it has.
    pub depth: usize,
    /// The asset it ran on.
    pub asset: String,
    /// Executable name or path.
    pub name: Untrusted,
    /// Process id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i64>,
    /// Whole command line.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub command_line: Untrusted,
    /// User it ran as.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub user: Untrusted,
}
