//! Finding classes: misconfigurations, vulnerabilities, detections.

use quell_model::{
    Asset, Detection, Evidence, Finding, FindingClass, Process, Record, Rule, Scope, Severity,
    Status, Timestamp, Tool, Untrusted, Vulnerability,
};

use super::anomaly;
use super::resource::{assets, provider_word};
use super::wire::{Attack, Event, Process as WireProcess, Vulnerability as WireVulnerability};
use crate::wire::{Facts, Text};
use crate::{Output, Rejection, prowler};

const DESCRIPTION_BYTES: usize = 4096;
const TITLE_BYTES: usize = 512;
/// Ancestors kept of a process.
const MOST_PROCESSES: usize = 16;

/// Makes the findings of an event, or the evidence that a check passed.
pub(super) fn findings(
    event: &Event<'_>,
    class: i64,
    output: &mut Output,
) -> Result<(), Rejection> {
    let info = if event.finding_info.title.get().is_some() || event.finding_info.uid.get().is_some()
    {
        &event.finding_info
    } else {
        &event.finding
    };
    let rule_id = [&event.metadata.event_code, &info.analytic.uid, &event.compliance.control]
        .into_iter()
        .find_map(Text::get);
    let title = [&info.title, &event.message, &info.desc].into_iter().find_map(Text::get);
    if rule_id.is_none() && title.is_none() && event.vulnerabilities.is_empty() {
        return Err(Rejection::new(
            "`finding_info.title` and `metadata.event_code` are both missing",
        ));
    }
    let product = product(event);
    let observed = observed(event);
    let mut assets = assets(event);
    let several = class % 100_000 != 2004 || product == "prowler";
    let also_involved = if several { Vec::new() } else { assets.split_off(assets.len().min(1)) };
    for asset in assets {
        let rule = Rule {
            id: rule_id.or(info.analytic.name.get()).unwrap_or_default().to_owned(),
            title: info.analytic.name.untrusted(TITLE_BYTES),
            aliases: Vec::new(),
        };
        let native_id = native_id(event, info.uid.get(), &rule, &asset);
        let scope = scope(event, &product, &rule, &asset);
        let tool = Tool { product: product.clone(), format: "ocsf".to_owned() };
        if let Some(passed) = not_failing(event) {
            output.push(Record::Evidence(Box::new(Evidence {
                tool,
                native_id,
                rule,
                asset,
                passed,
                result_native: event.status_code.or_empty().to_owned(),
                observed,
                scope,
            })));
            continue;
        }
        let finding = Finding {
            tool,
            native_id,
            class: finding_class(event, class, &product),
            rule,
            title: Untrusted::from(title.unwrap_or_default()).capped(TITLE_BYTES),
            description: description(event, &info.desc),
            severity: severity(event),
            severity_native: event
                .severity
                .get()
                .or(event.severity_id.get())
                .unwrap_or_default()
                .to_owned(),
            status: status(event),
            status_native: event.status.get().or(event.state.get()).unwrap_or_default().to_owned(),
            asset,
            first_seen: first_time(&[
                &info.first_seen_time_dt,
                &info.first_seen_time,
                &info.created_time,
            ]),
            last_seen: observed,
            vulnerability: None,
            location: None,
            detection: detection(event, class, &product, &also_involved),
            remediation: event.remediation.desc.untrusted(DESCRIPTION_BYTES),
            references: references(&info.src_url, &event.remediation.references),
            evidence: facts(event),
            scope,
        };
        push(finding, event, output);
    }
    Ok(())
}

/// One finding, or one for each vulnerability that the event lists.
fn push(finding: Finding, event: &Event<'_>, output: &mut Output) {
    if event.vulnerabilities.is_empty() {
        output.push(Record::Finding(Box::new(finding)));
        return;
    }
    for listed in &event.vulnerabilities {
        let mut each = finding.clone();
        each.class = FindingClass::Vulnerability;
        let id = listed.cve.uid.get().or(listed.uid.get()).unwrap_or_default();
        each.rule.id = id.to_owned();
        if event.vulnerabilities.len() > 1 {
            each.native_id = format!("{}#{id}", each.native_id);
        }
        if let Some(title) = listed.title.get() {
            each.title = Untrusted::from(title).capped(TITLE_BYTES);
        }
        if let Some(desc) = listed.desc.get() {
            each.description = Untrusted::from(desc).capped(DESCRIPTION_BYTES);
        }
        if let Some(word) = listed.severity.get().filter(|_| event.severity_id.get().is_none()) {
            each.severity = Severity::from_word(word);
        }
        if each.remediation.is_empty() {
            each.remediation = listed.remediation.desc.untrusted(DESCRIPTION_BYTES);
        }
        each.vulnerability = Some(Box::new(vulnerability(listed, id)));
        output.push(Record::Finding(Box::new(each)));
    }
}

