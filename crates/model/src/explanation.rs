//! An explanation: what is wrong, why it matters here, what to do; each claim with its evidence.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Untrusted;

/// An explanation, made from the catalogue and the evidence.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// What is wrong.
    pub what: Claim,
    /// Why it matters here.
    pub why: Vec<Claim>,
    /// How it likely came to be.
    pub cause: Claim,
    /// What an attacker would likely use it for.
    pub intent: Claim,
    /// What to do, one or two steps.
    pub steps: Vec<Untrusted>,
    /// What could break.
    pub breaks: Untrusted,
    /// How sure this is.
    pub confidence: Confidence,
    /// Why that sure.
    pub confidence_because: String,
}

/// A sentence, and the records it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// The sentence.
    pub text: Untrusted,
    /// What it rests on: `finding:<id>`, `finding:<id>#<field>`, `issue:<id>`,
    /// `control:<id>`.
    pub evidence: Vec<String>,
}

/// How sure an explanation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The catalogue knows the fault, and two tools or more see it, or the code shows it.
    High,
    /// The catalogue knows the fault.
    Medium,
    /// Only the tool's own words are known.
    Low,
}
