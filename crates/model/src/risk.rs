//! Our judgement of how much an issue matters, in named parts that add up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much an issue matters, 0 to 1000, with the parts that make the number.
///
/// The formula is in `docs/risk.md`; the parts always add up to the score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// 0 to 1000.
    pub score: u32,
    /// What the number is made of, largest first. Their points add up to the score.
    pub parts: Vec<RiskPart>,
    /// The changes that would lower it most, largest first; at most two.
    pub would_lower: Vec<RiskChange>,
}

/// One named part of a risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RiskPart {
    /// `severity`, `cvss`, `epss`, `kev`, `exposure`, `data`, `environment`, `criticality`,
    /// `detection`, `credential`, `together`, `age` or `limit`.
    pub name: String,
    /// Points it adds to the score; negative where it takes away.
    pub points: i32,
    /// What it was judged by, as a phrase.
    pub because: String,
}

/// A change that would lower a risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RiskChange {
    /// What to change, as a phrase.
    pub change: String,
    /// The score afterwards.
    pub score_after: u32,
}
