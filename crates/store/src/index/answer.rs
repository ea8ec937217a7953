//! What a list is asked for, and what it answers.

use super::facets::Facet;
use super::filter::ListFilter;

/// What a list is sorted by. Rows that are alike stand in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// The risk score; of an asset, that of its riskiest open issue.
    Score,
    /// The severity; of an asset, the highest of its open issues.
    Severity,
    /// When it was last seen.
    LastSeen,
    /// How many open issues an asset has; nothing else has any.
    OpenIssues,
    /// The order of ids alone.
    Id,
}

/// A place in a list. It holds while rows come and go, and while the program ends and starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u128);

impl Position {
    /// A place by what rows are sorted by, and what tells alike rows apart.
    pub(super) fn new(value: u32, tie: u64, row: u32, descending: bool) -> Self {
        // The lowest comes first, and rows that are alike keep one order in both directions.
        let value = if descending { !value } else { value };
        Self(u128::from(value) << 96 | u128::from(tie) << 32 | u128::from(row))
    }

    /// As bytes, for a cursor.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From the bytes of a cursor.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

/// What a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Which rows.
    pub filter: &'a ListFilter,
    /// In which order.
    pub sort: Sort,
    /// The highest first.
    pub descending: bool,
    /// Behind this place.
    pub after: Option<Position>,
    /// At most so many rows.
    pub limit: usize,
    /// Whether to count by facets too.
    pub facets: bool,
}

/// What a list answers.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// How many rows fit, on all pages.
    pub count: u64,
    /// The rows of this page.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
    /// How many of all that fit have which value.
    pub facets: Vec<Facet>,
}

/// What is known of an asset without a look at the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetCells {
    /// Its key in lower case.
    pub key: String,
    /// Its first issue's row, which has the asset in its body.
    pub issue: i64,
    /// Open issues on it.
    pub open_issues: u32,
    /// The highest severity among them; `None` where there are none.
    pub severity: Option<quell_model::Severity>,
    /// The highest risk score among them.
    pub score: u32,
}

/// What is known of an issue without a look at the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueCells<'a> {
    /// The number of its asset, which holds within one snapshot.
    pub asset: u32,
    /// What to do about it, as far as it alone tells.
    pub decision: quell_model::Decision,
    /// Its control, where one is known.
    pub control: Option<&'a str>,
    /// Who its asset says owns it.
    pub team: Option<&'a str>,
    /// The tools that see it, with a comma between.
    pub tools: &'a str,
    /// When it was last seen by any tool.
    pub last_seen: Option<quell_model::Timestamp>,
}
