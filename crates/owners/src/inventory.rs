//! An inventory: rows that name assets, and say who owns them.

use serde::{Deserialize, Serialize};

/// Rejects that are kept; the others are counted.
const MOST_REJECTS: usize = 100;

/// An inventory as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The rows that were taken, in the order of the file.
    pub rows: Vec<Row>,
    /// How many were not.
    pub rejected: u64,
    /// Why; the first hundred.
    #[serde(default)]
    pub rejects: Vec<Reject>,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The line of the file, or the number of the record.
    pub row: u64,
    /// Why.
    pub reason: String,
}

/// What one row says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line of the file, or the number of the record.
    pub row: u64,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// How much depends on it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub criticality: String,
    /// The class of its data.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data_class: String,
    /// `true` or `false`, where it says whether the internet reaches it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exposed: String,
    /// Its id in the CMDB that it comes from, a `sys_id` of ServiceNow.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub item: String,
    /// What identifies the asset, in one list for each way, the surest first.
    pub keys: [Vec<String>; 5],
}

impl Row {
    /// Whether two rows say the same of an asset.
    #[must_use]
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.owner == other.owner
            && self.environment == other.environment
            && self.criticality == other.criticality
            && self.data_class == other.data_class
            && self.exposed == other.exposed
    }
}

impl Inventory {
    /// Notes a row that was not taken.
    pub(crate) fn reject(&mut self, row: u64, reason: impl Into<String>) {
        self.rejected += 1;
        if self.rejects.len() < MOST_REJECTS {
            self.rejects.push(Reject { row, reason: reason.into() });
        }
    }

    /// How many rows were read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.rejected + u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }
}
