//! The embedded database: what was imported, what it says, and what has been made of it.
//!
//! SQL stands in this crate only. One file is one transaction: a crash, a full disk or Ctrl-C
//! leaves a file imported whole or not at all. Commits are flushed before they are acknowledged.

mod answer;
mod backup;
mod block;
mod brief;
mod candidates;
mod content;
mod coverage;
mod decision;
mod delivery;
mod error;
mod facts;
mod find;
mod fixes;
mod govern;
mod ids;
mod import;
mod imports;
mod index;
mod intelligence;
mod keys;
mod label;
mod mark;
mod moment;
mod names;
mod open;
mod packed;
mod pages;
mod read;
mod reading;
mod rekey;
mod relation;
mod rows;
mod seal;
mod server;
mod state;
mod statement;
#[cfg(test)]
mod tests;

pub use backup::{
    BackupError, BackupFile, DatabaseState, Existing, Manifest, Restored, Unconfirmed, backup,
    database_state, restore, verify_backup,
};
pub use block::{Added, Block, BlockBuilder, Body};
pub use brief::{Brief, place_text};
pub use candidates::{CandidatePage, News, NewsPage};
pub use content::Content;
pub use coverage::{Held, MostClosed};
pub use decision::{JoinRow, PinRow};
pub use delivery::{Delivery, NewRow, OutboxFilter, OutboxStore, flush_findings};
pub use error::StoreError;
pub use find::{IssueFilter, IssuesFound};
pub use govern::{
    Changed, ContainmentRow, Hiding, IncidentTimes, IssueScope, Matched, MatchedIssue, PlanRow,
    Suppression,
};
pub use ids::IdSet;
pub use import::{
    FinishedInput, Import, NewBody, PreparedEvidence, PreparedFinding, PreparedOther, Seen, Touched,
};
pub use imports::InputRow;
pub use index::{
    AssetCells, Facet, ISSUES_OF_A_PAGE, Index, IssueCells, Labels, ListFilter, Listed, Position,
    Snapshot, Sort, Spot, Statistics, Wish,
};
pub use intelligence::{EPSS, IntelligenceRow, KEV};
pub use label::{LabelEntry, Labelled};
pub use mark::{Among, MarkFilter};
pub use moment::Moment;
pub use open::{Folding, Store, make_directory, migration_due};
pub use packed::Packed;
pub use reading::{Noted, Reading, Settled};
pub use rekey::{Sorted, Unsorted};
pub use relation::{PreparedRelation, RelationRow};
pub use rows::{AssessedIssue, AssessedIssues, DirtyIssue, FindingRow, IssueRow, StoredState};
pub use server::{
    AnswerCap, BatchId, BatchItem, BatchRow, Ended, Fence, GrantFault, GrantKind, GrantRow,
    GroupRow, Heard, JobFilter, JobRow, JobState, MOST_GRANT_DAYS, NewAnswer, NewBatch, NewGrant,
    NewJob, PlatformKey, PlatformRow, QuarantineRow, Renewed, Reply, Reserved, ServerStore,
    SessionRow, SourceRow, SpendAsk, SpendBy, SpendId, SpendLeft, SpendLimits, SpendMost,
    SpendOver, SpendRow, SpendScope, SpendSwept, SpendUsed, SpendWhat, StreamRow, TokenRow,
    UserRow, tenant_folder,
};
pub use statement::PreparedStatement;
