//! How a thing stands at a sink.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outbox::Remote;

/// How a thing stands at a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is now: its id stays, its name may have changed.
    pub remote: Remote,
    /// Whether somebody works on it.
    pub phase: Phase,
    /// When its phase changed last, where the sink tells.
    pub phase_at: Option<Timestamp>,
    /// Whether Quell's own login made the latest change of its phase.
    pub phase_by_us: bool,
    /// What it was resolved as, in the sink's words.
    pub resolution: Option<String>,
    /// Its fields as texts that can be compared with what they were.
    pub fields: BTreeMap<Field, String>,
    /// Whether it is still there.
    pub gone: Gone,
}

/// How far a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TicketPhase)]
pub enum Phase {
    /// Nobody works on it.
    New,
    /// Somebody does.
    Begun,
    /// It is dealt with: done, merged.
    Done,
    /// It was turned down: won't do, closed without merging.
    Declined,
}

/// Fields that both sides may change.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = TicketField)]
pub enum Field {
    /// Its title.
    Title,
    /// Its description.
    Body,
    /// When it is due.
    Due,
    /// Its priority.
    Priority,
    /// Who works on it.
    Assignee,
}

/// Whether a thing is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It is.
    No,
    /// It was deleted, or nobody may see it: many sinks do not tell which.
    Deleted,
    /// It cannot be changed any more.
    Archived,
}
