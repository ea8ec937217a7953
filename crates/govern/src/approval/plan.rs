//! What would be done, and its hash.

use std::collections::BTreeMap;
use std::fmt;

use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::canonical::{NotCanonical, canonical};
use crate::Person;

/// A SHA-256, as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(as = PlanHash)]
pub struct Hash(String);

impl Hash {
    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digits = Sha256::digest(bytes);
        Self(digits.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanEvidence)]
pub struct Evidence {
    /// What: `issue:ID`, `proof:holds_after`, …
    pub id: String,
    /// The hash of what it says.
    pub hash: Hash,
}

/// Who has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanQuorum)]
pub struct Quorum {
    /// So many people.
    pub people: u8,
    /// Each with one of these roles, beside the right to approve; none named asks for that alone.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl Default for Quorum {
    fn default() -> Self {
        Self { people: 1, roles: Vec::new() }
    }
}

impl Quorum {
    /// Whether somebody of a role may be one of them.
    #[must_use]
    pub fn takes(&self, role: &str) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|one| one == role)
    }

    /// Who may be one of them, in words.
    #[must_use]
    pub fn words(&self) -> String {
        if self.roles.is_empty() {
            return "those who may approve there".to_owned();
        }
        self.roles.join(", ")
    }
}

/// What would be done. All of it is part of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: String,
    /// The kind of action, as rules name it: `fix.patch`.
    pub kind: String,
    /// Whose data it is about.
    pub tenant: String,
    /// One line for people.
    pub title: String,
    /// What it changes.
    pub target: String,
    /// The account of what it changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// The environment of what it changes, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// With what it is done.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// What changes, as a unified diff.
    pub diff: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// By which versions of the program, its catalogue and its recipes it was made.
    pub versions: BTreeMap<String, String>,
    /// The hash of what is changed, as it was when the plan was made.
    pub before: Hash,
    /// Who has to agree.
    pub quorum: Quorum,
    /// The rule that says so; none where it is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who asks for it.
    pub requested_by: Person,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it is void if nobody has carried it out.
    pub expires_at: Timestamp,
}

impl Plan {
    /// The hash of all of it.
    ///
    /// # Errors
    /// When its parameters have no canonical form.
    pub fn hash(&self) -> Result<Hash, NotCanonical> {
        Ok(Hash::of(canonical(self)?.as_bytes()))
    }
}
