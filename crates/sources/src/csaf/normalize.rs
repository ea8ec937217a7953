//! One vulnerability of a CSAF document as statements.

use std::collections::{HashMap, HashSet};

use quell_model::{Position, Record, Statement, Timestamp, Tool, Untrusted, parse_timestamp};
use serde_json::Value;

use super::products::{group, meant, text};
use crate::wire::weakness_of;
use crate::{Envelope, Output, RawRecord, Rejection};

const TEXT_BYTES: usize = 1024;
/// Products that one vulnerability may name, groups taken apart.
const MOST_PRODUCTS: usize = 200_000;

/// What a list of products in `product_status` says of them.
const STATUSES: &[(&str, Position)] = &[
    ("known_not_affected", Position::NotAffected),
    ("fixed", Position::Fixed),
    ("first_fixed", Position::Fixed),
    ("recommended", Position::Fixed),
    ("known_affected", Position::Affected),
    ("first_affected", Position::Affected),
    ("last_affected", Position::Affected),
    ("under_investigation", Position::UnderInvestigation),
    ("unknown", Position::UnderInvestigation),
];

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Value = serde_json::from_str(record.text)?;
    let ids = wire.get("ids").and_then(Value::as_array).into_iter().flatten();
    let ids = std::iter::once(text(&wire, "cve")).chain(ids.map(|id| text(id, "text")));
    let (vulnerability, aliases) =
        weakness_of(ids).ok_or_else(|| Rejection::new("`cve` and `ids[].text` are missing"))?;
    let status = wire
        .get("product_status")
        .filter(|s| s.is_object())
        .ok_or_else(|| Rejection::new("`product_status` is missing: it speaks of no product"))?;
    let envelope = &record.envelope;
    let mut budget = MOST_PRODUCTS;
    let flags = Notes::of(envelope, &wire, ("flags", "label"), &[], &mut budget)?;
    let impact = Notes::of(envelope, &wire, ("threats", "details"), &["impact"], &mut budget)?;
    let cure = Notes::of(envelope, &wire, ("remediations", "details"), &[], &mut budget)?;
    let whole = whole(envelope, vulnerability, aliases);
    let mut seen = HashSet::new();
    for (word, verdict) in STATUSES {
        let products = status.get(word).and_then(Value::as_array).into_iter().flatten();
        for id in products.filter_map(Value::as_str) {
            // A product that stands in two lists keeps the first, which is the stronger.
            if !seen.insert(id) {
                continue;
            }
            budget = budget.checked_sub(1).ok_or_else(too_many)?;
            let said = match verdict {
                Position::NotAffected => impact.get(id),
                Position::Affected | Position::Fixed | Position::UnderInvestigation => cure.get(id),
            };
            let meant = meant(envelope, id);
            output.push(Record::Statement(Box::new(Statement {
                product: meant.product,
                component: meant.component,
                verdict: *verdict,
                verdict_native: (*word).to_owned(),
                justification: short(flags.get(id).unwrap_or_default()),
                text: Untrusted::from(said.unwrap_or_default()).capped(TEXT_BYTES),
                ..whole.clone()
            })));
        }
    }
    if seen.is_empty() {
        return Err(Rejection::new("`product_status` names no product"));
    }
    Ok(())
}

fn short(word: &str) -> String {
    word.chars().take(128).collect()
}

fn too_many() -> Rejection {
    Rejection::new(format!(
        "`product_status` and what belongs to it name more than {MOST_PRODUCTS} products"
    ))
}

/// What all statements of a vulnerability have in common.
fn whole(envelope: &Envelope<'_>, vulnerability: String, aliases: Vec<String>) -> Statement {
    let document = envelope.document.get("document").unwrap_or(&Value::Null);
    let tracking = document.get("tracking").unwrap_or(&Value::Null);
    let publisher = document.get("publisher").unwrap_or(&Value::Null);
    Statement {
        tool: Tool { product: "csaf".to_owned(), format: "csaf".to_owned() },
        native_id: text(tracking, "id").to_owned(),
        vulnerability,
        aliases,
        author: Untrusted::from(text(publisher, "name")).capped(512),
        time: released(tracking),
        ..Statement::default()
    }
}

fn released(tracking: &Value) -> Option<Timestamp> {
    ["current_release_date", "initial_release_date"]
        .iter()
        .find_map(|name| parse_timestamp(text(tracking, name)))
}

/// Words about products: by product id, and for all where an entry names none.
#[derive(Debug, Default)]
struct Notes<'v> {
    of: HashMap<&'v str, &'v str>,
    of_all: Option<&'v str>,
}

impl<'v> Notes<'v> {
    /// Reads `field` of each entry of a list whose category is one of those given, or any.
    fn of(
        envelope: &Envelope<'v>,
        wire: &'v Value,
        (list, field): (&str, &str),
        categories: &[&str],
        budget: &mut usize,
    ) -> Result<Self, Rejection> {
        let mut notes = Self::default();
        let entries = wire.get(list).and_then(Value::as_array).into_iter().flatten();
        let wanted =
            |entry: &&Value| categories.is_empty() || categories.contains(&text(entry, "category"));
        for entry in entries.filter(wanted) {
            let (products, groups) = (ids(entry, "product_ids"), ids(entry, "group_ids"));
            let said = text(entry, field);
            if products.is_empty() && groups.is_empty() {
                notes.of_all.get_or_insert(said);
            }
            let in_groups =
                groups.iter().filter_map(Value::as_str).flat_map(|g| group(envelope, g));
            for product in products.iter().chain(in_groups).filter_map(Value::as_str) {
                *budget = budget.checked_sub(1).ok_or_else(too_many)?;
                notes.of.entry(product).or_insert(said);
            }
        }
        Ok(notes)
    }

    fn get(&self, product: &str) -> Option<&'v str> {
        self.of.get(product).copied().or(self.of_all)
    }
}

fn ids<'v>(entry: &'v Value, list: &str) -> &'v [Value] {
    entry.get(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
