//! A finding of Security Command Center becomes one of ours; its class says of what kind.

use quell_model::{
    Finding, FindingClass, FindingKey, KeyHasher, Record, Rule, Severity, Status, Tool, Untrusted,
};

use super::{PUSHED, asset, threat, vulnerability};
use crate::intake::place::placed_below;
use crate::wire::{Facts, Tree, decode_base64};
use crate::{Output, RawRecord, Rejection};

const MOST_REFERENCES: usize = 8;
const MOST_STANDARDS: usize = 16;

/// Where the time of an event stands, the newest spelling first.
const EVENT_TIMES: &[&str] = &["eventTime", "updateTime", "createTime"];

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    if raw.shape.name == PUSHED {
        return pushed(raw.text, output);
    }
    let record: Tree<'_> = serde_json::from_str(raw.text)?;
    output.push(finding_of(&record)?);
    Ok(())
}

/// The notification that a push of Pub/Sub carries.
fn pushed(text: &str, output: &mut Output) -> Result<(), Rejection> {
    const DATA: &str = "$.message.data";
    let around: Tree<'_> = serde_json::from_str(text)?;
    let data = around.key("message").first(&["data"]);
    let data = data.ok_or_else(|| Rejection::new(format!("no text at `{DATA}`")))?;
    let bytes = decode_base64(data);
    let bytes = bytes.ok_or_else(|| Rejection::new(format!("`{DATA}` is no Base64")))?;
    let inner = std::str::from_utf8(&bytes)
        .map_err(|_| Rejection::new(format!("`{DATA}` is no text in UTF-8")))?;
    let placed = |rejection: Rejection| Rejection(placed_below(&rejection.0, (inner, DATA)));
    let record: Tree<'_> = serde_json::from_str(inner).map_err(|e| placed(e.into()))?;
    output.push(finding_of(&record).map_err(placed)?);
    Ok(())
}

/// The finding of `{finding, resource}`, or of a finding that stands alone.
pub(crate) fn finding_of(record: &Tree<'_>) -> Result<Record, Rejection> {
    let (finding, path) = match record.key("finding") {
        inner if inner.is_map() => (inner, "$.finding"),
        _ => (record, "$"),
    };
    let resource = match record.key("resource") {
        beside if beside.is_map() => beside,
        _ => finding.key("resource"),
    };
    let category = finding
        .first(&["category"])
        .ok_or_else(|| Rejection::new(format!("names no fault at {path}.category")))?;
    let place = asset::of_finding(finding, resource).ok_or_else(|| {
        Rejection::new(format!("names no resource at {path}.resourceName or $.resource.name"))
    })?;
    let class = class(finding);
    let rule = Rule {
        id: category.to_owned(),
        title: Untrusted::from(category).capped(512),
        aliases: Vec::new(),
    };
    let mut out = Finding::new(tool(), class, rule, place);
    out.native_id = native_id(finding, category, out.asset.id.key());
    out.description = finding.prose(&[
        "description",
        "findingDetails.description",
        "sourceProperties.Explanation",
    ]);
    out.remediation = finding.prose(&["nextSteps", "sourceProperties.Recommendation"]);
    let severity = severity_word(finding);
    out.severity = severity_of(severity);
    severity.clone_into(&mut out.severity_native);
    (out.status, out.status_native) = status(finding);
    out.first_seen = finding.time(&["createTime", "eventTime"]);
    out.last_seen = finding.time(EVENT_TIMES);
    out.references = references(finding);
    out.evidence = facts(record, finding);
    match class {
        FindingClass::Detection => {
            out.detection = Some(Box::new(threat::detection(finding, &out.asset)));
        }
        FindingClass::Vulnerability => vulnerability::fill(finding, &mut out),
        FindingClass::Misconfiguration
        | FindingClass::Secret
        | FindingClass::CodeWeakness
        | FindingClass::AttackPath
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => {}
    }
    Ok(Record::Finding(Box::new(out)))
}

/// A finding of Event Threat Detection as it stands in the log, before it became a finding.
pub(crate) fn log_entry(entry: &Tree<'_>) -> Result<Record, Rejection> {
    let payload = entry.key("jsonPayload");
    let rule = payload
        .first(&["detectionCategory.ruleName", "detectionCategory.subRuleName"])
        .ok_or_else(|| {
            Rejection::new("names no rule at $.jsonPayload.detectionCategory.ruleName")
        })?;
    let place = asset::of_log_entry(entry).ok_or_else(|| {
        Rejection::new("names no resource at $.jsonPayload.affectedResources or $.resource.labels")
    })?;
    let rule = Rule { id: rule.to_owned(), title: Untrusted::from(rule), aliases: Vec::new() };
    let mut out = Finding::new(tool(), FindingClass::Detection, rule, place);
    out.native_id = native_id(entry, &out.rule.id, out.asset.id.key());
    let severity =
        payload.first(&["detectionPriority"]).unwrap_or_else(|| entry.text(&["severity"]));
    out.severity = severity_of(severity);
    severity.clone_into(&mut out.severity_native);
    out.first_seen = entry.time(&["timestamp", "receiveTimestamp"]);
    out.last_seen = out.first_seen;
    out.detection = Some(Box::new(threat::of_properties(payload, &out.asset)));
    Ok(Record::Finding(Box::new(out)))
}

