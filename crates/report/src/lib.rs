//! The report: one contract, written in several formats.
//!
//! [`Report`] is what `--format json` prints; the other writers read the same value. Text from
//! outside is escaped here, by each writer's own escaper, and nowhere earlier.

mod contract;

pub use contract::{
    AccountingReport, AssetReport, Changes, Claim, Confidence, Explanation, FileReport,
    FindingReport, FixReport, IncidentReport, IssueReport, OwnerReport, Report, SCHEMA_VERSION,
};
