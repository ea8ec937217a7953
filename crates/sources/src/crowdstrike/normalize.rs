//! An alert becomes one detection on the host, or the pod, that it happened on.

use std::net::IpAddr;

use quell_model::{
    Asset, AssetId, Detection, Finding, FindingClass, Hints, Process, Provider, Record, Rule,
    Severity, Status, Tool, Untrusted,
};

use super::wire::{Alert, Device, Parent};
use crate::wire::{AZURE_MACHINE, Facts, Text, azure_machine, google_machine, google_name};
use crate::{Output, RawRecord, Rejection};

const NAME_BYTES: usize = 512;
const TEXT_BYTES: usize = 4096;
const MOST_ADDRESSES: usize = 32;
const MOST_ATTACKS: usize = 32;

/// Makes one detection of one alert.
pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let alert: Alert<'_> = serde_json::from_str(raw.text)?;
    let id = alert
        .composite_id
        .get()
        .ok_or_else(|| Rejection::new("an alert without its id at $.composite_id"))?;
    let names = [&alert.display_name, &alert.name, &alert.description];
    let title = names.into_iter().find_map(Text::get).unwrap_or(id);
    let rule =
        [&alert.pattern_id, &alert.name, &alert.display_name].into_iter().find_map(Text::get);
    let rule = rule.ok_or_else(|| {
        Rejection::new("an alert without $.pattern_id, $.name and $.display_name")
    })?;
    let asset = asset(&alert).ok_or_else(|| {
        Rejection::new("an alert without its host at $.device, and without $.agent_id")
    })?;
    let first = [&alert.created_timestamp, &alert.timestamp].into_iter().find_map(Text::time);
    let seen =
        [&alert.timestamp, &alert.updated_timestamp].into_iter().filter_map(Text::time).max();
    let stated = [&alert.severity_name, &alert.severity].into_iter().find_map(Text::get);
    output.push(Record::Finding(Box::new(Finding {
        tool: Tool { product: "crowdstrike".to_owned(), format: "crowdstrike".to_owned() },
        native_id: id.to_owned(),
        class: FindingClass::Detection,
        rule: Rule {
            id: rule.to_owned(),
            title: Untrusted::from(title).capped(NAME_BYTES),
            aliases: Vec::new(),
        },
        title: Untrusted::from(title).capped(NAME_BYTES),
        description: alert.description.untrusted(TEXT_BYTES),
        severity: severity(&alert),
        severity_native: stated.unwrap_or_default().to_owned(),
        status: status(&alert),
        status_native: alert.status.or_empty().to_owned(),
        asset,
        first_seen: first,
        last_seen: seen.or(first),
        vulnerability: None,
        location: None,
        detection: Some(Box::new(detection(&alert))),
        remediation: Untrusted::default(),
        references: alert.falcon_host_link.link().into_iter().collect(),
        evidence: facts(&alert),
        scope: None,
    })));
    Ok(())
}

/// The vendor's word, or else its number from 1 to 100.
fn severity(alert: &Alert<'_>) -> Severity {
    if let Some(word) = alert.severity_name.get() {
        return Severity::from_word(word);
    }
    match alert.severity.integer() {
        Some(80..=100) => Severity::Critical,
        Some(60..=79) => Severity::High,
        Some(40..=59) => Severity::Medium,
        Some(20..=39) => Severity::Low,
        Some(1..=19) => Severity::Informational,
        _ => Severity::Unknown,
    }
}

fn status(alert: &Alert<'_>) -> Status {
    let false_alarm = alert.resolution.get() == Some("false_positive");
    match alert.status.or_empty().to_ascii_lowercase().as_str() {
        "closed" | "false_positive" | "ignored" if false_alarm => Status::Suppressed,
        "false_positive" | "ignored" => Status::Suppressed,
        "closed" | "true_positive" => Status::Resolved,
        "in_progress" => Status::InProgress,
        _ => Status::Open,
    }
}

/// The pod, the cloud's machine, or the host by its name.
fn asset(alert: &Alert<'_>) -> Option<Asset> {
    let device = &alert.device;
    if let Some(pod) = device.pod_name.get() {
        let namespace = device.pod_namespace.get();
        let native = namespace.map_or_else(|| pod.to_owned(), |space| format!("{space}/{pod}"));
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            kind: Some("Pod"),
            name: Some(pod),
            namespace,
            ..Hints::default()
        };
        return Some(made(&native, "Pod", &hints));
    }
    let in_google = google(device);
    let id = in_google.as_deref().or_else(|| device.instance_id.get());
    if let (Some((provider, kind)), Some(id)) = (cloud(device), id) {
        let hints = Hints {
            provider: Some(provider),
            account: device.service_provider_account_id.get(),
            region: device.zone_group.get().map(region_of),
            kind: Some(kind),
            name: device.hostname.get(),
            namespace: None,
        };
        let mut asset = made(id, "machine", &hints);
        if provider == Provider::Azure {
            asset.id = azure_machine(id, &hints).unwrap_or(asset.id);
        }
        return Some(asset);
    }
    let host = [&device.hostname, &device.device_id, &alert.agent_id];
    let host = host.into_iter().find_map(Text::get)?;
    let hints = Hints {
        provider: Some(Provider::Host),
        kind: Some("host"),
        name: Some(host),
        ..Hints::default()
    };
    Some(made(host, "host", &hints))
}

