//! The embedded database: what was imported, what it says, and what has been made of it.
//!
//! SQL stands in this crate only. One file is one transaction: a crash, a full disk or Ctrl-C
//! leaves a file imported whole or not at all. Commits are flushed before they are acknowledged.

mod decision;
mod error;
mod import;
mod intelligence;
mod names;
mod open;
mod packed;
mod read;
mod rekey;
mod rows;
mod state;
mod statement;
#[cfg(test)]
mod tests;

pub use decision::{JoinRow, PinRow};
pub use error::StoreError;
pub use import::{
    FinishedInput, Import, Judged, PreparedEvidence, PreparedFinding, PreparedOther, Seen,
};
pub use intelligence::{EPSS, IntelligenceRow, KEV};
pub use open::Store;
pub use packed::Packed;
pub use rekey::{Sorted, Unsorted};
pub use rows::{AssessedIssue, FindingRow, IssueRow, StoredState};
pub use statement::PreparedStatement;