fn vulnerability(listed: &WireVulnerability<'_>, id: &str) -> Vulnerability {
    let package = listed.affected_packages.first().or(listed.packages.first());
    let text = |of: Option<&Text<'_>>| of.and_then(Text::get).map(str::to_owned);
    Vulnerability {
        id: id.to_owned(),
        aliases: Vec::new(),
        package: text(package.map(|p| &p.name)).unwrap_or_default(),
        version: text(package.map(|p| &p.version)).unwrap_or_default(),
        fixed_version: text(package.map(|p| &p.fixed_in_version)).filter(|v| v != "NotAvailable"),
        purl: text(package.map(|p| &p.purl)),
        path: text(package.map(|p| &p.path)),
        cvss: cvss(&listed.cve.cvss, "base_score").and_then(serde_json::Value::as_f64),
        cvss_vector: cvss(&listed.cve.cvss, "vector_string")
            .and_then(|v| v.as_str())
            .map(str::to_owned),
        epss: listed.cve.epss.score.number().filter(|p| (0.0..=1.0).contains(p)),
        exploited: listed.exploit_last_seen_time.get().map(|_| true),
        exploit_public: listed
            .is_exploit_available
            .get()
            .map(|_| listed.is_exploit_available.is_true()),
    }
}

/// A field of the first CVSS entry; older versions write one object, newer ones a list.
fn cvss<'v>(value: &'v serde_json::Value, field: &str) -> Option<&'v serde_json::Value> {
    value.as_array().and_then(|list| list.first()).unwrap_or(value).get(field)
}

/// The tool, as control aliases name it.
pub(super) fn product(event: &Event<'_>) -> String {
    let name = event.metadata.product.name.or_empty();
    let feature = event.metadata.product.feature.name.or_empty();
    let vendor = event.metadata.product.vendor_name.or_empty();
    let all = format!("{vendor} {name} {feature}").to_lowercase();
    const KNOWN: &[(&str, &str)] = &[
        ("prowler", "prowler"),
        ("guardduty", "guardduty"),
        ("inspector", "inspector"),
        ("macie", "macie"),
        ("security hub", "security_hub"),
        ("securityhub", "security_hub"),
        ("cloudtrail", "cloudtrail"),
        ("trivy", "trivy"),
        ("checkov", "checkov"),
        ("wiz", "wiz"),
        ("orca", "orca"),
        ("prisma", "prisma"),
        ("lacework", "lacework"),
        ("falco", "falco"),
        ("kubescape", "kubescape"),
    ];
    match KNOWN.iter().find(|(word, _)| all.contains(word)) {
        Some((_, product)) => (*product).to_owned(),
        None => {
            let slug =
                |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
            let slug: String = name.chars().take(40).map(slug).collect();
            if slug.is_empty() { "ocsf".to_owned() } else { slug }
        }
    }
}

