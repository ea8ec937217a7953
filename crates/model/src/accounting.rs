//! The sums that must always add up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of one record of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New to Quell, and the first of its kind.
    Created,
    /// Known, and something about it changed.
    Updated,
    /// New to Quell, but the same fault as one already known, so joined to its issue; or said
    /// again within one input.
    Merged,
    /// Known, and nothing changed.
    Unchanged,
    /// Not taken; the reject says why.
    Rejected,
}

/// `records = created + updated + merged + unchanged + rejected`, for one file or for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accounting {
    /// Records read.
    pub records: u64,
    /// Records that were new.
    pub created: u64,
    /// Records that changed something known.
    pub updated: u64,
    /// Records joined to something known.
    pub merged: u64,
    /// Records that changed nothing.
    pub unchanged: u64,
    /// Records not taken.
    pub rejected: u64,
}

impl Accounting {
    /// Counts one record.
    pub const fn count(&mut self, outcome: Outcome) {
        self.records += 1;
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Merged => self.merged += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Rejected => self.rejected += 1,
        }
    }

    /// Adds another account to this one.
    pub const fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.created += other.created;
        self.updated += other.updated;
        self.merged += other.merged;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
    }

    /// Whether the sum holds.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.records == self.created + self.updated + self.merged + self.unchanged + self.rejected
    }
}

/// How many records became how few fixes. Every number can be opened.
///
/// The first line adds up: `records = rejected + evidence + assets + activities + statements +
/// intelligence + repeated + findings − expanded`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// Records read in this run.
    pub records: u64,
    /// Of those, not taken.
    pub rejected: u64,
    /// Of those, checks that passed or need a person.
    pub evidence: u64,
    /// Of those, inventory entries.
    pub assets: u64,
    /// Of those, events that are not findings.
    pub activities: u64,
    /// Of those, what somebody says of a weakness in a product.
    #[serde(default)]
    pub statements: u64,
    /// Of those, entries of a list of exploited weaknesses.
    #[serde(default)]
    pub intelligence: u64,
    /// Of those, said again within this run.
    pub repeated: u64,
    /// Findings beyond one that single records held (one alert on several assets).
    pub expanded: u64,
    /// Findings of this run, open or not.
    pub findings: u64,
    /// Of the findings, those that are open.
    pub open_findings: u64,
    /// Issues that the open findings make.
    pub issues: u64,
    /// Incidents that the issues make.
    pub incidents: u64,
    /// Proved fixes offered.
    pub fixes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_keeps_the_balance() {
        let mut account = Accounting::default();
        for outcome in [
            Outcome::Created,
            Outcome::Updated,
            Outcome::Merged,
            Outcome::Unchanged,
            Outcome::Rejected,
            Outcome::Merged,
        ] {
            account.count(outcome);
            assert!(account.balances());
        }
        assert_eq!(account.records, 6);
    }
}
