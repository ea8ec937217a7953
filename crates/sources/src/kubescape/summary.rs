//! The summary of version 2: controls that nobody could judge, and the weaknesses of images.

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Hints, Record, Rule, Severity, Untrusted,
    Vulnerability,
};
use serde_json::Value;

use super::place::{self, text};
use super::wire::Weak;
use super::{observed, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;

/// What was scanned, and evidence of each control that ran on nothing: it was skipped, needs
/// an action, or has nothing to look at.
pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) {
    let document = record.envelope.document;
    let target = place::target(document);
    let controls = document.pointer("/summaryDetails/controls").and_then(Value::as_object);
    for (id, control) in controls.into_iter().flatten() {
        let said = status(control);
        if said == "failed" || !ran_on_nothing(control) {
            continue;
        }
        output.push(Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id: format!("{}|summary|{id}", place::cluster_name(document)),
            rule: Rule {
                id: id.clone(),
                title: Untrusted::from(text(control, "name").unwrap_or_default())
                    .capped(TITLE_BYTES),
                aliases: Vec::new(),
            },
            asset: target.clone(),
            passed: false,
            result_native: said,
            observed: observed(document),
            scope: None,
        })));
    }
    output.push(Record::Asset(Box::new(target)));
}

/// The status with its reason (`skipped: manual review`).
fn status(control: &Value) -> String {
    let info = control.get("statusInfo").unwrap_or(&Value::Null);
    let word = text(info, "status").or_else(|| text(control, "status")).unwrap_or("no status");
    let why = ["subStatus", "info"].iter().filter_map(|name| text(info, name));
    let whole = std::iter::once(word).chain(why).collect::<Vec<_>>().join(": ");
    Untrusted::from(whole).capped(TITLE_BYTES).raw().to_owned()
}

fn ran_on_nothing(control: &Value) -> bool {
    let counters = control.get("ResourceCounters").and_then(Value::as_object);
    counters.is_none_or(|all| all.values().all(|count| count.as_u64() == Some(0)))
}

/// A weakness of the scanned images. It does not say of which, so several are one asset.
pub(super) fn weakness(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Weak<'_> = serde_json::from_str(record.text)?;
    let id = wire.id.get().ok_or_else(|| Rejection::new("`id` is missing"))?.to_owned();
    let document = record.envelope.document;
    let images = images(document);
    let package = wire.package.or_empty();
    let title = Untrusted::from(format!("{id} in {package}")).capped(TITLE_BYTES);
    let rule = Rule { id: id.clone(), title, aliases: Vec::new() };
    let made =
        Finding::new(tool(), FindingClass::Vulnerability, rule, image_asset(document, &images));
    let mut facts = Facts::default();
    facts.add("images", &images.join(", "));
    let fixes: Vec<&str> = wire.fix_versions.iter().filter_map(Text::get).collect();
    output.push(Record::Finding(Box::new(Finding {
        native_id: format!("{}|{id}|{package}|{}", images.join(","), wire.version.or_empty()),
        severity: wire.severity.get().map_or(Severity::Unknown, Severity::from_word),
        severity_native: wire.severity.or_empty().to_owned(),
        status_native: wire.fixed_state.or_empty().to_owned(),
        last_seen: observed(document),
        vulnerability: Some(Box::new(Vulnerability {
            id,
            package: package.to_owned(),
            version: wire.version.or_empty().to_owned(),
            fixed_version: (!fixes.is_empty()).then(|| fixes.join(", ")),
            ..Vulnerability::default()
        })),
        evidence: facts.into_vec(),
        ..made
    })));
    Ok(())
}

fn images(document: &Value) -> Vec<&str> {
    let images = document.pointer("/summaryDetails/vulnerabilities/images");
    let list = images.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).take(64).collect()
}

fn image_asset(document: &Value, images: &[&str]) -> Asset {
    let [image] = images else { return place::target(document) };
    let hints = Hints { kind: Some("container_image"), ..Hints::default() };
    Asset {
        id: AssetId::parse(image, &hints),
        native_id: (*image).to_owned(),
        native_kind: "container_image".to_owned(),
        name: Untrusted::from(*image).capped(TITLE_BYTES),
        ..Asset::default()
    }
}
