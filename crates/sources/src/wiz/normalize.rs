//! Wiz records to findings, evidence, assets and activities: each by its own keys.

use quell_model::{
    Activity, Asset, Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp,
    Tool, Untrusted, Vulnerability, parse_timestamp,
};

use super::asset::{Beside, asset};
use super::wire::{Entity, Node, Rule as WireRule, Text};
use super::{detection, inventory, scan, table};
use crate::{Output, RawRecord, Rejection};

const MOST_TEXT_BYTES: usize = 4096;

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    if raw.shape.is_table() {
        return table::normalize(raw, output);
    }
    if raw.shape.name == scan::SCAN {
        return scan::normalize(raw, output);
    }
    if inventory::normalize(raw, output)? {
        return Ok(());
    }
    let node: Node<'_> = serde_json::from_str(raw.text)?;
    let record = match answered(raw) {
        Some(kind) => by_field(raw, &node, kind)?,
        None => by_keys(raw, &node)?,
    };
    let is_resource = matches!(record, Record::Asset(_));
    output.push(record);
    if is_resource {
        inventory::around(raw, output);
    }
    Ok(())
}

/// What the root field of an answer brings.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Issue,
    Configuration,
    Vulnerability,
    Detection,
    Resource,
}

fn answered(raw: &RawRecord<'_>) -> Option<Kind> {
    let place = raw.shape.records.get(raw.pattern)?.strip_prefix("$.data.")?;
    match place.split_once('.')?.0 {
        "issuesV2" | "issues" => Some(Kind::Issue),
        "configurationFindings" => Some(Kind::Configuration),
        "vulnerabilityFindings" => Some(Kind::Vulnerability),
        "detections" => Some(Kind::Detection),
        "cloudResourcesV2" | "cloudResources" => Some(Kind::Resource),
        _ => None,
    }
}

/// A record whose kind is known: what its kind always has is missed where it is not there.
fn by_field(raw: &RawRecord<'_>, node: &Node<'_>, kind: Kind) -> Result<Record, Rejection> {
    let need = |text: &Text<'_>, path: &str| match text.get() {
        Some(_) => Ok(()),
        None => Err(Rejection::new(format!("no text at {path}"))),
    };
    match kind {
        Kind::Issue => {
            need(&node.id, "$.id")?;
            need(&node.status, "$.status")?;
            issue(node)
        }
        Kind::Configuration => {
            need(&node.id, "$.id")?;
            need(&node.result, "$.result")?;
            configuration(node)
        }
        Kind::Vulnerability => vulnerability(node),
        Kind::Detection => {
            need(&node.id, "$.id")?;
            detection::finding(node)
        }
        Kind::Resource => resource(raw),
    }
}

fn by_keys(raw: &RawRecord<'_>, node: &Node<'_>) -> Result<Record, Rejection> {
    if node.action.get().is_some() && node.timestamp.get().is_some() {
        Ok(activity(node))
    } else if node.vulnerable_asset.is_some() || node.first_detected_at.get().is_some() {
        vulnerability(node)
    } else if node.issue.is_some() && node.control.is_some() {
        webhook_issue(node, raw.envelope.imported_at)
    } else if node.result.get().is_some() && node.rule.is_some() {
        configuration(node)
    } else if detection::fits(node) {
        detection::finding(node)
    } else if node.entity_snapshot.is_some() || is_issue_kind(node.kind.or_empty()) {
        issue(node)
    } else if node.cloud_platform.get().or_else(|| node.provider_unique_id.get()).is_some() {
        resource(raw)
    } else {
        Err(reference(node))
    }
}

fn resource(raw: &RawRecord<'_>) -> Result<Record, Rejection> {
    Ok(Record::Asset(Box::new(inventory::resource(&serde_json::from_str(raw.text)?)?)))
}

fn reference(node: &Node<'_>) -> Rejection {
    let what = if node.typename.or_empty() == "Control" { "control" } else { "reference record" };
    Rejection::new(format!("a wiz {what}, not a finding: nothing to keep"))
}