fn made(native: &str, kind: &str, hints: &Hints<'_>) -> Asset {
    Asset {
        id: AssetId::parse(native, hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(hints.name.unwrap_or(native)).capped(NAME_BYTES),
        ..Asset::default()
    }
}

/// The cloud that a host runs in, and what it calls a machine.
fn cloud(device: &Device<'_>) -> Option<(Provider, &'static str)> {
    let word = device.service_provider.or_empty().to_ascii_uppercase();
    if word.starts_with("AWS") {
        Some((Provider::Aws, "AWS::EC2::Instance"))
    } else if word.starts_with("AZURE") {
        Some((Provider::Azure, AZURE_MACHINE))
    } else if word.starts_with("GCP") {
        Some((Provider::Gcp, "compute.googleapis.com/Instance"))
    } else {
        None
    }
}

/// A machine in Google's cloud by the name that other tools know: in its project and zone. Of the
/// number that the sensor tells, they know nothing.
fn google(device: &Device<'_>) -> Option<String> {
    let (Provider::Gcp, _) = cloud(device)? else { return None };
    let host = device.hostname.get()?;
    let (name, domain) = host.split_once('.').unwrap_or((host, ""));
    let in_domain = domain.strip_suffix(".internal").and_then(|rest| rest.strip_prefix("c."));
    // A project has a number too, which names it nowhere else.
    let account = device.service_provider_account_id.get();
    let account = account.filter(|id| !id.bytes().all(|byte| byte.is_ascii_digit()));
    let zone = device.zone_group.get().and_then(|zone| zone.rsplit('/').next());
    google_name(host).or_else(|| google_machine(in_domain.or(account)?, zone?, name))
}

/// `eu-west-1b` is a zone of `eu-west-1`.
fn region_of(zone: &str) -> &str {
    let numbered = zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    if numbered.ends_with(|digit: char| digit.is_ascii_digit()) { numbered } else { zone }
}

fn detection(alert: &Alert<'_>) -> Detection {
    let mut detection = Detection {
        principal: alert.user_name.untrusted(NAME_BYTES),
        processes: processes(alert),
        ..Detection::default()
    };
    let attacks = alert.mitre_attack.iter().take(MOST_ATTACKS);
    let attacks = attacks.map(|attack| (&attack.tactic, &attack.technique_id));
    let own = std::iter::once((&alert.tactic, &alert.technique_id));
    for (tactic, technique) in own.chain(attacks) {
        // The vendor has techniques of its own, which are no ATT&CK.
        let technique = technique.get().filter(|id| is_technique(id));
        add(&mut detection.techniques, technique);
        add(&mut detection.tactics, tactic.get());
    }
    if detection.tactics.is_empty() {
        add(&mut detection.tactics, alert.tactic_id.get());
    }
    for access in alert.network_accesses.iter().take(MOST_ADDRESSES) {
        let address = access.remote_address.get().filter(|text| text.parse::<IpAddr>().is_ok());
        add(&mut detection.remote_addresses, address);
    }
    detection
}

fn add(list: &mut Vec<String>, text: Option<&str>) {
    let Some(text) = text.filter(|text| text.len() <= NAME_BYTES) else { return };
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn is_technique(id: &str) -> bool {
    let digits = id.strip_prefix('T').unwrap_or_default();
    digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The process that acted, its parent and its grandparent.
fn processes(alert: &Alert<'_>) -> Vec<Process> {
    let own = process(
        [&alert.filepath, &alert.filename],
        (&alert.cmdline, &alert.local_process_id, &alert.user_name),
    );
    let above = |parent: &Parent<'_>| {
        process(
            [&parent.filepath, &parent.filename],
            (&parent.cmdline, &parent.local_process_id, &parent.user_name),
        )
    };
    let all = [own, above(&alert.parent_details), above(&alert.grandparent_details)];
    all.into_iter().flatten().collect()
}

fn process(
    names: [&Text<'_>; 2],
    (line, pid, user): (&Text<'_>, &Text<'_>, &Text<'_>),
) -> Option<Process> {
    let name = names.into_iter().chain([line]).find_map(Text::get)?;
    Some(Process {
        name: Untrusted::from(name).capped(NAME_BYTES),
        command_line: line.untrusted(TEXT_BYTES),
        pid: pid.get().and_then(|pid| pid.parse().ok()),
        user: user.untrusted(NAME_BYTES),
    })
}

fn facts(alert: &Alert<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("product", alert.product.or_empty());
    facts.add("scenario", alert.scenario.or_empty());
    facts.add("objective", alert.objective.or_empty());
    facts.add("disposition", alert.pattern_disposition_description.or_empty());
    facts.add("sha256", alert.sha256.or_empty());
    facts.add("indicator", alert.ioc_value.or_empty());
    facts.add("platform", alert.device.platform_name.or_empty());
    facts.add("agent_id", alert.agent_id.or_empty());
    facts.into_vec()
}