fn tool() -> Tool {
    Tool { product: "scc".to_owned(), format: "scc".to_owned() }
}

fn class(finding: &Tree<'_>) -> FindingClass {
    let word = finding.text(&["findingClass"]).to_ascii_uppercase();
    match word.as_str() {
        "THREAT" => FindingClass::Detection,
        "VULNERABILITY" => FindingClass::Vulnerability,
        "TOXIC_COMBINATION" | "CHOKEPOINT" => FindingClass::AttackPath,
        "SENSITIVE_DATA_RISK" => FindingClass::DataRisk,
        "SECRET" => FindingClass::Secret,
        // The class is younger than the product: what a threat has else tells it.
        "" | "FINDING_CLASS_UNSPECIFIED" if is_threat(finding) => FindingClass::Detection,
        "" | "FINDING_CLASS_UNSPECIFIED" if finding.at("vulnerability.cve.id").get().is_some() => {
            FindingClass::Vulnerability
        }
        _ => FindingClass::Misconfiguration,
    }
}

fn is_threat(finding: &Tree<'_>) -> bool {
    finding.at("sourceProperties.detectionCategory").is_map()
        || finding.at("mitreAttack.primaryTactic").get().is_some()
}

/// The finding's own name without the location that the second API puts into it, so that both
/// APIs name one finding alike.
fn native_id(finding: &Tree<'_>, category: &str, asset: &str) -> String {
    if let Some(name) = finding.first(&["name", "canonicalName", "insertId", "findingId"]) {
        return name.replacen("/locations/global/", "/", 1);
    }
    let key: FindingKey =
        KeyHasher::new("scc").part(category).part(asset).part(finding.text(EVENT_TIMES)).finish();
    key.to_string()
}

fn severity_word<'t>(finding: &'t Tree<'_>) -> &'t str {
    let word = finding.text(&["severity"]);
    if !word.is_empty() && !word.eq_ignore_ascii_case("SEVERITY_UNSPECIFIED") {
        return word;
    }
    let old = ["sourceProperties.SeverityLevel", "sourceProperties.detectionPriority"];
    finding.first(&old).unwrap_or(word)
}

fn severity_of(word: &str) -> Severity {
    match word.to_ascii_uppercase().as_str() {
        "MINIMAL" => Severity::Informational,
        _ => Severity::from_word(word),
    }
}

fn status(finding: &Tree<'_>) -> (Status, String) {
    let state = finding.text(&["state"]);
    let mute = finding.text(&["mute"]);
    let status = match (state.to_ascii_uppercase().as_str(), mute.to_ascii_uppercase().as_str()) {
        ("INACTIVE", _) => Status::Resolved,
        ("MUTED", _) | (_, "MUTED") => Status::Suppressed,
        _ => Status::Open,
    };
    let native = if mute.eq_ignore_ascii_case("MUTED") && status == Status::Suppressed {
        mute
    } else {
        state
    };
    (status, native.to_owned())
}

fn references(finding: &Tree<'_>) -> Vec<String> {
    let own = finding.first(&["externalUri"]).into_iter();
    let of_cve = finding.at("vulnerability.cve.references").list().iter();
    let of_cve = of_cve.filter_map(|reference| reference.first(&["uri"]));
    let of_threat = finding.first(&["sourceProperties.contextUris.mitreUri.url"]).into_iter();
    let mut links: Vec<String> = own
        .chain(of_cve)
        .chain(of_threat)
        .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
        .filter(|link| link.len() <= 2048)
        .take(MOST_REFERENCES)
        .map(str::to_owned)
        .collect();
    links.dedup();
    links
}

fn facts(record: &Tree<'_>, finding: &Tree<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("findingClass", finding.text(&["findingClass"]));
    facts.add("stateChange", record.text(&["stateChange"]));
    facts.add("muteInitiator", finding.text(&["muteInitiator"]));
    let source = ["sourceDisplayName", "parentDisplayName", "sourceProperties.ScannerName"];
    facts.add("source", finding.text(&source));
    facts.add("compliances", &standards(finding));
    facts.add("moduleName", finding.text(&["moduleName"]));
    facts.add("posture", finding.text(&["securityPosture.name"]));
    facts.add("activationTrigger", finding.text(&["sourceProperties.ActivationTrigger"]));
    facts.add(
        "attackExposure",
        finding.text(&["attackExposure.score", "toxicCombination.attackExposureScore"]),
    );
    facts.into_vec()
}

/// `cis 1.2: 5.2; pci 3.2.1: 1.2.1`.
fn standards(finding: &Tree<'_>) -> String {
    let told: Vec<String> = finding
        .key("compliances")
        .list()
        .iter()
        .take(MOST_STANDARDS)
        .map(|standard| {
            let name = standard.text(&["standard"]);
            let version = standard.text(&["version"]);
            let ids = standard.key("ids").words(MOST_STANDARDS).join(", ");
            format!("{} {version}: {ids}", name.to_ascii_lowercase())
        })
        .collect();
    told.join("; ")
}
