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
mod load;
mod scan;
mod sums;
#[cfg(test)]
mod tests;
mod top;

use std::sync::Arc;

pub use answer::{AssetCells, Listed, Position, Sort, Wish};
pub use facets::{Facet, Statistics};
pub use filter::ListFilter;
pub use load::Index;

use columns::Inner;

/// All columns at one moment; a copy costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Snapshot(Arc<Inner>);