fn is_issue_kind(kind: &str) -> bool {
    matches!(
        kind,
        "TOXIC_COMBINATION"
            | "RISK_TOXIC_COMBINATION"
            | "ATTACK_SURFACE"
            | "THREAT_DETECTION"
            | "CLOUD_CONFIGURATION"
    )
}

pub(super) fn tool() -> Tool {
    Tool { product: "wiz".to_owned(), format: "wiz".to_owned() }
}

pub(super) fn prose(text: &str) -> Untrusted {
    Untrusted::from(text).capped(MOST_TEXT_BYTES)
}

pub(super) fn time(texts: &[&Text<'_>]) -> Option<Timestamp> {
    texts.iter().find_map(|text| parse_timestamp(text.or_empty()))
}

pub(super) fn status(word: &str) -> Status {
    match word.to_ascii_uppercase().as_str() {
        "IN_PROGRESS" => Status::InProgress,
        "RESOLVED" => Status::Resolved,
        "REJECTED" | "IGNORED" => Status::Suppressed,
        _ => Status::Open,
    }
}

/// The fields that every kind of finding fills alike; the callers fill the rest.
pub(super) fn base(node: &Node<'_>, class: FindingClass, rule: Rule, asset: Asset) -> Finding {
    let native_id = node.id.get().map_or_else(
        || format!("{}|{}|{}", rule.id, asset.id.key(), node.detailed_name.or_empty()),
        str::to_owned,
    );
    let links = [&node.portal_url, &node.url, &node.threat_url, &node.link];
    Finding {
        tool: tool(),
        native_id,
        class,
        title: rule.title.clone(),
        rule,
        description: prose(node.description.or_empty()),
        severity: Severity::from_word(node.severity.or_empty()),
        severity_native: node.severity.or_empty().to_owned(),
        status: status(node.status.or_empty()),
        status_native: node.status.or_empty().to_owned(),
        asset,
        first_seen: time(&[
            &node.first_detected_at,
            &node.first_seen_at,
            &node.started_at,
            &node.created_at,
        ]),
        last_seen: time(&[
            &node.last_detected_at,
            &node.updated_at,
            &node.analyzed_at,
            &node.created_at,
        ]),
        vulnerability: None,
        location: None,
        detection: None,
        remediation: prose(node.remediation.or_empty()),
        references: links
            .iter()
            .filter_map(|l| l.get())
            .filter(|l| is_web(l))
            .map(str::to_owned)
            .collect(),
        evidence: [("resolutionReason", &node.resolution_reason)]
            .iter()
            .filter_map(|(key, text)| Some(((*key).to_owned(), prose(text.get()?))))
            .collect(),
        scope: None,
    }
}

fn is_web(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

/// Most ids of other catalogues that are kept of one rule.
const MOST_REFERENCES: usize = 16;

/// A rule for settings: its short id is what people know.
pub(super) fn rule(wire: &WireRule<'_>) -> Option<Rule> {
    named(wire, [&wire.short_id, &wire.id])
}

/// A rule as issues and detections name it, pulled and pushed alike: by the id that a webhook has, too.
pub(super) fn issue_rule(wire: &WireRule<'_>) -> Option<Rule> {
    named(wire, [&wire.built_in_id, &wire.id])
}

fn named(wire: &WireRule<'_>, first: [&Text<'_>; 2]) -> Option<Rule> {
    let inner = wire.source_cloud_configuration_rule.as_deref();
    let others =
        [&wire.id, &wire.short_id, &wire.source_cloud_configuration_rule_id, &wire.graph_id];
    let inner_ids = inner.map(|rule| [&rule.short_id, &rule.id]);
    let ids = first.into_iter().chain(others).chain(inner_ids.into_iter().flatten());
    let mut known: Vec<&str> = Vec::new();
    for id in ids.filter_map(Text::get) {
        if !known.contains(&id) {
            known.push(id);
        }
    }
    let id = known.first().copied().or_else(|| wire.name.get())?.to_owned();
    let title = prose(wire.name.get().unwrap_or(&id));
    let elsewhere = inner
        .into_iter()
        .chain([wire])
        .flat_map(|rule| rule.external_references.as_array().into_iter().flatten());
    let elsewhere = elsewhere.filter_map(|r| r.get("id")?.as_str()).take(MOST_REFERENCES);
    let aliases = known.into_iter().skip(1).chain(elsewhere).map(str::to_owned).collect();
    Some(Rule { aliases, id, title })
}

pub(super) fn entity_asset(
    entity: Option<&Entity<'_>>,
    beside: &Beside<'_>,
    path: &str,
) -> Result<Asset, Rejection> {
    let none = Entity::default();
    asset(entity.unwrap_or(&none), beside)
        .ok_or_else(|| Rejection::new(format!("names no asset: $.{path} is missing or empty")))
}

pub(super) fn issue(node: &Node<'_>) -> Result<Record, Rejection> {
    let wire = node
        .source_rules
        .as_deref()
        .and_then(<[WireRule<'_>]>::first)
        .or(node.source_rule.as_ref())
        .or(node.control.as_ref());
    let class = match node.kind.or_empty() {
        "TOXIC_COMBINATION" | "RISK_TOXIC_COMBINATION" => FindingClass::AttackPath,
        "THREAT_DETECTION" => FindingClass::Detection,
        _ => FindingClass::Misconfiguration,
    };
    let asset = entity_asset(node.entity_snapshot.as_ref(), &Beside::default(), "entitySnapshot")?;
    // Some exports leave the rule out; the issue's type is then all that names the check.
    let rule = wire.and_then(issue_rule).unwrap_or_else(|| Rule {
        id: node.kind.or_empty().to_owned(),
        title: prose(node.kind.or_empty()),
        aliases: Vec::new(),
    });
    let mut finding = base(node, class, rule, asset);
    fill_from_rule(&mut finding, wire);
    finding.detection = detection::of_threat(node, &finding.asset).map(Box::new);
    Ok(Record::Finding(Box::new(finding)))
}

fn fill_from_rule(finding: &mut Finding, wire: Option<&WireRule<'_>>) {
    let Some(wire) = wire else { return };
    if finding.description.is_empty() {
        finding.description =
            prose(wire.control_description.get().unwrap_or_else(|| wire.description.or_empty()));
    }
    if finding.remediation.is_empty() {
        let advice = wire.resolution_recommendation.get();
        finding.remediation =
            prose(advice.unwrap_or_else(|| wire.remediation_instructions.or_empty()));
    }
}

fn webhook_issue(node: &Node<'_>, came: Timestamp) -> Result<Record, Rejection> {
    let (Some(issue), Some(control)) = (&node.issue, &node.control) else {
        return Err(Rejection::new("no issue at $.issue"));
    };
    let rule = issue_rule(control);
    let rule = rule.ok_or_else(|| Rejection::new("names no rule at $.control.id"))?;
    let asset = entity_asset(node.resource.as_ref(), &Beside::default(), "resource")?;
    let of_settings = control.source_cloud_configuration_rule_id.get().is_some();
    let class = if rule.id.starts_with("cer-") {
        FindingClass::Detection
    } else if rule.id.starts_with("wc-") && !of_settings {
        FindingClass::AttackPath
    } else {
        FindingClass::Misconfiguration
    };
    let mut finding = base(node, class, rule, asset);
    if let Some(id) = issue.id.get() {
        id.clone_into(&mut finding.native_id);
    }
    finding.severity = Severity::from_word(issue.severity.or_empty());
    issue.severity.or_empty().clone_into(&mut finding.severity_native);
    // A template without the status still says what happened.
    let happened = node.trigger.as_ref().map_or("", |trigger| trigger.kind.or_empty());
    let word = issue.status.get().unwrap_or(happened);
    finding.status = status(word);
    word.clone_into(&mut finding.status_native);
    finding.first_seen = time(&[&issue.created]);
    // The template tells when an issue was made, not when it changed: that is when it came.
    let came = finding.first_seen.map_or(came, |made| made.max(came));
    finding.last_seen = time(&[&issue.updated]).or(Some(came));
    fill_from_rule(&mut finding, Some(control));
    Ok(Record::Finding(Box::new(finding)))
}

pub(super) fn configuration(node: &Node<'_>) -> Result<Record, Rejection> {
    let wire = node.rule.as_ref();
    let rule = wire.and_then(rule).ok_or_else(|| Rejection::new("names no rule at $.rule.id"))?;
    let ids = [&node.target_external_id, &node.target_object_provider_unique_id];
    let beside = Beside { ids: &ids, account: None };
    let asset = entity_asset(node.resource.as_ref(), &beside, "resource")?;
    let mut finding = base(node, FindingClass::Misconfiguration, rule, asset);
    fill_from_rule(&mut finding, wire);
    if node.deleted.flag() == Some(true) {
        // Wiz deletes a finding with its resource.
        finding.status = Status::Resolved;
    }
    if node.result.or_empty().eq_ignore_ascii_case("FAIL") {
        return Ok(Record::Finding(Box::new(finding)));
    }
    Ok(Record::Evidence(Box::new(Evidence {
        tool: finding.tool,
        native_id: finding.native_id,
        rule: finding.rule,
        asset: finding.asset,
        passed: node.result.or_empty().eq_ignore_ascii_case("PASS"),
        result_native: node.result.or_empty().to_owned(),
        observed: finding.last_seen,
        scope: None,
    })))
}

pub(super) fn vulnerability(node: &Node<'_>) -> Result<Record, Rejection> {
    let id = node.name.get().ok_or_else(|| Rejection::new("no vulnerability id at $.name"))?;
    let asset =
        entity_asset(node.vulnerable_asset.as_ref(), &Beside::default(), "vulnerableAsset")?;
    let rule = Rule { id: id.to_owned(), title: prose(id), aliases: Vec::new() };
    let mut finding = base(node, FindingClass::Vulnerability, rule, asset);
    let words = [&node.severity, &node.vendor_severity, &node.cvss_severity];
    let word = words.iter().find_map(|w| w.get()).unwrap_or_default();
    finding.severity = Severity::from_word(word);
    word.clone_into(&mut finding.severity_native);
    if finding.description.is_empty() {
        finding.description = prose(node.cve_description.or_empty());
    }
    let owned = |text: &Text<'_>| text.get().map(str::to_owned);
    finding.vulnerability = Some(Box::new(Vulnerability {
        id: id.to_owned(),
        package: node.detailed_name.or_empty().to_owned(),
        version: node.version.or_empty().to_owned(),
        fixed_version: owned(&node.fixed_version),
        path: owned(&node.location_path),
        cvss: node.score.number().filter(|s| (0.0..=10.0).contains(s)),
        epss: node.epss_probability.number().filter(|p| (0.0..=1.0).contains(p)),
        exploited: node.has_cisa_kev_exploit.flag(),
        exploit_public: node.has_exploit.flag(),
        ..Vulnerability::default()
    }));
    Ok(Record::Finding(Box::new(finding)))
}

fn activity(node: &Node<'_>) -> Record {
    let who = [&node.performer, &node.user, &node.service_account].into_iter().flatten().next();
    let principal = who.and_then(|w| w.name.get().or_else(|| w.id.get())).unwrap_or_default();
    let facts = [
        ("sourceIP", &node.source_ip),
        ("userAgent", &node.user_agent),
        ("requestId", &node.request_id),
    ];
    let succeeded = match node.status.or_empty() {
        "SUCCESS" => Some(true),
        "FAILED" | "ACCESS_DENIED" => Some(false),
        _ => None,
    };
    Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: node.id.get().unwrap_or_else(|| node.request_id.or_empty()).to_owned(),
        action: node.action.or_empty().to_owned(),
        principal: prose(principal),
        asset: Asset::default(),
        time: parse_timestamp(node.timestamp.or_empty()),
        succeeded,
        evidence: facts
            .iter()
            .filter_map(|(key, text)| Some(((*key).to_owned(), prose(text.get()?))))
            .collect(),
    }))
}
