//! Who acts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who acts. People are told apart by their id alone; the name is only shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// What tells them from others.
    pub id: String,
    /// How they are shown.
    pub name: String,
}

impl Person {
    /// A person.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned() }
    }
}

impl PartialEq for Person {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Person {}

/// What a person may do at one moment, as whoever keeps rights says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Their role: `approver`, `admin`, …
    pub role: String,
    /// Whether they may act at all.
    pub active: bool,
    /// Whether who keeps rights lets them approve where it matters.
    pub approves: bool,
}
