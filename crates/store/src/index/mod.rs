//! The hot columns of all issues and findings in memory: lists are filtered, counted, sorted and
//! paged without a look at the database.
//!
//! Rows stand in pages of 4096, as in the store. A reader holds a [`Snapshot`]; the next one
//! shares every page with it that did not change.

mod answer;
mod assets;
mod chunked;
mod columns;
mod facets;
mod filter;
mod hide;
mod limited;
mod load;
mod scan;
mod sums;
#[cfg(test)]
mod tests;
mod top;

use std::sync::Arc;

pub use answer::{AssetCells, IssueCells, Listed, Position, Sort, Wish};
pub use facets::{Facet, Statistics};
pub use filter::ListFilter;
pub use limited::{ISSUES_OF_A_PAGE, Labels, Spot};
pub use load::Index;

use columns::{Inner, decision, decision_of, page_of, slot_of, status_of};
use filter::Part;

/// All columns at one moment; a copy costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Snapshot(Arc<Inner>);

impl Snapshot {
    /// What is known of an issue, by its row.
    #[must_use]
    pub fn issue(&self, row: i64) -> Option<IssueCells<'_>> {
        let inner = &*self.0;
        let row = u32::try_from(row).ok()?;
        let (page, slot) = (inner.issues.get(page_of(row))?, slot_of(row));
        if status_of(*page.state.get(slot)?) == 0 {
            return None;
        }
        let group = inner.groups.get(*page.group.get(slot)?)?;
        let seen = inner.seen.get(page_of(row)).and_then(|page| page.get(slot));
        let seen = i64::from(seen.copied().unwrap_or_default());
        Some(IssueCells {
            asset: *page.asset.get(slot)?,
            decision: decision(decision_of(*page.state.get(slot)?))?,
            control: inner.part(group, &Part::Control),
            team: inner.part(group, &Part::Team),
            tools: inner.name(group.tools),
            last_seen: quell_model::Timestamp::from_second(seen).ok().filter(|_| seen > 0),
        })
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    /// The number of what was written last when this was read.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.0.version
    }

    /// Whether it is made of the same state, with the same hidden by exceptions.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        (self.0.version, self.0.hidden) == (other.0.version, other.0.hidden)
    }
}
