//! What applying a fix does to what runs, how to go back, and what other tools say of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What applying a fix does, and how to go back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Impact {
    /// Other controls that failed on the block and hold after the change.
    pub also_closes: Vec<String>,
    /// The kinds of harm that what it may break comes down to.
    pub effects: Vec<Effect>,
    /// Whether the state before can be had again.
    pub reversible: Reversible,
    /// How to go back, in one sentence.
    pub rollback: String,
    /// What other tools say of the files before and after.
    pub verified: Vec<Verification>,
}

/// A kind of harm.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// What runs is replaced instead of changed in place.
    Replaces,
    /// It is not there for a while.
    Interrupts,
    /// Somebody who got in does not get in any more.
    WithdrawsAccess,
    /// It costs money.
    Costs,
}

/// Whether the state before can be had again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reversible {
    /// Wholly.
    Yes,
    /// What was replaced does not come back with its data.
    WithLoss,
    /// Once applied it stays.
    No,
    /// Nothing is known of it.
    #[default]
    Unknown,
}

/// What another tool says of the files before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// The tool.
    pub tool: String,
    /// Its version, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What came out.
    pub verdict: ToolVerdict,
    /// What was seen, in one sentence.
    pub detail: String,
}

/// What came out of another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolVerdict {
    /// It finds nothing new at fault.
    Passed,
    /// It finds something at fault that was not before.
    Failed,
    /// It was not run, or could not be; that proves nothing.
    NotRun,
}
