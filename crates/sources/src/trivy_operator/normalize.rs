//! The operator's reports as findings, evidence and assets.

use std::collections::BTreeMap;

use quell_model::{
    Evidence, Finding, FindingClass, Location, Record, Rule, Severity, Status, Timestamp, Tool,
    Untrusted, Vulnerability as Weakness,
};
use serde_json::Value;

use super::wire::{Body, Check, Report, Secret, Vulnerability};
use super::workload::Workload;
use super::{compliance, workload};
use crate::wire::{Facts, Text, sorted};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let whole: Report<'_> = serde_json::from_str(record.text)?;
    if matches!(whole.verb.get(), Some("delete" | "DELETE")) {
        return Err(Rejection::new(
            "`verb` is delete: the operator took the report away, which says nothing on what is wrong",
        ));
    }
    let report = whole.operator_object.as_deref().unwrap_or(&whole);
    match (&report.report, &report.status) {
        (Some(body), _) => body_of(report, body, output),
        (None, Some(status)) => compliance::normalize(report, status, output),
        (None, None) => Err(Rejection::new(match report.kind.get() {
            Some(kind) => format!("`kind` is `{}`, and `report` is missing", brief(kind)),
            None => "`report` and `status` are missing".to_owned(),
        })),
    }
}

fn brief(kind: &str) -> String {
    kind.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// What all findings of a report have in common.
struct Around<'r> {
    workload: Workload<'r>,
    image: String,
    tool: Tool,
    observed: Option<Timestamp>,
    kind: &'r str,
}

fn body_of(report: &Report<'_>, body: &Body<'_>, output: &mut Output) -> Result<(), Rejection> {
    let around = Around {
        workload: Workload::of(&report.metadata),
        image: workload::image_reference(body),
        tool: tool(&body.scanner.name),
        observed: body.update_timestamp.time().or(report.metadata.creation_timestamp.time()),
        kind: report.kind.or_empty(),
    };
    let lists = [body.vulnerabilities.is_some(), body.checks.is_some(), body.secrets.is_some()];
    if lists == [false; 3] && body.components.is_some() {
        let asset = workload::image(body).unwrap_or_else(|| around.workload.asset());
        output.push(Record::Asset(Box::new(asset)));
        return Ok(());
    }
    // A list that is null is an empty one where the sums say so too.
    let is_zero = |sums: &BTreeMap<String, Text<'_>>| {
        !sums.is_empty() && sums.values().all(|count| count.integer() == Some(0))
    };
    if lists == [false; 3] && !is_zero(&body.summary) {
        return Err(Rejection::new(
            "`report` has none of `vulnerabilities`, `checks`, `secrets` and `components`",
        ));
    }
    for item in body.vulnerabilities.iter().flatten() {
        output.push(Record::Finding(Box::new(vulnerability(item, &around))));
    }
    for item in body.checks.iter().flatten() {
        output.push(check(item, &around));
    }
    for item in body.secrets.iter().flatten() {
        output.push(Record::Finding(Box::new(secret(item, &around))));
    }
    if output.records.is_empty() {
        output.push(clean(body, &around));
    }
    Ok(())
}

/// The tool by its scanner: Starboard has others than Trivy.
pub(super) fn tool(scanner: &Text<'_>) -> Tool {
    let product = scanner.get().map_or_else(|| "trivy".to_owned(), str::to_ascii_lowercase);
    Tool { product, format: "trivy_operator".to_owned() }
}

/// A report without entries says that there was nothing to find.
fn clean(body: &Body<'_>, around: &Around<'_>) -> Record {
    let (list, class) = match around.kind {
        kind if kind.contains("Vulnerability") => ("vulnerabilities", "vulnerability"),
        kind if kind.contains("Secret") => ("secrets", "secret"),
        _ if body.vulnerabilities.is_some() => ("vulnerabilities", "vulnerability"),
        _ if body.secrets.is_some() => ("secrets", "secret"),
        _ => ("checks", "config"),
    };
    Record::Evidence(Box::new(Evidence {
        tool: around.tool.clone(),
        native_id: format!("{}|{}|{list}", around.workload.path(), around.workload.container),
        rule: Rule { id: around.kind.to_owned(), ..Rule::default() },
        asset: around.workload.asset(),
        passed: true,
        result_native: format!("no {list}"),
        observed: around.observed,
        scope: around.workload.scope(class),
    }))
}

fn finding(around: &Around<'_>, class: FindingClass, rule: Rule, severity: &Text<'_>) -> Finding {
    let asset = around.workload.asset();
    Finding {
        severity: severity.get().map_or(Severity::Unknown, Severity::from_word),
        severity_native: severity.or_empty().to_owned(),
        last_seen: around.observed,
        ..Finding::new(around.tool.clone(), class, rule, asset)
    }
}

