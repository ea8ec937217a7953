//! From one GuardDuty finding to a detection.

use quell_model::{
    Asset, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp, Tool, Untrusted,
};
use serde_json::Value;

use super::asset::assets;
use super::detection::detection;
use super::profile;
use super::service_wire::{Malware, Service};
use super::wire::Finding as Wire;
use crate::wire::{Facts, Text, text_of};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;
const ID_BYTES: usize = 2048;
const WORD_BYTES: usize = 64;
/// Names and files that one fact lists.
const MOST_LISTED: usize = 8;

/// Makes one detection of a finding, bare or within an event.
pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let mut wire: Wire<'_> = serde_json::from_str(record.text)?;
    let mut path = "$";
    if let Some(detail) = wire.detail.take() {
        path = "$.detail";
        wire = within(*detail, wire);
    }
    let kind = wire.kind.untrusted(TITLE_BYTES).raw().to_owned();
    if !kind.contains(':') {
        let reason = match wire.kind.get() {
            Some(_) => format!("`{path}.type` is no type of a GuardDuty finding"),
            None => format!("`{path}.type` is missing: this is no GuardDuty finding"),
        };
        return Err(Rejection::new(reason));
    }
    let mut assets = assets(&wire, &kind);
    if assets.is_empty() {
        let reason = format!(
            "`{path}.resource` names nothing that is known, and `{path}.accountId` is no account"
        );
        return Err(Rejection::new(reason));
    }
    let mut asset = assets.remove(0);
    if kind.starts_with("Recon:EC2/PortProbe") {
        asset.signals.internet_exposed = Some(true);
    }
    output.push(Record::Finding(Box::new(finding(&wire, kind, asset, assets))));
    Ok(())
}

/// An event names the account and the region again.
fn within<'a>(mut detail: Wire<'a>, event: Wire<'a>) -> Wire<'a> {
    if detail.account_id.get().is_none() {
        detail.account = event.account;
    }
    if detail.region.get().is_none() {
        detail.region = event.region;
    }
    detail
}

fn finding(wire: &Wire<'_>, kind: String, asset: Asset, also_involved: Vec<Asset>) -> Finding {
    let service = &wire.service;
    let archived = service.archived.is_true() || wire.archived.is_true();
    let title = wire.title.get().unwrap_or(&kind);
    let tool = Tool { product: "guardduty".to_owned(), format: "guardduty".to_owned() };
    let detection = detection(wire, &kind, also_involved);
    let title = Untrusted::from(title).capped(TITLE_BYTES);
    let rule = Rule { id: kind, ..Rule::default() };
    Finding {
        native_id: native_id(wire, &rule, &asset),
        title,
        description: wire.description.untrusted(DESCRIPTION_BYTES),
        severity: severity(&wire.severity),
        severity_native: wire.severity.untrusted(WORD_BYTES).raw().to_owned(),
        status: if archived { Status::Suppressed } else { Status::Open },
        status_native: if archived { "archived".to_owned() } else { String::new() },
        first_seen: time(&[&service.event_first_seen, &wire.event_first_seen, &wire.created_at]),
        last_seen: latest(wire),
        detection: Some(Box::new(detection)),
        evidence: facts(wire),
        ..Finding::new(tool, FindingClass::Detection, rule, asset)
    }
}

/// The ARN where there is one, which Security Hub gives too.
fn native_id(wire: &Wire<'_>, rule: &Rule, asset: &Asset) -> String {
    match [&wire.arn, &wire.id].into_iter().find(|id| id.get().is_some()) {
        Some(id) => id.untrusted(ID_BYTES).raw().to_owned(),
        None => {
            let first = time(&[&wire.service.event_first_seen, &wire.created_at]);
            let first = first.map(|t| t.to_string()).unwrap_or_default();
            format!("{}|{}|{first}", rule.id, asset.id.key())
        }
    }
}

/// GuardDuty's scale: low from 1, medium from 4, high from 7, critical from 9.
fn severity(text: &Text<'_>) -> Severity {
    match text.number() {
        Some(number) if number >= 9.0 => Severity::Critical,
        Some(number) if number >= 7.0 => Severity::High,
        Some(number) if number >= 4.0 => Severity::Medium,
        Some(number) if number >= 1.0 => Severity::Low,
        Some(_) => Severity::Informational,
        None => Severity::from_word(text.or_empty()),
    }
}

