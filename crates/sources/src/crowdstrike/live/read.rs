//! Pages: the ids of what changed since, oldest first, and the alerts behind them.
//!
//! A place in the list would move when an alert changes meanwhile, and what it skipped would be
//! lost. So each page begins at the time at which the last one ended, and some alerts come twice.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::account::{Call, Method, Reply};
use super::{Falcon, READ};
use crate::live::{Ask, Item, LiveError, Page};
use crate::wire::Tree;

/// Ids of a page, and alerts asked for at once.
const PAGE: usize = 500;
/// Ids that can be paged over from one time on.
const MOST_IDS: usize = 10_000;
/// What the vendor keeps.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A place in a reading.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    /// Changed at this time or later.
    from: Timestamp,
    /// So many of them are behind: more changed at one time than a page holds.
    offset: usize,
}

impl Falcon {
    pub(super) async fn read(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        let oldest = ask.until.checked_sub(KEPT).unwrap_or(ask.until);
        let cursor = match ask.cursor {
            Some(value) => {
                Cursor::deserialize(value).map_err(|error| LiveError::Cursor(error.to_string()))?
            }
            None => Cursor { from: ask.since.map_or(oldest, |at| at.max(oldest)), offset: 0 },
        };
        let reply = self.account.ask(&self.ids(&cursor, ask.until)).await?;
        let ids = reply.resources.iter().map(|id| serde_json::from_str(id.get()));
        let ids: Vec<String> = ids
            .collect::<Result<_, _>>()
            .map_err(|error| LiveError::shape("$.resources[]", error.to_string()))?;
        let mut page = if ids.is_empty() { page(&reply) } else { self.alerts(&ids).await? };
        page.total = reply.total;
        if ids.len() >= PAGE {
            let next = next(&cursor, &page);
            let next = serde_json::to_value(next);
            page.next = Some(next.map_err(|error| LiveError::Cursor(error.to_string()))?);
        }
        Ok(page)
    }

    pub(super) async fn probe(&self) -> Result<(), LiveError> {
        let path = "/alerts/queries/alerts/v2?limit=1".to_owned();
        let call = Call { method: Method::Get, path, body: None, right: READ };
        self.account.ask(&call).await.map(|_| ())
    }

    /// The alerts of these ids.
    pub(super) async fn alerts(&self, ids: &[String]) -> Result<Page, LiveError> {
        let reply = self.account.ask(&entities(ids)).await?;
        let mut page = page(&reply);
        let mut customers: Vec<String> = Vec::new();
        for json in reply.resources {
            let (item, customer) = item(json)?;
            customers.extend(customer);
            page.items.push(item);
        }
        customers.sort_unstable();
        customers.dedup();
        // A parent sees the alerts of its children: then none of them is the owner.
        page.owner = if customers.len() == 1 { customers.pop() } else { None };
        Ok(page)
    }

    fn ids(&self, cursor: &Cursor, until: Timestamp) -> Call {
        let mut filter = format!(
            "updated_timestamp:>='{}'+updated_timestamp:<='{}'",
            moment(cursor.from),
            moment(until)
        );
        if let Some(customer) = &self.account.customer {
            filter.push_str(&format!("+cid:'{customer}'"));
        }
        let path = format!(
            "/alerts/queries/alerts/v2?filter={}&sort=updated_timestamp%7Casc&limit={PAGE}&offset={}",
            encoded(&filter),
            cursor.offset
        );
        Call { method: Method::Get, path, body: None, right: READ }
    }
}

pub(super) fn entities(ids: &[String]) -> Call {
    Call {
        method: Method::Post,
        path: "/alerts/entities/alerts/v2".to_owned(),
        body: Some(json!({ "composite_ids": ids })),
        right: READ,
    }
}

/// Where the next page begins: at the last time of this one, or further on within it.
fn next(cursor: &Cursor, page: &Page) -> Cursor {
    let last = page.items.iter().filter_map(|item| item.changed).max().unwrap_or(cursor.from);
    if last > cursor.from {
        return Cursor { from: last, offset: 0 };
    }
    let offset = cursor.offset + PAGE;
    if offset + PAGE <= MOST_IDS {
        return Cursor { from: cursor.from, offset };
    }
    // More alerts changed at one moment than can be paged over.
    let after = cursor.from.checked_add(SignedDuration::from_millis(1)).unwrap_or(cursor.from);
    Cursor { from: after, offset: 0 }
}

fn item(json: Box<RawValue>) -> Result<(Item, Option<String>), LiveError> {
    let alert: Tree<'_> = serde_json::from_str(json.get())
        .map_err(|error| LiveError::shape("$.resources[]", error.to_string()))?;
    let id = alert.at("composite_id").get();
    let id = id.ok_or_else(|| LiveError::shape("$.resources[].composite_id", "is missing"))?;
    let item = (id.to_owned(), alert.time(&["updated_timestamp"]));
    let customer = alert.at("cid").get().map(str::to_owned);
    Ok((Item { id: item.0, changed: item.1, json }, customer))
}

fn page(reply: &Reply) -> Page {
    let header = |name: &str| reply.response.header(name);
    let time = header("date").and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    Page {
        vendor_time: time.map(|zoned| zoned.timestamp()),
        calls_left: header("x-ratelimit-remaining").and_then(|text| text.trim().parse().ok()),
        ..Page::default()
    }
}

/// A moment as the filter language takes it. Whole seconds would leave the rest of one out.
fn moment(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// Percent-encoding of all but letters, digits and a few signs.
fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            all.push(char::from(byte));
        } else {
            all.push_str(&format!("%{byte:02X}"));
        }
    }
    all
}
