//! A client of the server's API, with its answers as types.
//!
//! The types are read from what the server sends and stand on their own, so that a program can ask
//! a server of another version: what it does not know is left out.

mod address;
mod audit;
mod connection;
mod containment;
mod delivery;
mod error;
mod exceptions;
mod findings;
mod governance;
mod import;
mod job;
mod llm;
mod mark;
mod platform;
mod status;

pub use address::Address;
pub use audit::{AuditPage, AuditProof, AuditRecord, AuditText};
pub use connection::{Connection, Token};
pub use error::ClientError;
pub use findings::{ExplainPlan, IssueQuery, Listed, ListedIncident, ListedIssue};
pub use import::Upload;
pub use job::{Job, JobOutcome, JobPage, JobQuery, ReplayQuery};
pub use mark::MarkPlan;
pub use platform::{
    Platform, PlatformReadings, PlatformTest, Quarantined, Right, Running, Stream, ToldReport,
};
pub use status::{Disk, Intake, Status};
