//! An analysis as statements.

use quell_model::{Position, Product, Record, Statement, Tool, Untrusted, parse_timestamp};
use serde_json::Value;

use super::component::{Component, Named, field, named};
use super::wire::{Affected, Version, Vulnerability};
use crate::wire::cut;
use crate::{Envelope, Output, Rejection};

const TEXT_BYTES: usize = 2048;

/// What an analysis says.
pub(super) fn position(state: &str) -> Option<Position> {
    Some(match state {
        "not_affected" | "false_positive" => Position::NotAffected,
        "resolved" | "resolved_with_pedigree" => Position::Fixed,
        "exploitable" => Position::Affected,
        "in_triage" => Position::UnderInvestigation,
        _ => return None,
    })
}

/// Adds a statement for each product, and for each of its versions where they are listed.
pub(super) fn add(
    wire: &Vulnerability<'_>,
    (vulnerability, aliases): (&str, &[String]),
    envelope: &Envelope<'_>,
    output: &mut Output,
) -> Result<(), Rejection> {
    let state = wire.analysis.state.or_empty();
    let verdict = position(state).ok_or_else(|| {
        let shown: String = state.chars().filter(|c| !c.is_control()).take(40).collect();
        Rejection::new(format!("`analysis.state` is `{shown}`, which CycloneDX has not"))
    })?;
    let analysis = &wire.analysis;
    let time = [&analysis.last_updated, &analysis.first_issued].into_iter().find_map(|t| t.time());
    let document_time = envelope.document.pointer("/metadata/timestamp").and_then(Value::as_str);
    let whole = Statement {
        tool: Tool { product: "cyclonedx".to_owned(), format: "cyclonedx".to_owned() },
        native_id: field(envelope.document, "serialNumber").to_owned(),
        vulnerability: vulnerability.to_owned(),
        aliases: aliases.to_vec(),
        verdict,
        verdict_native: state.to_owned(),
        justification: analysis.justification.or_empty().chars().take(128).collect(),
        text: said(wire),
        author: Untrusted::from(author(envelope.document)).capped(512),
        time: time
            .or_else(|| document_time.and_then(parse_timestamp))
            .or_else(|| wire.updated.time()),
        ..Statement::default()
    };
    let main = Component::main(envelope);
    for affected in &wire.affects {
        let (product, component) = subject(envelope, main, affected);
        for version in versions(affected) {
            let (mut product, mut component) = (product.clone(), component.clone());
            limit(component.as_mut().unwrap_or(&mut product), version);
            let statement = Statement { product, component, ..whole.clone() };
            output.push(Record::Statement(Box::new(statement)));
        }
    }
    if wire.affects.is_empty() {
        let product = main.map(Component::product).unwrap_or_default();
        output.push(Record::Statement(Box::new(Statement { product, ..whole })));
    }
    Ok(())
}

/// The product, and the component of it that is meant: a package of an image is told with it.
fn subject(
    envelope: &Envelope<'_>,
    main: Option<Component<'_>>,
    affected: &Affected<'_>,
) -> (Product, Option<Product>) {
    match named(envelope, affected.reference.or_empty()) {
        Named::Elsewhere(product) => (product, None),
        Named::Here(component) => {
            let image = component
                .image_around(envelope.document)
                .or_else(|| main.filter(|main| main.is_image() && !component.is_main()));
            match image {
                Some(image) => (image.product(), Some(component.product())),
                None => (component.product(), None),
            }
        }
    }
}

/// The versions listed; none, where none are.
fn versions<'w, 'a>(affected: &'w Affected<'a>) -> Vec<Option<&'w Version<'a>>> {
    if affected.versions.is_empty() {
        return vec![None];
    }
    affected.versions.iter().map(Some).collect()
}

fn limit(product: &mut Product, version: Option<&Version<'_>>) {
    let Some(version) = version else { return };
    if let Some(one) = version.version.get() {
        cut(one).clone_into(&mut product.version);
    } else if let Some(range) = version.range.get() {
        product.version.clear();
        product.range = Some(cut(range).to_owned());
    }
}

fn said(wire: &Vulnerability<'_>) -> Untrusted {
    let analysis = &wire.analysis;
    let mut parts: Vec<String> = analysis.detail.get().map(str::to_owned).into_iter().collect();
    let answers: Vec<&str> = analysis.response.iter().filter_map(|r| r.get()).collect();
    if !answers.is_empty() {
        parts.push(format!("response: {}", answers.join(", ")));
    }
    Untrusted::from(parts.join("\n")).capped(TEXT_BYTES)
}

/// Who made the document: supplier, maker, author or tool, whichever comes first.
fn author(document: &Value) -> &str {
    const PLACES: &[&str] = &[
        "/metadata/supplier/name",
        "/metadata/manufacturer/name",
        "/metadata/manufacture/name",
        "/metadata/authors/0/name",
        "/metadata/tools/0/vendor",
        "/metadata/tools/0/name",
        "/metadata/tools/components/0/name",
    ];
    let at = |place: &&str| document.pointer(place).and_then(Value::as_str).map(str::trim);
    PLACES.iter().filter_map(at).find(|name| !name.is_empty()).unwrap_or_default()
}
