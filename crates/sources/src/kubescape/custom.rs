//! Custom resources of Kubescape's operator: a workload's controls, an image's weaknesses.

use quell_model::{
    AssetId, Finding, FindingClass, Hints, Record, Rule, Severity, Untrusted, Vulnerability,
};
use serde_json::Value;

use super::place::Thing;
use super::result::Around;
use super::tool;
use super::wire::{Match, Matched, Metadata, Payload, Resource};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let resource: Resource<'_> = serde_json::from_str(record.text)?;
    let metadata = &resource.metadata;
    if let Some(payload) = &resource.spec.payload {
        weaknesses(metadata, payload, output);
        return Ok(());
    }
    let Some(controls) = &resource.spec.controls else {
        let kind: String = resource.kind.or_empty().chars().take(60).collect();
        return Err(Rejection::new(format!(
            "`spec` of this `{kind}` has neither `controls` nor `payload`: it holds no finding"
        )));
    };
    let around = Around {
        thing: workload(metadata),
        cluster: cluster(metadata),
        document: &Value::Null,
        observed: metadata.creation_timestamp.time(),
    };
    for (id, control) in controls {
        // The summary of a scan names its controls by the key alone.
        output.push(around.judged(control.control_id.get().unwrap_or(id), control));
    }
    if output.records.is_empty() {
        output.push(Record::Asset(Box::new(around.thing.asset(around.cluster))));
    }
    Ok(())
}

fn label<'m>(metadata: &'m Metadata<'_>, name: &str) -> &'m str {
    let key = format!("kubescape.io/{name}");
    let of = metadata.labels.get(&key).and_then(Text::get);
    of.or_else(|| metadata.annotations.get(&key)?.get()).unwrap_or_default()
}

fn workload(metadata: &Metadata<'_>) -> Thing {
    let namespace = match label(metadata, "workload-namespace") {
        "" => metadata.namespace.or_empty(),
        namespace => namespace,
    };
    let name = match label(metadata, "workload-name") {
        "" => metadata.name.or_empty(),
        name => name,
    };
    Thing::of_workload(namespace, label(metadata, "workload-kind"), name)
}

/// `wlid://cluster-prod/namespace-shop/deployment-web` → `prod`.
fn cluster<'m>(metadata: &'m Metadata<'_>) -> &'m str {
    let rest = label(metadata, "wlid").strip_prefix("wlid://cluster-");
    rest.and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

fn weaknesses(metadata: &Metadata<'_>, payload: &Payload<'_>, output: &mut Output) {
    let image = match label(metadata, "image-tag") {
        "" => label(metadata, "image-id"),
        tag => tag,
    };
    // The id of an image holds its digest, which says more than its name.
    let native = match label(metadata, "image-id") {
        id if id.contains("@sha256:") => id,
        _ => image,
    };
    let mut asset = workload(metadata).asset(cluster(metadata));
    if !native.is_empty() {
        let hints = Hints { kind: Some("container_image"), ..Hints::default() };
        asset.id = AssetId::parse(native, &hints);
        native.clone_into(&mut asset.native_id);
        "container_image".clone_into(&mut asset.native_kind);
        asset.name = Untrusted::from(image).capped(TITLE_BYTES);
    }
    for found in &payload.matches {
        let (weakness, package) = (&found.vulnerability, &found.artifact.name);
        let id = weakness.id.or_empty();
        let title = format!("{id} in {}", package.or_empty());
        let title = Untrusted::from(title).capped(TITLE_BYTES);
        let rule = Rule { id: id.to_owned(), title, aliases: Vec::new() };
        let made = Finding::new(tool(), FindingClass::Vulnerability, rule, asset.clone());
        let mut facts = Facts::default();
        facts.add("workload", label(metadata, "wlid"));
        let finding = Finding {
            native_id: format!(
                "{}|{id}|{}|{}",
                asset.native_id,
                package.or_empty(),
                found.artifact.version.or_empty()
            ),
            description: weakness.description.untrusted(DESCRIPTION_BYTES),
            severity: weakness.severity.get().map_or(Severity::Unknown, Severity::from_word),
            severity_native: weakness.severity.or_empty().to_owned(),
            status_native: weakness.fix.state.or_empty().to_owned(),
            last_seen: metadata.creation_timestamp.time(),
            references: weakness.data_source.link().into_iter().collect(),
            vulnerability: Some(Box::new(vulnerability(found))),
            evidence: facts.into_vec(),
            ..made
        };
        output.push(Record::Finding(Box::new(finding)));
    }
    if output.records.is_empty() {
        output.push(Record::Asset(Box::new(asset)));
    }
}

fn vulnerability(found: &Match<'_>) -> Vulnerability {
    let weakness = &found.vulnerability;
    let fixes: Vec<&str> = weakness.fix.versions.iter().filter_map(Text::get).collect();
    Vulnerability {
        id: weakness.id.or_empty().to_owned(),
        package: found.artifact.name.or_empty().to_owned(),
        version: found.artifact.version.or_empty().to_owned(),
        fixed_version: (!fixes.is_empty()).then(|| fixes.join(", ")),
        purl: found.artifact.purl.get().map(str::to_owned),
        cvss: score(weakness),
        cvss_vector: weakness.cvss.iter().find_map(|c| c.vector.get()).map(str::to_owned),
        ..Vulnerability::default()
    }
}

/// The first score, as its vector is the first.
fn score(weakness: &Matched<'_>) -> Option<f64> {
    weakness.cvss.iter().find_map(|cvss| cvss.metrics.get("baseScore")?.as_f64())
}
