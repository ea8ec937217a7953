//! The entities of an alert or an activity: which asset they name, who acted, from where.

use std::net::IpAddr;

use quell_model::{Asset, Detection, Hints, Process, Provider, Untrusted};
use serde_json::Value;

use super::place::{account, image, is_arn, machine, resource};
use super::wire::{Observation, Scopes};
use super::{NAME_BYTES, TEXT_BYTES};
use crate::wire::{Text, sorted};

/// Most entities of one kind that are read of one alert.
const MOST_ENTITIES: usize = 32;

/// The asset that the entities name.
pub(super) fn asset_of_entities(map: &Value, cloud: Option<Provider>) -> Option<Asset> {
    let names = ["account_id", "accountId"];
    let account_id = entities(map, |_| true).find_map(|entity| field(entity, &names));
    let hints = Hints { provider: cloud, account: account_id, ..Hints::default() };
    let violating = |kind: &str| kind.contains("Violation") || kind.contains("Resource");
    let names = ["resource", "resource_id", "arn", "urn", "value"];
    let violation = entities(map, violating).find_map(|entity| field(entity, &names));
    if let Some(native) = violation {
        return Some(resource(native, "", &hints));
    }
    let container = || {
        entities(map, |kind| kind.contains("Container") || kind.contains("Image")).find_map(|e| {
            let repo = field(e, &["image_repo", "repo"]);
            image(None, repo, field(e, &["image_tag", "tag"]), None)
        })
    };
    let user = || {
        let arn = entities(map, |kind| kind.contains("User"))
            .filter_map(|entity| field(entity, &["arn", "principal_arn", "username"]))
            .find(|name| is_arn(name))?;
        Some(resource(arn, "", &hints))
    };
    let host = entities(map, |kind| kind == "Machine").find_map(host);
    host.or_else(container).or_else(user).or_else(|| account_id.map(|id| account(cloud, id)))
}

/// A machine. Its tags are an object, or text that holds one.
fn host(entity: &Value) -> Option<Asset> {
    let props = entity.get("PROPS");
    let tags = props.and_then(|props| props.get("tags").or_else(|| props.get("machine_tags")));
    let inner = tags.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let tags = inner.or_else(|| tags.cloned()).unwrap_or_default();
    machine(&tags, field(entity, &["hostname"]), field(entity, &["mid"]))
}

/// Who did what, by the entities and by what else was asked of the alert.
pub(super) fn detection(map: &Value, scopes: &Scopes<'_>) -> Detection {
    let mut detection = Detection {
        principal: Untrusted::from(principal(map).unwrap_or_default()).capped(NAME_BYTES),
        remote_addresses: addresses(map),
        processes: processes(map),
        ..Detection::default()
    };
    for call in &scopes.events {
        let address = call.source_ip_address.or_empty();
        if address.parse::<IpAddr>().is_ok() {
            add(&mut detection.remote_addresses, address);
        }
    }
    for seen in &scopes.observation_timeline {
        add_observed(&mut detection, seen);
    }
    detection
}

fn add_observed(detection: &mut Detection, seen: &Observation<'_>) {
    for tag in &seen.formal_tags {
        let id = tag.id.or_empty();
        if id.starts_with("TA") {
            add(&mut detection.tactics, tag.name.get().unwrap_or(id));
        } else if id.starts_with('T') {
            add(&mut detection.techniques, id);
        }
    }
    if !detection.processes.is_empty() {
        return;
    }
    let processes = seen.entities.iter().filter(|e| e.entity_type.get() == Some("process"));
    let lines = processes.filter_map(|process| process.entity_text.get()).take(MOST_ENTITIES);
    detection.processes = lines
        .map(|line| Process {
            name: Untrusted::from(line.split(' ').next().unwrap_or(line)).capped(NAME_BYTES),
            command_line: Untrusted::from(line).capped(TEXT_BYTES),
            ..Process::default()
        })
        .collect();
}

fn add(list: &mut Vec<String>, text: &str) {
    let new = !text.is_empty() && text.len() <= NAME_BYTES && list.len() < MOST_ENTITIES;
    if new && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// Who acted.
pub(super) fn principal(map: &Value) -> Option<&str> {
    let names = ["username", "user_name", "principal_id", "principalId"];
    entities(map, |kind| kind.contains("User")).find_map(|e| field(e, &names))
}

/// From where.
pub(super) fn addresses(map: &Value) -> Vec<String> {
    entities(map, |kind| kind.contains("Ip"))
        .filter_map(|entity| field(entity, &["ip_address", "ip_addr", "ipAddress", "ip"]))
        .filter(|address| address.parse::<IpAddr>().is_ok())
        .take(MOST_ENTITIES)
        .map(str::to_owned)
        .collect()
}

/// A field of the first entity of a kind.
pub(super) fn first<'a>(map: &'a Value, kind: &str, names: &[&str]) -> Option<&'a str> {
    entities(map, |known| known == kind).find_map(|entity| field(entity, names))
}

fn processes(map: &Value) -> Vec<Process> {
    entities(map, |kind| kind == "Process").take(MOST_ENTITIES).filter_map(process).collect()
}

fn process(entity: &Value) -> Option<Process> {
    let line = field(entity, &["cmdline", "command_line"]);
    let name = field(entity, &["exe_path", "exe", "filename"]).or(line)?;
    let text = |text: Option<&str>, most| Untrusted::from(text.unwrap_or_default()).capped(most);
    Some(Process {
        name: text(Some(name), NAME_BYTES),
        command_line: text(line, TEXT_BYTES),
        pid: field(entity, &["process_id", "pid"]).and_then(|pid| pid.parse().ok()),
        user: text(field(entity, &["username"]), NAME_BYTES),
    })
}

fn entities(map: &Value, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &Value> {
    sorted(map)
        .into_iter()
        .filter(move |(kind, _)| wanted(kind))
        .filter_map(|(_, list)| list.as_array())
        .flat_map(|list| list.iter().take(MOST_ENTITIES))
}

/// A field of an entity by any of its names, in its key, its properties or itself, in any case.
fn field<'a>(entity: &'a Value, names: &[&str]) -> Option<&'a str> {
    let parts = [entity.get("KEY"), entity.get("PROPS"), Some(entity)];
    names.iter().find_map(|name| {
        parts
            .iter()
            .flatten()
            .filter_map(|part| part.as_object())
            .flatten()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .filter_map(|(_, value)| value.as_str())
            .map(|text| text.trim_matches('\''))
            .find(|text| !text.is_empty())
    })
}

/// What the investigation answers with yes, and what people wrote.
pub(super) fn told(scopes: &Scopes<'_>) -> Vec<(&'static str, String)> {
    let yes = |answer: &Text<'_>| answer.or_empty().eq_ignore_ascii_case("yes");
    let asked = scopes.investigation.iter().filter(|asked| yes(&asked.answer));
    let asked: Vec<&str> = asked.filter_map(|asked| asked.question.get()).take(8).collect();
    let wrote = scopes.timeline.iter().filter_map(|entry| entry.message.value.get());
    let wrote: Vec<&str> = wrote.take(8).collect();
    let related = scopes.related_alerts.iter().filter_map(|alert| alert.alert_id.get());
    let related: Vec<&str> = related.take(16).collect();
    vec![
        ("investigation", asked.join("\n")),
        ("comments", wrote.join("\n")),
        ("related_alerts", related.join(", ")),
    ]
}
