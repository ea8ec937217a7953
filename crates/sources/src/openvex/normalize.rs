//! OpenVEX statements as ours.

use quell_model::{Position, Product, Record, Statement, Tool, Untrusted};
use serde_json::Value;

use super::wire::{self, Thing};
use crate::wire::{Text, cut, product_of, weakness_of};
use crate::{Output, RawRecord, Rejection};

const TEXT_BYTES: usize = 2048;
/// Pairs of a product and a part that one statement may name.
const MOST_PAIRS: usize = 20_000;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: wire::Statement<'_> = serde_json::from_str(record.text)?;
    let document = match record.shape.name {
        "attestation" => record.envelope.document.get("predicate").unwrap_or(&Value::Null),
        _ => record.envelope.document,
    };
    let mut products = wire.products;
    if products.is_empty() && record.shape.name == "attestation" {
        products = wire::list(record.envelope.document.get("subject").unwrap_or(&Value::Null));
    }
    let native = wire.status.get().ok_or_else(|| Rejection::new("`status` is missing"))?;
    let verdict = position(native).ok_or_else(|| {
        Rejection::new(format!("`status` is `{}`, which OpenVEX has not", short(native)))
    })?;
    let names = &wire.vulnerability;
    let ids = std::iter::once(names.name.as_str()).chain(names.aliases.iter().map(String::as_str));
    let (vulnerability, aliases) =
        weakness_of(ids).ok_or_else(|| Rejection::new("`vulnerability` is missing"))?;
    let time = [&wire.last_updated, &wire.timestamp].into_iter().find_map(Text::time);
    let whole = Statement {
        tool: Tool { product: "openvex".to_owned(), format: "openvex".to_owned() },
        native_id: native_id(document, cut(wire.id.or_empty())),
        vulnerability,
        aliases,
        product: Product::default(),
        component: None,
        verdict,
        verdict_native: native.to_owned(),
        justification: wire.justification.or_empty().chars().take(128).collect(),
        text: said(&[&wire.impact_statement, &wire.status_notes, &wire.action_statement]),
        author: Untrusted::from(at(document, "author").unwrap_or_default()).capped(512),
        time: time.or_else(|| document_time(document)),
    };
    let pairs: usize =
        products.iter().map(|p| p.parts.len().max(wire.subcomponents.len()).max(1)).sum();
    if pairs > MOST_PAIRS {
        return Err(Rejection::new(format!("`products` names more than {MOST_PAIRS} products")));
    }
    if products.is_empty() {
        // Nobody can tell what it is about; it is kept and counted, and matches nothing.
        output.push(Record::Statement(Box::new(whole)));
        return Ok(());
    }
    for thing in &products {
        let product = product(thing);
        let parts = if thing.parts.is_empty() { &wire.subcomponents } else { &thing.parts };
        let components = parts.iter().map(|part| Some(self::product(part)));
        let alone = parts.is_empty().then_some(None);
        for component in components.chain(alone) {
            let statement = Statement { product: product.clone(), component, ..whole.clone() };
            output.push(Record::Statement(Box::new(statement)));
        }
    }
    Ok(())
}

fn product(thing: &Thing) -> Product {
    product_of(&thing.id, &thing.purl, &thing.sha256)
}

fn position(word: &str) -> Option<Position> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "not_affected" => Position::NotAffected,
        "affected" => Position::Affected,
        "fixed" => Position::Fixed,
        "under_investigation" => Position::UnderInvestigation,
        _ => return None,
    })
}

fn native_id(document: &Value, own: &str) -> String {
    let whole = at(document, "@id").or_else(|| at(document, "id")).unwrap_or_default();
    match (whole, own) {
        (whole, "") => whole.to_owned(),
        ("", own) => own.to_owned(),
        (whole, own) => format!("{whole} {own}"),
    }
}

fn document_time(document: &Value) -> Option<quell_model::Timestamp> {
    ["last_updated", "timestamp"]
        .iter()
        .find_map(|name| quell_model::parse_timestamp(at(document, name)?))
}

fn at<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value
        .get(name)
        .and_then(Value::as_str)
        .map(|text| cut(text.trim()))
        .filter(|text| !text.is_empty())
}

/// What is said in words, each sentence once.
fn said(texts: &[&Text<'_>]) -> Untrusted {
    let mut parts: Vec<&str> = texts.iter().filter_map(|text| text.get()).collect();
    parts.dedup();
    Untrusted::from(parts.join("\n")).capped(TEXT_BYTES)
}

fn short(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(40).collect()
}
