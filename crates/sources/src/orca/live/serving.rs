//! The serving layer: one call for all, and offsets into a list that may change meanwhile.
//!
//! Alerts are read in the order in which Orca wrote them, from a time on: what is written anew
//! while it is read stands at the end, and nothing before it moves. The other models have no such
//! field. There each page begins before the last one ended, and has to hold its last record.

use quell_http::{HttpError, Request, Response};
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Orca;
use super::{Kind, READ_ALERTS, READ_ASSETS};
use crate::live::{Ask, LiveError, Page};

/// Before all that Orca has.
const FIRST: &str = "2000-01-01T00:00:00Z";
/// How far behind now a range ends, for what is written while it is read.
const AHEAD_SECONDS: i64 = 86_400;
/// Records that two pages have in common, at most.
const COMMON: usize = 20;
/// How often a list is read again from before, where a page does not follow the one before.
const MOST_TRIES: u8 = 3;

/// Where the next page of alerts begins.
#[derive(Debug, Serialize, Deserialize)]
struct From {
    /// Written at this time or later.
    from: Timestamp,
    /// So many of them are read already.
    skip: usize,
}

/// Where the next page of another list begins.
#[derive(Debug, Default, Serialize, Deserialize)]
struct At {
    index: usize,
    /// The last record of the page before.
    last: Option<String>,
    /// How often this was read again.
    tries: u8,
}

fn read<'de, T: Deserialize<'de>>(cursor: &'de Value) -> Result<T, LiveError> {
    T::deserialize(cursor).map_err(|error| LiveError::Cursor(error.to_string()))
}

fn cursor(place: &impl Serialize) -> Result<Value, LiveError> {
    serde_json::to_value(place).map_err(|error| LiveError::Cursor(error.to_string()))
}

/// A page of alerts.
pub(super) async fn changed(orca: &Orca, ask: Ask<'_>) -> Result<Page, LiveError> {
    let From { from, skip } = match ask.cursor {
        Some(place) => read(place)?,
        None => From { from: begin(&ask), skip: 0 },
    };
    let to = ask.until.max(from) + jiff::SignedDuration::from_secs(AHEAD_SECONDS);
    let values = json!([{"key": "last_sync", "values": [from.to_string(), to.to_string()],
        "type": "datetime", "operator": "range"}]);
    let mut body = query("Alert", &values, orca.page_size);
    set(&mut body, "start_at_index", json!(skip));
    set(&mut body, "order_by[]", json!(["last_sync"]));
    set(&mut body, "additional_models[]", json!(["Inventory", "CloudAccount"]));
    let answer = Answer::read(Kind::Alerts, &post(orca, READ_ALERTS, &body).await?)?;
    let len = answer.items.len();
    let more = goes_on(&answer, (skip, len), orca.page_size)?;
    let last = answer.items.last().and_then(|item| item.changed);
    let mut page = answer.page();
    if more {
        // Only where all of a page was written in one second is it skipped by number.
        let next = match last.filter(|last| *last > from) {
            Some(last) => From { from: last, skip: 0 },
            None => From { from, skip: skip + len },
        };
        page.next = Some(cursor(&next)?);
    }
    Ok(page)
}

fn begin(ask: &Ask<'_>) -> Timestamp {
    ask.since.or_else(|| FIRST.parse().ok()).unwrap_or(ask.until)
}

/// Whether there is more behind a page.
fn goes_on(answer: &Answer, (start, len): (usize, usize), limit: usize) -> Result<bool, LiveError> {
    let Some(total) = answer.total.and_then(|total| usize::try_from(total).ok()) else {
        return Ok(len >= limit);
    };
    if len == 0 && total > start {
        let why = format!("is empty from {start} on, while `total_items` is {total}");
        return Err(LiveError::shape("$.data", why));
    }
    Ok(start + len < total)
}