fn time(texts: &[&Text<'_>]) -> Option<Timestamp> {
    texts.iter().find_map(|text| text.time())
}

/// A finding changes when it is seen again, and when somebody archives it.
fn latest(wire: &Wire<'_>) -> Option<Timestamp> {
    let seen = [&wire.service.event_last_seen, &wire.event_last_seen, &wire.updated_at];
    seen.into_iter().filter_map(Text::time).max()
}

fn facts(wire: &Wire<'_>) -> Vec<(String, Untrusted)> {
    let service = &wire.service;
    let action = &service.action;
    let mut facts = Facts::default();
    if is_sample(&service.additional_info) {
        facts.add("sample", "true");
    }
    profile::add(&mut facts, &service.additional_info);
    add_malware(&mut facts, wire);
    add_sequence(&mut facts, service);
    let api = &action.api_call;
    facts.add("api", &joined([api.service.or_empty(), api.api.or_empty()]));
    facts.add("error", api.error_code.or_empty());
    let call = &action.kubernetes_call;
    facts.add("request", &joined([call.verb.or_empty(), call.uri.or_empty()]));
    facts.add("domain", action.dns.domain.or_empty());
    let connection = &action.connection;
    facts.add("direction", connection.direction.or_empty());
    facts.add("remote_port", connection.remote_port.port.or_empty());
    facts.add("local_port", connection.local_port.port.or_empty());
    let probed = action.probe.ports.iter().filter_map(|p| p.local_port.port.get());
    facts.add("probed_ports", &listed(probed));
    add_runtime(&mut facts, service);
    let threats = &service.evidence.threats;
    facts.add("threats", &listed(threats.iter().flat_map(|t| &t.names).filter_map(Text::get)));
    facts.add("threat_list", &listed(threats.iter().filter_map(|t| t.list.get())));
    facts.add("count", service.count.or_empty());
    facts.add("country", remote_country(service).unwrap_or_default());
    facts.add("action", action.kind.or_empty());
    facts.into_vec()
}

/// Findings that GuardDuty makes up on request say so here, in one of two ways.
fn is_sample(info: &Value) -> bool {
    let says = |info: &Value| {
        ["sample", "Sample"]
            .iter()
            .filter_map(|name| info.get(name))
            .any(|value| text_of(value).as_deref() == Some("true"))
    };
    let inner = ["value", "Value"].iter().find_map(|name| info.get(name)).and_then(Value::as_str);
    says(info) || inner.and_then(|text| serde_json::from_str(text).ok()).is_some_and(|v| says(&v))
}

fn add_malware(facts: &mut Facts, wire: &Wire<'_>) {
    let service = &wire.service;
    let on_disk = &service.volume_scan.detections.threats.names;
    let malware: Vec<&Malware<'_>> = on_disk.iter().chain(&service.malware_scan.threats).collect();
    facts.add("malware", &listed(malware.iter().filter_map(|m| m.name.get())));
    let files = malware.iter().flat_map(|m| &m.files).map(|f| (&f.path, &f.hash));
    let items = malware.iter().flat_map(|m| &m.items).map(|i| (&i.path, &i.hash));
    let objects = wire.resource.buckets.iter().flat_map(|b| &b.objects).map(|o| (&o.key, &o.hash));
    let found: Vec<_> = files.chain(items).chain(objects).take(MOST_LISTED).collect();
    facts.add("file", &listed(found.iter().filter_map(|(path, _)| path.get())));
    facts.add("hash", &listed(found.iter().filter_map(|(_, hash)| hash.get())));
}

fn add_sequence(facts: &mut Facts, service: &Service<'_>) {
    let sequence = &service.detection.sequence;
    let names =
        sequence.signals.iter().filter_map(|s| [&s.name, &s.kind].into_iter().find_map(Text::get));
    facts.add("signals", &listed(names));
    let named = |key: &'static str| {
        let of_key = sequence.indicators.iter().filter(move |i| i.key.get() == Some(key));
        listed(of_key.flat_map(|i| &i.values).filter_map(Text::get))
    };
    facts.add("techniques", &named("ATTACK_TECHNIQUE"));
    facts.add("domain", &listed(sequence.endpoints.iter().filter_map(|e| e.domain.get())));
}

fn add_runtime(facts: &mut Facts, service: &Service<'_>) {
    let context = &service.runtime.context;
    let told = [
        ("threat_file", &context.threat_file_path),
        ("script", &context.script_path),
        ("tool", &context.tool_name),
        ("module", &context.module_name),
    ];
    for (name, text) in told {
        facts.add(name, text.or_empty());
    }
    for (name, process) in [
        ("target_process", &context.target_process),
        ("modifying_process", &context.modifying_process),
    ] {
        let text = [&process.path, &process.name].into_iter().find_map(Text::get);
        facts.add(name, text.unwrap_or_default());
    }
}

fn remote_country<'s>(service: &'s Service<'_>) -> Option<&'s str> {
    let action = &service.action;
    let remote = [
        &action.connection.remote,
        &action.api_call.remote,
        &action.kubernetes_call.remote,
        &action.login.remote,
    ];
    remote.into_iter().find_map(|address| address.country.name.get())
}

fn joined(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.take(MOST_LISTED).collect::<Vec<_>>().join(", ")
}