fn vulnerability(wire: &Vulnerability<'_>, around: &Around<'_>) -> Finding {
    let id = wire.id.or_empty().to_owned();
    let package = wire.resource.or_empty();
    let rule =
        Rule { id: id.clone(), title: wire.title.untrusted(TITLE_BYTES), aliases: Vec::new() };
    let owned = |text: &Text<'_>| text.get().map(str::to_owned);
    let made = finding(around, FindingClass::Vulnerability, rule, &wire.severity);
    let title = match wire.title.get() {
        Some(title) => title.to_owned(),
        None => format!("{id} in {package}"),
    };
    let mut facts = Facts::default();
    facts.add("image", &around.image);
    facts.add("container", around.workload.container);
    facts.add("target", wire.target.or_empty());
    facts.add("class", wire.class.or_empty());
    Finding {
        native_id: format!(
            "{}|{}|{id}|{package}|{}|{}",
            around.workload.path(),
            around.workload.container,
            wire.installed_version.or_empty(),
            wire.package_path.or_empty()
        ),
        title: Untrusted::from(title).capped(TITLE_BYTES),
        description: wire.description.untrusted(DESCRIPTION_BYTES),
        references: wire.primary_link.link().into_iter().collect(),
        evidence: facts.into_vec(),
        scope: around.workload.scope("vulnerability"),
        vulnerability: Some(Box::new(Weakness {
            id,
            package: package.to_owned(),
            version: wire.installed_version.or_empty().to_owned(),
            fixed_version: owned(&wire.fixed_version),
            purl: owned(&wire.package_purl),
            path: owned(&wire.package_path),
            cvss: wire.score.number(),
            cvss_vector: vector(&wire.cvss),
            ..Weakness::default()
        })),
        ..made
    }
}

/// The vector of NVD, else of any vendor.
fn vector(cvss: &Value) -> Option<String> {
    let vendors = cvss.as_object()?;
    let of = |vendor: &Value| Some(vendor.get("V3Vector")?.as_str()?.to_owned());
    vendors.get("nvd").and_then(of).or_else(|| sorted(cvss).into_values().find_map(of))
}

/// The rule of a check; a title stands in for an id that is missing.
pub(super) fn rule(check: &Check<'_>) -> Rule {
    let id = check.check_id.get().or(check.id.get()).unwrap_or_default();
    Rule { id: id.to_owned(), title: check.title.untrusted(TITLE_BYTES), aliases: Vec::new() }
}

fn check(wire: &Check<'_>, around: &Around<'_>) -> Record {
    let rule = rule(wire);
    let name = if rule.id.is_empty() { wire.title.or_empty() } else { rule.id.as_str() };
    let native_id = format!("{}|{}|{name}", around.workload.path(), around.workload.container);
    let scope = around.workload.scope("config");
    if wire.success.is_true() {
        return Record::Evidence(Box::new(Evidence {
            tool: around.tool.clone(),
            native_id,
            asset: around.workload.asset(),
            rule,
            passed: true,
            result_native: "success".to_owned(),
            observed: around.observed,
            scope,
        }));
    }
    let made = finding(around, FindingClass::Misconfiguration, rule, &wire.severity);
    Record::Finding(Box::new(Finding { native_id, scope, ..said_by(wire, made) }))
}

/// Fills in what a check says of itself.
pub(super) fn said_by(wire: &Check<'_>, made: Finding) -> Finding {
    let messages: Vec<&str> =
        wire.messages.iter().chain([&wire.message]).filter_map(Text::get).collect();
    let description = match messages.as_slice() {
        [] => wire.description.or_empty().to_owned(),
        messages => format!("{}\n{}", messages.join("\n"), wire.description.or_empty()),
    };
    let mut facts = Facts::default();
    facts.add("category", wire.category.or_empty());
    Finding {
        title: match wire.title.get() {
            Some(title) => Untrusted::from(title).capped(TITLE_BYTES),
            None => Untrusted::from(made.rule.id.as_str()),
        },
        status_native: "success: false".to_owned(),
        description: Untrusted::from(description).capped(DESCRIPTION_BYTES),
        remediation: wire.remediation.untrusted(DESCRIPTION_BYTES),
        evidence: facts.into_vec(),
        ..made
    }
}

/// What matched is left out: a report is no place for a secret.
fn secret(wire: &Secret<'_>, around: &Around<'_>) -> Finding {
    let id = wire.rule_id.or_empty();
    let rule =
        Rule { id: id.to_owned(), title: wire.title.untrusted(TITLE_BYTES), aliases: Vec::new() };
    let made = finding(around, FindingClass::Secret, rule, &wire.severity);
    let target = wire.target.or_empty();
    let title = wire.title.get().or(wire.category.get()).unwrap_or(id);
    let mut facts = Facts::default();
    facts.add("image", &around.image);
    facts.add("container", around.workload.container);
    facts.add("category", wire.category.or_empty());
    let location =
        Location { file: target.trim_start_matches('/').to_owned(), ..Location::default() };
    Finding {
        native_id: format!(
            "{}|{}|{id}|{target}",
            around.workload.path(),
            around.workload.container
        ),
        title: Untrusted::from(format!("{title} in {target}")).capped(TITLE_BYTES),
        location: wire.target.get().map(|_| Box::new(location)),
        evidence: facts.into_vec(),
        scope: around.workload.scope("secret"),
        status: Status::Open,
        ..made
    }
}
