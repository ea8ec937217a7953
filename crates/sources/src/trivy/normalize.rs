//! Trivy's records as findings and evidence.

use quell_model::{
    Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp, Tool, Untrusted,
    Vulnerability as Weakness, parse_timestamp,
};
use serde_json::Value;

use super::place::Place;
use super::wire::{License, Misconfiguration, Modified, Secret, Vulnerability};
use crate::wire::{Facts, Text, sorted};
use crate::{Output, RawRecord, Rejection};

const ERROR_CHARS: usize = 200;
const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    if let Some(resource) = Place::unscanned(record) {
        let why: Text<'_> = serde_json::from_str(record.text)?;
        let why: String = why.or_empty().chars().take(ERROR_CHARS).collect();
        return Err(Rejection::new(format!("`{resource}` could not be scanned: {why}")));
    }
    let place = Place::of(record);
    let observed =
        record.envelope.document.get("CreatedAt").and_then(Value::as_str).and_then(parse_timestamp);
    let made = match place.list {
        0 => vulnerability(record.text, &place)?,
        1 => return misconfiguration(record.text, &place, observed, output),
        2 => secret(record.text, &place)?,
        3 => license(record.text, &place)?,
        _ => modified(record.text, &place)?,
    };
    let finding = Finding { last_seen: observed, ..made };
    output.push(Record::Finding(Box::new(finding)));
    Ok(())
}

