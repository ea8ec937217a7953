//! Runtime, firewall, file and log audits of the workload side, and incidents made of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_model::{
    Asset, Detection, Finding, FindingClass, Process, Provider, Record, Rule, Severity, Status,
    Untrusted,
};

use super::asset::{Place, account, application, function, host, image, pod, provider};
use super::compute_wire::{Audit, Group, GroupedAudit, Incident, PostedAudit};
use super::{DESCRIPTION_BYTES, TITLE_BYTES, techniques, tool};
use crate::wire::{Facts, Text, google_name};
use crate::{Output, RawRecord, Rejection};

/// Most processes that are kept of one incident.
const MOST_PROCESSES: usize = 16;

/// A runtime, firewall, file integrity or log inspection audit.
pub(super) fn audit(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let audit: Audit<'_> = serde_json::from_str(raw.text)?;
    emit(&audit, output)
}

/// An audit as the alert webhook posts it, with names of its own.
pub(super) fn posted(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let posted: PostedAudit<'_> = serde_json::from_str(raw.text)?;
    let audit = Audit {
        time: posted.time,
        hostname: posted.host,
        fqdn: posted.fqdn,
        kind: posted.kind,
        rule_name: posted.rule,
        msg: posted.message,
        severity: posted.severity,
        container_name: posted.container,
        image_name: posted.image,
        namespace: posted.namespace,
        cluster: posted.cluster,
        account_id: posted.account_id,
        provider: posted.provider,
        region: posted.region,
        function: posted.function,
        app_id: posted.app_id,
        ..Audit::default()
    };
    emit(&audit, output)
}

fn emit(audit: &Audit<'_>, output: &mut Output) -> Result<(), Rejection> {
    let (asset, others) = assets(audit)?;
    let rule = rule(audit)?;
    let description = [&audit.msg, &audit.description, &audit.line]
        .into_iter()
        .find(|text| text.get().is_some())
        .unwrap_or(&audit.msg);
    let native_id = [&audit.id, &audit.event_id].into_iter().find_map(Text::get);
    let native_id = native_id.map_or_else(
        || format!("{}|{}|{}", rule.id, asset.native_id, audit.time.or_empty()),
        str::to_owned,
    );
    let mut detection = Detection::default();
    add(&mut detection, audit);
    detection.also_involved = others;
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id,
        class: FindingClass::Detection,
        title: Untrusted::from(title(&rule.id)).capped(TITLE_BYTES),
        rule,
        description: description.untrusted(DESCRIPTION_BYTES),
        severity: Severity::from_word(audit.severity.or_empty()),
        severity_native: audit.severity.or_empty().to_owned(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: audit.time.time(),
        last_seen: audit.time.time(),
        vulnerability: None,
        location: None,
        detection: Some(Box::new(detection)),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts(audit).into_vec(),
        scope: None,
    })));
    Ok(())
}

/// An incident. It has no severity of its own: the worst of its audits counts.
pub(super) fn incident(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let incident: Incident<'_> = serde_json::from_str(raw.text)?;
    let frame: Audit<'_> = serde_json::from_str(raw.text)?;
    let category = incident
        .category
        .get()
        .ok_or_else(|| Rejection::new("an incident without its category at $.category"))?;
    let own = assets(&frame);
    let (asset, others) =
        own.or_else(|reason| incident.audits.first().map_or(Err(reason), assets))?;
    let worst = incident
        .audits
        .iter()
        .filter_map(|audit| audit.severity.get())
        .max_by_key(|word| Severity::from_word(word))
        .unwrap_or_default();
    let mut detection = Detection { also_involved: others, ..Detection::default() };
    for audit in &incident.audits {
        add(&mut detection, audit);
    }
    let times = || incident.audits.iter().filter_map(|audit| audit.time.time());
    let own_time = frame.time.time();
    let acknowledged = incident.acknowledged.is_true();
    let message = incident.audits.iter().find(|audit| audit.msg.get().is_some());
    let mut facts = Facts::default();
    facts.add("type", frame.kind.or_empty());
    facts.add("serial_number", incident.serial_num.or_empty());
    facts.add("custom_rule", incident.custom_rule_name.or_empty());
    facts.add("container", frame.container_name.or_empty());
    facts.add("image", frame.image_name.or_empty());
    facts.add("audits", &incident.audits.len().to_string());
    let rule = Rule { id: category.to_owned(), ..Rule::default() };
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: frame.id.get().map_or_else(
            || format!("{category}|{}|{}", asset.native_id, frame.time.or_empty()),
            str::to_owned,
        ),
        class: FindingClass::Detection,
        title: Untrusted::from(title(&rule.id)).capped(TITLE_BYTES),
        rule,
        description: message.map(|a| a.msg.untrusted(DESCRIPTION_BYTES)).unwrap_or_default(),
        severity: Severity::from_word(worst),
        severity_native: worst.to_owned(),
        status: if acknowledged { Status::Resolved } else { Status::Open },
        status_native: if acknowledged { "acknowledged".to_owned() } else { String::new() },
        asset,
        first_seen: times().chain(own_time).min(),
        last_seen: times().chain(own_time).max(),
        vulnerability: None,
        location: None,
        detection: Some(Box::new(detection)),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    })));
    Ok(())
}

