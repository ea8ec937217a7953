//! kube-bench's checks as findings and evidence.

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Hints, Provider, Record, Rule, Severity, Tool,
    Untrusted,
};

use super::wire::{Check, Group, Section};
use crate::wire::Facts;
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let section: Section<'_> = serde_json::from_str(record.text)?;
    if section.node_type.get().is_none() && section.tests.is_none() {
        return Err(Rejection::new("`node_type` and `tests` are missing"));
    }
    let asset = asset(&section);
    for group in section.tests.iter().flatten() {
        for check in &group.results {
            output.push(judged(&section, group, check, &asset));
        }
    }
    if output.records.is_empty() {
        // Nothing of the section was run; the part of the cluster is known all the same.
        output.push(Record::Asset(Box::new(asset)));
    }
    Ok(())
}

/// What a status says, by kube-bench's own documentation: FAIL is a fault, also where a scored
/// check could not be run. WARN needs a person. One kind of WARN is a fault: a check that is not
/// scored, was run, and did not find what it expected.
fn judged(section: &Section<'_>, group: &Group<'_>, check: &Check<'_>, asset: &Asset) -> Record {
    match check.status.get() {
        Some("FAIL") => finding(section, group, check, (asset, Severity::Unknown)),
        Some("WARN") if failed_unscored(check) => {
            finding(section, group, check, (asset, Severity::Low))
        }
        status => Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id: native_id(section, check),
            rule: rule(section, check),
            asset: asset.clone(),
            passed: status == Some("PASS"),
            result_native: match (status.unwrap_or("no status"), check.reason.get()) {
                (status, Some(reason)) => capped(&format!("{status}: {reason}")),
                (status, None) => status.to_owned(),
            },
            observed: None,
            scope: None,
        })),
    }
}

fn failed_unscored(check: &Check<'_>) -> bool {
    check.scored.get() == Some("false")
        && check.kind.get().is_none()
        && check.reason.get().is_none()
        && check.expected_result.get().is_some()
}

fn finding(
    section: &Section<'_>,
    group: &Group<'_>,
    check: &Check<'_>,
    (asset, severity): (&Asset, Severity),
) -> Record {
    let mut facts = Facts::default();
    facts.add("section", section.text.or_empty());
    facts.add("group", group.desc.or_empty());
    facts.add("kubernetes_version", section.detected_version.or_empty());
    facts.add("audit", check.audit.or_empty());
    facts.add("actual_value", check.actual_value.or_empty());
    facts.add("expected_result", check.expected_result.or_empty());
    facts.add("reason", check.reason.or_empty());
    facts.add("scored", check.scored.or_empty());
    let rule = rule(section, check);
    let made = Finding::new(tool(), FindingClass::Misconfiguration, rule, asset.clone());
    Record::Finding(Box::new(Finding {
        native_id: native_id(section, check),
        title: title(group, check, &made.rule.id),
        severity,
        status_native: check.status.or_empty().to_owned(),
        remediation: check.remediation.untrusted(DESCRIPTION_BYTES),
        evidence: facts.into_vec(),
        ..made
    }))
}

/// The group says which component is meant: several have a check of one name.
fn title(group: &Group<'_>, check: &Check<'_>, id: &str) -> Untrusted {
    let own = check.test_desc.get().unwrap_or(id);
    let whole = match group.desc.get() {
        Some(group) => format!("{group}: {own}"),
        None => own.to_owned(),
    };
    Untrusted::from(whole).capped(TITLE_BYTES)
}

fn tool() -> Tool {
    Tool { product: "kube_bench".to_owned(), format: "kube_bench".to_owned() }
}

fn native_id(section: &Section<'_>, check: &Check<'_>) -> String {
    let (node_type, version) = (section.node_type.or_empty(), benchmark(section));
    format!("{node_type}|{version}|{}", check.test_number.or_empty())
}

/// `cis-1.6`; before benchmarks of vendors there was a number alone.
fn benchmark(section: &Section<'_>) -> String {
    let version = section.version.or_empty();
    match version.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("cis-{version}"),
        false => version.to_owned(),
    }
}

/// A number means another thing in each benchmark, so the alias names both.
fn rule(section: &Section<'_>, check: &Check<'_>) -> Rule {
    let number = check.test_number.or_empty();
    let benchmark = benchmark(section);
    let full = (!benchmark.is_empty()).then(|| format!("{benchmark}-{number}"));
    Rule {
        id: number.to_owned(),
        title: check.test_desc.untrusted(TITLE_BYTES),
        aliases: full.into_iter().collect(),
    }
}

/// The cluster for what belongs to no node; else the nodes of that role, since none is named.
fn asset(section: &Section<'_>) -> Asset {
    let node_type = section.node_type.or_empty();
    let of_cluster = matches!(node_type, "policies" | "controlplane" | "managedservices" | "");
    let (native, kind, name) = match of_cluster {
        true => ("cluster", "Cluster", "cluster".to_owned()),
        false => (node_type, "NodeRole", format!("{node_type} nodes")),
    };
    let hints =
        Hints { provider: Some(Provider::Kubernetes), kind: Some(kind), ..Hints::default() };
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}

fn capped(text: &str) -> String {
    Untrusted::from(text).capped(TITLE_BYTES).raw().to_owned()
}