/// What every record has in common.
fn blank(place: &Place<'_>, class: FindingClass, rule: Rule, severity: &Text<'_>) -> Finding {
    let asset = place.asset();
    Finding {
        tool: Tool { product: "trivy".to_owned(), format: "trivy".to_owned() },
        native_id: format!("{}|{}|{}", place.scanned(), place.target, rule.id),
        class,
        rule,
        title: Untrusted::default(),
        description: Untrusted::default(),
        severity: severity.get().map_or(Severity::Unknown, Severity::from_word),
        severity_native: severity.or_empty().to_owned(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: None,
        last_seen: None,
        vulnerability: None,
        location: None,
        detection: None,
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: Vec::new(),
        scope: place.scope(),
    }
}

fn rule(id: &Text<'_>, title: &Text<'_>, path: &str) -> Result<Rule, Rejection> {
    let id = id.get().ok_or_else(|| Rejection::new(format!("`{path}` is missing")))?;
    Ok(Rule { id: id.to_owned(), title: title.untrusted(TITLE_BYTES), aliases: Vec::new() })
}

fn vulnerability(text: &str, place: &Place<'_>) -> Result<Finding, Rejection> {
    let wire: Vulnerability<'_> = serde_json::from_str(text)?;
    let rule = rule(&wire.id, &wire.title, "VulnerabilityID")?;
    let owned = |text: &Text<'_>| text.get().map(str::to_owned);
    let mut finding = blank(place, FindingClass::Vulnerability, rule, &wire.severity);
    let path = wire.pkg_path.or_empty();
    finding.native_id = format!(
        "{}|{}|{}|{path}",
        finding.native_id,
        wire.pkg_name.or_empty(),
        wire.installed_version.or_empty()
    );
    finding.title = match wire.title.get() {
        Some(title) => Untrusted::from(title).capped(TITLE_BYTES),
        None => Untrusted::from(format!("{} in {}", finding.rule.id, wire.pkg_name.or_empty())),
    };
    finding.description = wire.description.untrusted(DESCRIPTION_BYTES);
    finding.references = wire.primary_url.link().into_iter().collect();
    finding.status_native = wire.status.or_empty().to_owned();
    if matches!(wire.status.get(), Some("not_affected")) {
        finding.status = Status::Suppressed;
    }
    let (cvss, cvss_vector) = cvss(&wire.cvss);
    finding.vulnerability = Some(Box::new(Weakness {
        id: finding.rule.id.clone(),
        aliases: wire.vendor_ids.iter().filter_map(owned).collect(),
        package: wire.pkg_name.or_empty().to_owned(),
        version: wire.installed_version.or_empty().to_owned(),
        fixed_version: owned(&wire.fixed_version),
        purl: owned(&wire.pkg_identifier.purl),
        path: owned(&wire.pkg_path),
        cvss,
        cvss_vector,
        ..Weakness::default()
    }));
    if place.class == "lang-pkgs" {
        finding.location = Some(place.location(None, (None, None)));
    }
    Ok(finding)
}

/// NVD's version 3 score, else the highest that any vendor gives.
fn cvss(value: &Value) -> (Option<f64>, Option<String>) {
    let Some(vendors) = value.as_object() else { return (None, None) };
    let score = |v: &Value| {
        v.get("V3Score").or_else(|| v.get("V40Score")).or_else(|| v.get("V2Score"))?.as_f64()
    };
    let vector =
        |v: &Value| v.get("V3Vector").or_else(|| v.get("V40Vector"))?.as_str().map(str::to_owned);
    if let Some(nvd) = vendors.get("nvd").filter(|v| score(v).is_some()) {
        return (score(nvd), vector(nvd));
    }
    let highest = sorted(value)
        .into_values()
        .max_by(|a, b| score(a).unwrap_or(0.0).total_cmp(&score(b).unwrap_or(0.0)));
    (highest.and_then(score), highest.and_then(vector))
}

fn misconfiguration(
    text: &str,
    place: &Place<'_>,
    observed: Option<Timestamp>,
    output: &mut Output,
) -> Result<(), Rejection> {
    let wire: Misconfiguration<'_> = serde_json::from_str(text)?;
    let mut rule = rule(&wire.id, &wire.title, "ID")?;
    rule.aliases.extend(wire.avd_id.get().filter(|a| *a != rule.id).map(str::to_owned));
    let cause = &wire.cause_metadata;
    let lines = (cause.start_line.integer(), cause.end_line.integer());
    let address = cause.resource.or_empty();
    let mut finding = blank(place, FindingClass::Misconfiguration, rule, &wire.severity);
    finding.asset = place.block(address);
    let line = lines.0.filter(|_| address.is_empty()).unwrap_or_default();
    finding.native_id = format!("{}|{address}|{line}", finding.native_id);
    finding.status_native = wire.status.or_empty().to_owned();
    if matches!(wire.status.get(), Some("PASS" | "EXCEPTION")) {
        output.push(Record::Evidence(Box::new(Evidence {
            tool: finding.tool,
            native_id: finding.native_id,
            rule: finding.rule,
            asset: finding.asset,
            passed: wire.status.get() == Some("PASS"),
            result_native: finding.status_native,
            observed,
            scope: finding.scope,
        })));
        return Ok(());
    }
    finding.title = wire.title.untrusted(TITLE_BYTES);
    finding.description = match wire.message.get() {
        Some(message) => Untrusted::from(format!("{message}\n{}", wire.description.or_empty())),
        None => wire.description.untrusted(DESCRIPTION_BYTES),
    }
    .capped(DESCRIPTION_BYTES);
    finding.remediation = wire.resolution.untrusted(DESCRIPTION_BYTES);
    finding.references = wire.primary_url.link().into_iter().collect();
    // The lines of an object are those of Trivy's own print of it: one issue, not one a line.
    finding.location = (!place.is_object()).then(|| place.location(Some(address), lines));
    finding.last_seen = observed;
    output.push(Record::Finding(Box::new(finding)));
    Ok(())
}

fn secret(text: &str, place: &Place<'_>) -> Result<Finding, Rejection> {
    let wire: Secret<'_> = serde_json::from_str(text)?;
    let mut finding = blank(
        place,
        FindingClass::Secret,
        rule(&wire.rule_id, &wire.title, "RuleID")?,
        &wire.severity,
    );
    let start = wire.start_line.integer();
    finding.native_id = format!("{}|{}", finding.native_id, start.unwrap_or_default());
    finding.title = match wire.title.get() {
        Some(title) => Untrusted::from(format!("{title} in {}", place.target)).capped(TITLE_BYTES),
        None => wire.category.untrusted(TITLE_BYTES),
    };
    finding.location = Some(place.location(None, (start, wire.end_line.integer())));
    // What matched is left out: a report is no place for a secret.
    Ok(finding)
}

fn license(text: &str, place: &Place<'_>) -> Result<Finding, Rejection> {
    let wire: License<'_> = serde_json::from_str(text)?;
    let mut finding = blank(
        place,
        FindingClass::License,
        rule(&wire.name, &Text::default(), "Name")?,
        &wire.severity,
    );
    let holder = wire.pkg_name.get().or(wire.file_path.get()).unwrap_or_default();
    finding.native_id = format!("{}|{holder}", finding.native_id);
    finding.title =
        Untrusted::from(format!("Licence {} of {holder}", finding.rule.id)).capped(TITLE_BYTES);
    finding.references = wire.link.link().into_iter().collect();
    let mut facts = Facts::default();
    facts.add("category", wire.category.or_empty());
    finding.evidence = facts.into_vec();
    Ok(finding)
}

/// A finding that was taken out is kept, suppressed, with who took it out and why.
fn modified(text: &str, place: &Place<'_>) -> Result<Finding, Rejection> {
    let wire: Modified<'_> = serde_json::from_str(text)?;
    let inner = wire.finding.ok_or_else(|| Rejection::new("`Finding` is missing"))?;
    // A place that is told counts from the inner record's begin.
    let inside = |Rejection(why): Rejection| {
        let what = why.rsplit_once(" at line ").map_or(why.as_str(), |(what, _)| what);
        Rejection(format!("{what} at `$.Finding`"))
    };
    let mut finding = vulnerability(inner.get(), place).map_err(inside)?;
    finding.status = Status::Suppressed;
    finding.status_native = wire.status.or_empty().to_owned();
    let mut facts = Facts::default();
    facts.add("statement", wire.statement.or_empty());
    facts.add("source", wire.source.or_empty());
    finding.evidence = facts.into_vec();
    Ok(finding)
}
