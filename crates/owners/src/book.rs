//! What is known of owners, as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Inventory;

/// Where an owner may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A row of an inventory.
    Cmdb,
    /// A tag or label.
    Tag,
    /// A line of CODEOWNERS.
    Codeowners,
    /// The record of a tool.
    Source,
}

impl Place {
    /// The order that holds where nobody says another.
    pub const DEFAULT: [Self; 4] = [Self::Cmdb, Self::Tag, Self::Codeowners, Self::Source];

    /// The place of a word of the configuration.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "cmdb" => Some(Self::Cmdb),
            "tag" => Some(Self::Tag),
            "codeowners" => Some(Self::Codeowners),
            "source" => Some(Self::Source),
            _ => None,
        }
    }
}

/// What the user says of owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What counts most first. A place that is left out counts last, in the usual order.
    pub order: Vec<Place>,
    /// Tags that name the owner, the one that counts most first; none means those of the mapping.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { order: Place::DEFAULT.to_vec(), tags: Vec::new() }
    }
}

impl Settings {
    /// Every place once, what counts most first.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::with_capacity(Place::DEFAULT.len());
        for place in self.order.iter().chain(&Place::DEFAULT) {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        places
    }
}

/// The owners of a file, and the line that names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CodeLine {
    /// As the line names them.
    pub owners: String,
    /// The line, from 1.
    pub line: u64,
}

/// All that is known of owners beside the assets themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// What the user says.
    #[serde(default)]
    pub settings: Settings,
    /// The inventories by name.
    #[serde(default)]
    pub inventories: BTreeMap<String, Inventory>,
    /// Files of the repository, each with its owners.
    #[serde(default)]
    pub files: BTreeMap<String, CodeLine>,
    /// Assets whose block was found in a file of the repository: id → file.
    #[serde(default)]
    pub blocks: BTreeMap<String, String>,
}

impl Book {
    /// Whether nothing is known and nothing said.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.inventories.is_empty() && self.files.is_empty() && self.settings == Settings::default()
    }
}