fn first_time(texts: &[&Text<'_>]) -> Option<Timestamp> {
    texts.iter().find_map(|text| text.time())
}

/// When the tool last saw it. Prowler writes seconds where the schema says milliseconds.
pub(super) fn observed(event: &Event<'_>) -> Option<Timestamp> {
    let info = &event.finding_info;
    first_time(&[
        &info.last_seen_time_dt,
        &info.last_seen_time,
        &info.modified_time_dt,
        &info.modified_time,
        &event.finding.last_seen_time_dt,
        &event.finding.last_seen_time,
        &event.finding.modified_time,
        &event.time,
        &event.time_dt,
        &event.event_time,
        &event.start_time_dt,
        &info.created_time,
    ])
}

fn severity(event: &Event<'_>) -> Severity {
    match event.severity_id.integer() {
        Some(id @ 1..=6) => Severity::from_ocsf_id(id),
        _ => event.severity.get().map_or(Severity::Unknown, Severity::from_word),
    }
}

fn status(event: &Event<'_>) -> Status {
    let word = event.status.get().or(event.state.get()).unwrap_or_default().to_lowercase();
    match (event.status_id.integer().or(event.state_id.integer()), word.as_str()) {
        (_, "suppressed" | "muted") => Status::Suppressed,
        (_, "resolved" | "closed" | "archived") => Status::Resolved,
        (_, "in progress") => Status::InProgress,
        (_, "new" | "open") => Status::Open,
        (Some(2), _) => Status::InProgress,
        (Some(3), _) => Status::Suppressed,
        (Some(4), _) => Status::Resolved,
        _ => Status::Open,
    }
}

/// For results that are no finding: whether the check passed.
fn not_failing(event: &Event<'_>) -> Option<bool> {
    let word = event.status_code.get().or(event.compliance.status.get())?.to_lowercase();
    match word.as_str() {
        "pass" | "passed" => Some(true),
        "manual" | "not_available" | "not available" | "info" | "skipped" => Some(false),
        _ => None,
    }
}

fn finding_class(event: &Event<'_>, class: i64, product: &str) -> FindingClass {
    let types =
        || event.finding_info.types.iter().chain(&event.finding.types).filter_map(Text::get);
    match class % 100_000 {
        2002 => FindingClass::Vulnerability,
        2006 => FindingClass::DataRisk,
        2007 => FindingClass::CodeWeakness,
        2008 => FindingClass::Identity,
        2004 | 2005 if matches!(product, "prowler" | "checkov" | "kubescape" | "trivy") => {
            FindingClass::Misconfiguration
        }
        2004 | 2005 if types().any(|t| t.starts_with("Software and Configuration")) => {
            FindingClass::Misconfiguration
        }
        2004 | 2005 => FindingClass::Detection,
        2001 if product == "guardduty" || types().any(|t| t.starts_with("TTPs")) => {
            FindingClass::Detection
        }
        2001 if types().any(|t| t.contains("Vulnerabilities/CVE")) => FindingClass::Vulnerability,
        _ => FindingClass::Misconfiguration,
    }
}

fn description(event: &Event<'_>, desc: &Text<'_>) -> Untrusted {
    let detail = event.status_detail.get().or(event.message.get()).unwrap_or_default();
    match desc.get() {
        Some(desc) if detail.is_empty() || detail == desc => Untrusted::from(desc),
        Some(desc) => Untrusted::from(format!("{detail}\n{desc}")),
        None => Untrusted::from(detail),
    }
    .capped(DESCRIPTION_BYTES)
}

fn native_id(event: &Event<'_>, uid: Option<&str>, rule: &Rule, asset: &Asset) -> String {
    prowler::native_id(uid.or(event.metadata.uid.get()), rule, asset)
}

fn scope(event: &Event<'_>, product: &str, rule: &Rule, asset: &Asset) -> Option<Scope> {
    if product != "prowler" {
        return None;
    }
    let account = event.cloud.account.uid.get().unwrap_or(asset.id.account.as_str());
    let region = event.resources.first().and_then(|r| r.region.get()).or(event.cloud.region.get());
    Some(prowler::scope(&provider_word(event), account, rule, region.unwrap_or_default()))
}

fn references(own: &Text<'_>, listed: &[Text<'_>]) -> Vec<String> {
    own.link().into_iter().chain(listed.iter().filter_map(Text::link)).take(8).collect()
}

fn facts(event: &Event<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("status_detail", event.status_detail.or_empty());
    facts.add("risk_details", event.risk_details.or_empty());
    facts.add("api.operation", event.api.operation.or_empty());
    facts.add("src_endpoint.ip", event.src_endpoint.ip.or_empty());
    anomaly::add(&mut facts, &event.anomaly_analyses);
    facts.into_vec()
}

fn detection(
    event: &Event<'_>,
    class: i64,
    product: &str,
    also_involved: &[Asset],
) -> Option<Box<Detection>> {
    if finding_class(event, class, product) != FindingClass::Detection {
        return None;
    }
    let attacks = || event.attacks.iter().chain(&event.finding_info.attacks);
    let names = |of: fn(&Attack<'_>) -> Option<String>| {
        let mut names: Vec<String> = attacks().filter_map(of).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let process = event.process.as_ref().or(event.actor.process.as_ref()).or_else(|| {
        event.evidences.iter().find_map(|e| e.process.as_ref().or(e.actor.process.as_ref()))
    });
    let endpoints = event
        .evidences
        .iter()
        .map(|e| &e.src_endpoint)
        .chain([&event.src_endpoint, &event.dst_endpoint]);
    let user =
        [&event.actor.user, &event.user].into_iter().find_map(|u| u.name.get().or(u.uid.get()));
    Some(Box::new(Detection {
        techniques: names(|a| a.technique.uid.get().map(str::to_owned)),
        tactics: names(|a| a.tactic.name.get().map(str::to_owned)),
        principal: Untrusted::from(user.unwrap_or_default()).capped(TITLE_BYTES),
        processes: processes(process),
        remote_addresses: endpoints
            .filter_map(|e| e.ip.get())
            .map(str::to_owned)
            .take(16)
            .collect(),
        also_involved: also_involved.to_vec(),
    }))
}

fn processes(mut next: Option<&WireProcess<'_>>) -> Vec<Process> {
    let mut chain = Vec::new();
    while let Some(process) = next.filter(|_| chain.len() < MOST_PROCESSES) {
        chain.push(Process {
            name: process.name.untrusted(TITLE_BYTES),
            command_line: process.cmd_line.untrusted(DESCRIPTION_BYTES),
            pid: process.pid.integer(),
            user: process.user.name.untrusted(TITLE_BYTES),
        });
        next = process.parent_process.as_deref();
    }
    chain
}
