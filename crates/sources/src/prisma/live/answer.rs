//! An answer taken apart, with the path of what is not as expected.

use std::collections::BTreeMap;

use quell_http::Response;
use quell_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::live::{Item, LiveError, Page};
use crate::wire::Text;

/// An object of an answer: its fields as the vendor wrote them.
pub(super) struct Fields {
    path: String,
    fields: BTreeMap<String, Box<RawValue>>,
}

impl Fields {
    /// The body of an answer.
    pub(super) fn of(response: &Response) -> Result<Self, LiveError> {
        let fields = serde_json::from_slice(response.body())
            .map_err(|error| LiveError::shape("$", format!("is no object ({})", place(&error))))?;
        Ok(Self { path: "$".to_owned(), fields })
    }

    /// An object within.
    pub(super) fn object(&self, name: &str) -> Result<Self, LiveError> {
        let path = format!("{}.{name}", self.path);
        let raw = self.fields.get(name).ok_or_else(|| LiveError::shape(&path, "is missing"))?;
        let fields =
            serde_json::from_str(raw.get()).map_err(|_| LiveError::shape(&path, "is no object"))?;
        Ok(Self { path, fields })
    }

    /// A list. One that is `null` is empty; one that is missing is none.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Box<RawValue>>, LiveError> {
        let path = format!("{}.{name}", self.path);
        let raw = self.fields.get(name).ok_or_else(|| LiveError::shape(&path, "is missing"))?;
        list(raw.get(), &path)
    }

    /// Text that may be missing or empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, LiveError> {
        let path = format!("{}.{name}", self.path);
        let Some(raw) = self.fields.get(name) else { return Ok(None) };
        let text: Option<String> =
            serde_json::from_str(raw.get()).map_err(|_| LiveError::shape(&path, "is no text"))?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A number, if it is one.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        serde_json::from_str(self.fields.get(name)?.get()).ok()
    }
}

/// A list at a path; `null` is an empty one.
pub(super) fn list(text: &str, path: &str) -> Result<Vec<Box<RawValue>>, LiveError> {
    let list: Option<Vec<Box<RawValue>>> = serde_json::from_str(text)
        .map_err(|error| LiveError::shape(path, format!("is no list ({})", place(&error))))?;
    Ok(list.unwrap_or_default())
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// What is read of any record of either side.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(rename = "_id")]
    console_id: Text<'a>,
    rrn: Text<'a>,
    #[serde(rename = "lastUpdated")]
    updated: Text<'a>,
    #[serde(rename = "lastSeen")]
    seen: Text<'a>,
    time: Text<'a>,
    #[serde(rename = "scanTime")]
    scanned: Text<'a>,
}

/// Records as items. The platform's own name of a resource comes before the cloud's, which several may share.
pub(super) fn items(records: Vec<Box<RawValue>>) -> Vec<Item> {
    records.into_iter().map(item).collect()
}

fn item(json: Box<RawValue>) -> Item {
    let head: Head<'_> = serde_json::from_str(json.get()).unwrap_or_default();
    let id = [&head.rrn, &head.console_id, &head.id].into_iter().find_map(Text::get);
    let times = [&head.updated, &head.seen, &head.time, &head.scanned];
    let changed = times.into_iter().find_map(Text::time);
    let id = id.unwrap_or_default().to_owned();
    Item { id, changed, json }
}

/// A page with what the head of the answer tells.
pub(super) fn page(response: &Response, items: Vec<Item>) -> Page {
    Page {
        items,
        vendor_time: response.header("date").and_then(date),
        calls_left: response.header("x-ratelimit-remaining").and_then(|text| text.parse().ok()),
        ..Page::default()
    }
}

/// The time of a `Date` header.
fn date(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    let time = time.to_datetime().ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
