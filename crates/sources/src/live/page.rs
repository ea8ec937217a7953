//! What is asked for, and one page of the answer.

use quell_model::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Stream;

/// A question: one page of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The stream.
    pub stream: &'static Stream,
    /// Only what changed since; `None` for all that there is.
    pub since: Option<Timestamp>,
    /// When this reading began, by the vendor's clock where that is known. It is the same for all pages of a reading.
    pub until: Timestamp,
    /// Where the last page said that the next one begins; `None` for the first.
    pub cursor: Option<&'a Value>,
}

/// One page of a stream.
#[derive(Debug, Default)]
pub struct Page {
    /// Its records.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` behind the last. It may hold whatever the connector needs to
    /// go on after a restart, and no secret. An empty page in the middle has one too.
    pub next: Option<Value>,
    /// Parts that could not be read (a project without a right): nothing of the stream closes by being
    /// absent this time. One sentence each, in the vendor's words.
    pub unread: Vec<String>,
    /// Whose data the vendor says this is (tenant, organisation or account id). It has to stay the same.
    pub owner: Option<String>,
    /// The vendor's clock, from its `Date`.
    pub vendor_time: Option<Timestamp>,
    /// Calls that the vendor says are left.
    pub calls_left: Option<u64>,
    /// What the vendor counts in all, for a progress bar.
    pub total: Option<u64>,
}

/// One record of a page, as the vendor wrote it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The vendor's id. Items without one get a hash of their text.
    pub id: String,
    /// When the vendor last changed it.
    pub changed: Option<Timestamp>,
    /// Its JSON.
    pub json: Box<RawValue>,
}
