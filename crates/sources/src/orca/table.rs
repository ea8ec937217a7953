//! Rows of the console's exports: a column's name is a path into the serving layer's record
//! (`Inventory.Name`), so a row is put together again and read as one.

use serde_json::{Map, Value};

use super::wire::Served;
use super::{alert, normalize, vulnerability};
use crate::intake::place::placed;
use crate::wire::plain;
use crate::{Output, RawRecord, Rejection};

/// A row of alerts or vulnerabilities of the serving layer.
pub(super) const SERVED: &str = "console export";
/// A row with the names of the older API.
pub(super) const FLAT: &str = "older console export";

/// Most bytes of a cell that is read as JSON.
const MOST_JSON_BYTES: usize = 1 << 20;

/// The serving layer's names, for columns that write them with blanks or in another case.
const NAMES: &[&str] = &[
    "AlertId",
    "AlertType",
    "AssetUniqueId",
    "Category",
    "CloudAccount",
    "CloudProvider",
    "CloudVendorId",
    "CreatedAt",
    "CveId",
    "CveIds",
    "CvssScore",
    "Description",
    "Details",
    "Inventory",
    "Labels",
    "LastSeen",
    "LastUpdated",
    "Name",
    "OrcaScore",
    "Recommendation",
    "Region",
    "RiskLevel",
    "RuleId",
    "RuleType",
    "Source",
    "Status",
    "Title",
    "Type",
];

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Map<String, Value> = serde_json::from_str(raw.text)?;
    let served = raw.shape.name == SERVED;
    let record = nested(&row, served);
    let text = Value::Object(record).to_string();
    // The record is put together from the row, so its places are those of the columns.
    let placed = |rejection: Rejection| Rejection(placed(&rejection.0, &text));
    if !served {
        return normalize::by_keys(&text, output).map_err(placed);
    }
    let says = |name: &str| row.iter().any(|(n, v)| plain(n) == plain(name) && v != "");
    if says("CveId") {
        return vulnerability::served(&text, &Served::default(), output).map_err(placed);
    }
    if !says("Title") && !says("AlertType") {
        return Err(Rejection::new("columns `Title` and `AlertType` are missing or empty"));
    }
    if !["Inventory.Name", "Inventory", "Source", "AssetUniqueId"].iter().any(|name| says(name)) {
        return Err(Rejection::new(
            "names no asset: columns `Inventory.Name` and `Source` are missing or empty",
        ));
    }
    alert::served(&text, &Served::default(), output).map_err(placed)
}

/// The record whose paths the columns are. A column beside paths below it only counts them
/// (`Inventory` is 1 where `Inventory.Name` names the one).
fn nested(row: &Map<String, Value>, served: bool) -> Map<String, Value> {
    let mut record = Map::new();
    let dotted = row.iter().filter_map(|(name, cell)| Some((name.split_once('.')?, cell)));
    for ((outer, inner), cell) in dotted {
        let held = record.entry(named(outer, served)).or_insert_with(|| Value::Object(Map::new()));
        if let (Value::Object(held), Some(value)) = (held, value(cell)) {
            held.insert(named(inner, served), value);
        }
    }
    for (name, cell) in row.iter().filter(|(name, _)| !name.contains('.')) {
        let (name, value) = (named(name, served), value(cell));
        // An object's column without paths below it holds its name.
        let is_object = served && matches!(name.as_str(), "Inventory" | "CloudAccount");
        let value = match value {
            Some(Value::String(text)) if is_object => Some(serde_json::json!({"Name": text})),
            other => other,
        };
        if let Some(value) = value {
            record.entry(name).or_insert(value);
        }
    }
    record
}

fn named(column: &str, served: bool) -> String {
    let known = NAMES.iter().find(|name| served && plain(name) == plain(column));
    known.map_or_else(|| column.to_owned(), |name| (*name).to_owned())
}

/// A cell: a list or an object where it holds one, else its text. Empty says nothing.
fn value(cell: &Value) -> Option<Value> {
    let text = cell.as_str()?.trim();
    if text.is_empty() {
        return None;
    }
    let is_json = text.starts_with(['[', '{']) && text.len() <= MOST_JSON_BYTES;
    let read = is_json.then(|| serde_json::from_str(text).ok()).flatten();
    Some(read.unwrap_or_else(|| Value::String(text.to_owned())))
}
