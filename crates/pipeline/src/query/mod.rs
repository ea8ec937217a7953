//! What a server answers lists and look-ups with: filters, order, pages, counts and facets.
//!
//! A list is found in the index, which is in memory; only the rows of one page are read from the
//! store. Paging goes by what rows are sorted by and their ids, so a row that stays as it is comes
//! exactly once, whatever is imported meanwhile.

mod assets;
mod cache;
mod controls;
mod cursor;
mod error;
mod faults;
mod findings;
mod fixes;
mod imports;
mod incidents;
mod issues;
mod labels;
mod page;
mod parameters;
mod risk;
mod seen;
mod statistics;

pub use assets::{
    AssetItem, AssetQuery, AssetRelation, AssetSort, AssetStory, RelatedAsset, asset, assets,
};
pub use cache::{Decider, IncidentCache};
pub use controls::{ControlItem, ControlQuery, ControlStory, control, controls};
pub use error::QueryError;
pub use findings::{FindingItem, FindingQuery, FindingStory, Listing, finding, findings, listings};
pub use fixes::{FixQuery, fix, fixes, keep_fixes};
pub use imports::{ImportItem, ImportQuery, imports};
pub use incidents::{IncidentItem, IncidentPage, IncidentQuery, IncidentSort, incident, incidents};
pub use issues::{IssueItem, IssueQuery, IssueSort, Marked, issue, issues};
pub use labels::{LabelBook, LabelSet, belongings};
pub use page::{FacetReport, FacetValue, MOST_ITEMS, Page};
pub use parameters::Order;
pub use risk::risk;
pub use seen::{IncidentReach, Reach, incident_reach, issue_reach, issues_shown};
pub use statistics::{DayCount, StatisticsReport, StatusCount, statistics};

use quell_model::Timestamp;
use quell_store::{Snapshot, Store};

use crate::Setup;

/// What is looked at: a store, the index that follows it, and what is known beside.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The store; it is only read.
    pub store: &'a Store,
    /// The index at one moment.
    pub index: &'a Snapshot,
    /// The catalogue.
    pub setup: &'a Setup,
    /// The present moment, for what is late.
    pub now: Timestamp,
}