/// Audits of the network firewall or of image trust. The same one recurs every few minutes, so
/// what repeats is one detection with its first and last time.
pub(super) fn group(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let group: Group<'_> = serde_json::from_str(raw.text)?;
    let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
    // A longer kind is none of the vendor's, and every finding would repeat it.
    for (kind, grouped) in group.audits.iter().filter(|(kind, _)| kind.len() <= 128) {
        for audit in &grouped.audits {
            let Some(finding) = grouped_finding(kind, audit, &group.cluster) else { continue };
            match findings.get_mut(&finding.native_id) {
                Some(known) => {
                    known.first_seen = known.first_seen.into_iter().chain(finding.first_seen).min();
                    known.last_seen = known.last_seen.max(finding.last_seen);
                }
                None => drop(findings.insert(finding.native_id.clone(), finding)),
            }
        }
    }
    if findings.is_empty() {
        return Err(Rejection::new("no audit under $.audits names its host or image"));
    }
    for finding in findings.into_values() {
        output.push(Record::Finding(Box::new(finding)));
    }
    Ok(())
}

fn grouped_finding(kind: &str, audit: &GroupedAudit<'_>, cluster: &Text<'_>) -> Option<Finding> {
    let place = Place {
        account: account(&audit.account_id),
        cluster: audit.cluster.get().or_else(|| cluster.get()),
        ..Place::default()
    };
    let named = |text: &Text<'_>| image(text.or_empty());
    let machine = |text: &Text<'_>| host(text.or_empty(), None, &place);
    let source = named(&audit.image_name)
        .or_else(|| named(&audit.src_image_name))
        .or_else(|| machine(&audit.src_hostname));
    let target = named(&audit.dst_image_name).or_else(|| machine(&audit.dst_hostname));
    let (asset, other) = match source {
        Some(source) => (source, target),
        None => (target?, None),
    };
    let address = [&audit.dst_subnet, &audit.dst_domain].into_iter().find_map(Text::get);
    let mut facts = Facts::default();
    facts.add("rule_name", audit.rule_name.or_empty());
    facts.add("rule_id", audit.rule_id.or_empty());
    facts.add("effect", audit.effect.or_empty());
    facts.add("blocked", audit.block.or_empty());
    facts.add("container", audit.src_container_name.or_empty());
    facts.add("destination_container", audit.dst_container_name.or_empty());
    facts.add("destination_port", audit.dst_port.or_empty());
    facts.add("image_id", audit.image_id.or_empty());
    let target_name = other.as_ref().map_or_else(|| address.unwrap_or_default(), |o| &o.native_id);
    let native_id = format!(
        "{kind}|{}|{target_name}|{}|{}",
        asset.native_id,
        audit.dst_port.or_empty(),
        audit.rule_name.get().unwrap_or_else(|| audit.rule_id.or_empty())
    );
    Some(Finding {
        tool: tool(),
        native_id,
        class: FindingClass::Detection,
        rule: Rule { id: kind.to_owned(), ..Rule::default() },
        title: Untrusted::from(title(kind)).capped(TITLE_BYTES),
        description: audit.msg.untrusted(DESCRIPTION_BYTES),
        severity: Severity::Unknown,
        severity_native: String::new(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: audit.time.time(),
        last_seen: audit.time.time(),
        vulnerability: None,
        location: None,
        detection: Some(Box::new(Detection {
            remote_addresses: audit.dst_subnet.get().map(str::to_owned).into_iter().collect(),
            also_involved: other.into_iter().collect(),
            ..Detection::default()
        })),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    })
}

/// The vendor's word for what was detected. The name of the customer's own rule names the rule
/// only where there is nothing else.
fn rule(audit: &Audit<'_>) -> Result<Rule, Rejection> {
    let by_kind = if audit.logfile.get().is_some() {
        Some("logInspection")
    } else if audit.event_type.get().is_some() && audit.path.get().is_some() {
        Some("fileIntegrity")
    } else {
        None
    };
    let id = audit
        .attack_type
        .get()
        .or(by_kind)
        .or_else(|| audit.kind.get())
        .or_else(|| audit.rule_name.get())
        .or_else(|| audit.function.get().map(|_| "serverlessRuntime"))
        .ok_or_else(|| Rejection::new("an audit without $.attackType, $.type and $.ruleName"))?;
    Ok(Rule { id: id.to_owned(), ..Rule::default() })
}

/// What the audit is about, and what else took part: of a container outside of a known pod its
/// image, with the machine below it.
fn assets(audit: &Audit<'_>) -> Result<(Asset, Vec<Asset>), Rejection> {
    let namespace = audit.namespace.as_ref().and_then(namespace);
    let label = |key: &str| audit.labels.get(key).and_then(Text::get);
    let place = Place {
        provider: audit.provider.get().and_then(provider),
        account: account(&audit.account_id),
        region: audit.region.get(),
        cluster: audit.cluster.get(),
        namespace: namespace.or_else(|| label("io.kubernetes.pod.namespace")),
    };
    let name = audit.hostname.get().or_else(|| audit.fqdn.get()).unwrap_or_default();
    let in_google = (place.provider == Some(Provider::Gcp)).then(|| audit.fqdn.get()).flatten();
    let in_google = in_google.and_then(google_name);
    let machine = || host(name, in_google.as_deref().or_else(|| audit.resource_id.get()), &place);
    let known = |text: &Text<'_>| text.get().is_some();
    if known(&audit.function) || known(&audit.function_id) {
        let made = function(audit.function.or_empty(), audit.function_id.get(), &place);
        return made.map(|asset| (asset, Vec::new())).ok_or_else(nowhere);
    }
    if known(&audit.app_id) && !known(&audit.container_id) {
        let asset = application(audit.app_id.or_empty(), &place).ok_or_else(nowhere)?;
        return Ok((asset, Vec::new()));
    }
    let container = known(&audit.container_id) || known(&audit.container_name);
    if container || known(&audit.image_name) {
        let pod = label("io.kubernetes.pod.name").and_then(|name| pod(name, &place));
        let reference = audit.image_name.get().or_else(|| audit.image_id.get());
        let image = reference.and_then(image);
        let mut parts = [pod, image, machine()].into_iter().flatten();
        if let Some(first) = parts.next() {
            return Ok((first, parts.collect()));
        }
    }
    machine().map(|asset| (asset, Vec::new())).ok_or_else(nowhere)
}

/// Incidents and audits give one name; firewall audits give a list of them.
fn namespace(value: &serde_json::Value) -> Option<&str> {
    let text = value.as_str().or_else(|| value.as_array()?.first()?.as_str());
    text.filter(|text| !text.is_empty())
}

fn nowhere() -> Rejection {
    Rejection::new(
        "an audit without its place: none of $.hostname, $.imageName, $.function and $.appID",
    )
}

/// Adds what one audit says, once each.
fn add(detection: &mut Detection, audit: &Audit<'_>) {
    for id in techniques::ids(&audit.attack_techniques) {
        if !detection.techniques.contains(&id) {
            detection.techniques.push(id);
        }
    }
    if detection.principal.is_empty() {
        detection.principal = audit.user.untrusted(TITLE_BYTES);
    }
    let name = [&audit.process_path, &audit.process_name].into_iter().find_map(Text::get);
    if let Some(name) = name.or_else(|| audit.command.get()) {
        let process = Process {
            name: Untrusted::from(name).capped(TITLE_BYTES),
            command_line: audit.command.untrusted(DESCRIPTION_BYTES),
            pid: audit.pid.integer(),
            user: audit.user.untrusted(TITLE_BYTES),
        };
        let room = detection.processes.len() < MOST_PROCESSES;
        if room && !detection.processes.contains(&process) {
            detection.processes.push(process);
        }
    }
    for address in [&audit.ip, &audit.subnet].into_iter().filter_map(Text::get) {
        let seen = detection.remote_addresses.iter().any(|known| known == address);
        if address.parse::<IpAddr>().is_ok() && !seen && detection.remote_addresses.len() < 64 {
            detection.remote_addresses.push(address.to_owned());
        }
    }
}

fn facts(audit: &Audit<'_>) -> Facts {
    let mut facts = Facts::default();
    facts.add("rule_name", audit.rule_name.or_empty());
    facts.add("effect", audit.effect.or_empty());
    facts.add("container", audit.container_name.or_empty());
    facts.add("file", audit.filepath.or_empty());
    facts.add("path", audit.path.or_empty());
    facts.add("log_file", audit.logfile.or_empty());
    facts.add("domain", audit.domain.or_empty());
    facts.add("port", audit.port.or_empty());
    facts.add("method", audit.method.or_empty());
    facts.add("url", audit.url.or_empty());
    facts.add("md5", audit.md5.or_empty());
    facts.add("image_id", audit.image_id.or_empty());
    facts.add("count", audit.count.or_empty());
    facts
}

/// Words of a camel-case id, for people: `reverseShell` → `Reverse shell`; short forms of web
/// attacks in full.
fn title(id: &str) -> String {
    let full = match id {
        "cmdi" => "Command injection",
        "codeInjection" => "Code injection",
        "lfi" => "Local file inclusion",
        "sqli" => "SQL injection",
        "untrusted" => "Untrusted image",
        "xss" => "Cross-site scripting",
        _ => return words(id),
    };
    full.to_owned()
}

fn words(id: &str) -> String {
    let mut words = String::with_capacity(id.len() + 8);
    let mut after_lower = false;
    let mut letters = id.chars().peekable();
    while let Some(letter) = letters.next() {
        let short_form = letters.peek().is_some_and(|next| next.is_uppercase());
        if words.is_empty() {
            words.extend(letter.to_uppercase());
        } else if letter.is_uppercase() && after_lower {
            words.push(' ');
            if short_form {
                words.push(letter);
            } else {
                words.extend(letter.to_lowercase());
            }
        } else {
            words.push(letter);
        }
        after_lower = letter.is_lowercase();
    }
    words
}