/// A page of a list that is read whole.
pub(super) async fn whole(orca: &Orca, kind: Kind, ask: Ask<'_>) -> Result<Page, LiveError> {
    let place: At = match ask.cursor {
        Some(place) => read(place)?,
        None => At::default(),
    };
    let mut body = list(kind, orca.page_size);
    set(&mut body, "start_at_index", json!(place.index));
    let answer = Answer::read(kind, &post(orca, READ_ASSETS, &body).await?)?;
    let len = answer.items.len();
    let total = answer.total.and_then(|total| usize::try_from(total).ok());
    // The list may have become shorter than where it was left.
    let more = match total {
        Some(total) if place.index > total => false,
        Some(_) | None => goes_on(&answer, (place.index, len), orca.page_size)?,
    };
    let follows = place.last.as_ref().is_none_or(|last| answer.items.iter().any(|i| i.id == *last));
    let last = answer.items.last().map(|item| item.id.clone());
    let mut page = answer.page();
    if !follows && place.tries < MOST_TRIES {
        let index = place.index.saturating_sub(orca.page_size / 2);
        page.next = Some(cursor(&At { index, last: place.last, tries: place.tries + 1 })?);
        return Ok(page);
    }
    if !follows {
        page.unread.push(format!("the list changed too much to be read at {}", place.index));
    }
    if more {
        let common = COMMON.min(len / 4);
        page.next = Some(cursor(&At { index: place.index + len - common, last, tries: 0 })?);
    }
    Ok(page)
}

/// One record by its id.
pub(super) async fn one(orca: &Orca, kind: Kind, id: &str) -> Result<Page, LiveError> {
    let (model, key, right) = match kind {
        Kind::Alerts => ("Alert", "AlertId", READ_ALERTS),
        Kind::Assets => ("Inventory", "asset_unique_id", READ_ASSETS),
        Kind::Vulnerabilities => return Err(LiveError::Unsupported("Orca")),
    };
    let values = json!([{"key": key, "values": [id], "type": "str", "operator": "in"}]);
    let mut body = query(model, &values, 10);
    let beside = match kind {
        Kind::Alerts => json!(["Inventory", "CloudAccount"]),
        Kind::Assets | Kind::Vulnerabilities => json!(["CloudAccount"]),
    };
    set(&mut body, "additional_models[]", beside);
    let answer = Answer::read(kind, &post(orca, right, &body).await?)?;
    Ok(answer.page())
}

/// Whether records of a kind can be read.
pub(super) async fn try_one(orca: &Orca, kind: Kind) -> Result<(), LiveError> {
    let (body, right) = match kind {
        Kind::Alerts => (query("Alert", &json!([]), 1), READ_ALERTS),
        Kind::Vulnerabilities | Kind::Assets => (list(kind, 1), READ_ASSETS),
    };
    let answer = post(orca, right, &body).await?;
    Answer::read(kind, &answer).map(|_| ())
}

fn query(model: &str, values: &Value, limit: usize) -> Value {
    json!({
        "query": {"models": [model], "type": "object_set",
            "with": {"operator": "and", "type": "operation", "values": values}},
        "limit": limit, "start_at_index": 0, "get_results_and_count": true,
        "full_graph_fetch": {"enabled": true}, "max_tier": 2,
    })
}

fn list(kind: Kind, limit: usize) -> Value {
    match kind {
        Kind::Vulnerabilities => {
            let has = json!([{"keys": ["Inventory"], "models": ["Inventory"], "type": "object", "operator": "has"}]);
            let mut body = query("VulnerabilityV2", &has, limit);
            set(&mut body, "order_by[]", json!(["CveId"]));
            set(&mut body, "additional_models[]", json!(["InstalledPackage", "Inventory"]));
            set(&mut body, "flat_json", json!(true));
            body
        }
        Kind::Alerts | Kind::Assets => {
            let mut body = query("Inventory", &json!([]), limit);
            set(&mut body, "order_by[]", json!(["AssetUniqueId"]));
            set(&mut body, "additional_models[]", json!(["CloudAccount"]));
            body
        }
    }
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

async fn post(orca: &Orca, right: &'static str, body: &Value) -> Result<Response, LiveError> {
    let url = format!("{}/api/serving-layer/query", orca.url);
    let make =
        || -> Result<Request, HttpError> { Ok(Request::post(&url)?.json(body)?.idempotent()) };
    orca.send(right, &make).await
}
