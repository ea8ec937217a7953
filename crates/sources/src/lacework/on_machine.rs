//! What was done: in clouds, and on machines; and what is on machines.

use quell_model::{Activity, Asset, Record, Timestamp, Untrusted};
use serde_json::Value;

use super::entity_map::{addresses, asset_of_entities, first, principal};
use super::inventory::of_machine;
use super::place::{machine, provider};
use super::wire::{CloudActivity, OnMachine};
use super::{NAME_BYTES, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

/// What was done in a cloud.
pub(super) fn cloud(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: CloudActivity<'_> = serde_json::from_str(raw.text)?;
    let kind = row
        .event_type
        .get()
        .ok_or_else(|| Rejection::new("a cloud activity without $.eventType"))?;
    let map = &row.entity_map;
    let model = row.event_model.or_empty();
    let named = ["Aws", "Azure", "Gcp"].into_iter().find(|cloud| model.starts_with(cloud));
    let cloud = named.and_then(provider);
    let asset = asset_of_entities(map, cloud).ok_or_else(|| {
        Rejection::new("a cloud activity whose $.entityMap names no resource, user or account")
    })?;
    let mut facts = Facts::default();
    facts.add("event_model", model);
    facts.add("event_type", kind);
    facts.add("service", first(map, "API", &["service"]).unwrap_or_default());
    facts.add("region", first(map, "Region", &["region"]).unwrap_or_default());
    facts.add("source", &addresses(map).join(", "));
    let who = Untrusted::from(principal(map).unwrap_or_default()).capped(NAME_BYTES);
    let time = [&row.start_time, &row.end_time].into_iter().find_map(Text::time);
    let native_id = row.event_id.get().map_or_else(
        || format!("{kind}|{}|{}", asset.native_id, row.start_time.or_empty()),
        str::to_owned,
    );
    output.push(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id,
        action: first(map, "API", &["api"]).unwrap_or(kind).to_owned(),
        principal: who,
        asset,
        time,
        succeeded: kind.contains("Denied").then_some(false),
        evidence: facts.into_vec(),
    })));
    Ok(())
}

/// A process, file, interface, connection or login of a machine.
pub(super) fn on_machine(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: OnMachine<'_> = serde_json::from_str(raw.text)?;
    let asset = machine_of(&row).ok_or_else(|| {
        Rejection::new("a row without its machine at $.mid, $.machine and $.srcEntityId")
    })?;
    let what = what(&row);
    let mut facts = Facts::default();
    for (name, text) in &what.facts {
        facts.add(name, text);
    }
    let parts: Vec<&str> = what.facts.iter().map(|(_, text)| text.as_str()).collect();
    let time = what.time.map(|at| at.to_string()).unwrap_or_default();
    let key = blake3::hash(parts.join("|").as_bytes()).to_hex();
    let native_id = format!("{}|{}|{key}|{time}", what.action, asset.native_id);
    let who = [&row.username, &row.owner_username].into_iter().find_map(Text::get);
    output.push(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id,
        succeeded: what.action.contains("fail").then_some(false),
        action: what.action,
        principal: Untrusted::from(who.unwrap_or_default()).capped(NAME_BYTES),
        asset,
        time: what.time,
        evidence: facts.into_vec(),
    })));
    Ok(())
}

/// The machine as it was looked up, or as far as the row names it.
fn machine_of(row: &OnMachine<'_>) -> Option<Asset> {
    let source = |key: &str| row.src_entity_id.get(key).and_then(crate::wire::text_of);
    let mid = source("mid");
    let host = source("hostname");
    of_machine(&row.machine).or_else(|| {
        let hostname = row.hostname.get().or(host.as_deref());
        machine(&Value::Null, hostname, row.mid.get().or(mid.as_deref()))
    })
}

/// What a row says, by the fields that it has.
struct What {
    action: String,
    time: Option<Timestamp>,
    facts: Vec<(&'static str, String)>,
}

fn what(row: &OnMachine<'_>) -> What {
    let text = |text: &Text<'_>| text.or_empty().to_owned();
    let general = [&row.end_time, &row.start_time, &row.created_time];
    let general = || general.into_iter().find_map(Text::time);
    if row.src_entity_id.is_object() {
        let of = |key: &str| {
            row.dst_entity_id.get(key).and_then(crate::wire::text_of).unwrap_or_default()
        };
        let address = [of("ip_addr"), of("ipAddr"), of("hostname")];
        let address = address.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        let facts = vec![
            ("remote", address.into_owned()),
            ("port", of("port").into_owned()),
            ("protocol", of("protocol").into_owned()),
            ("remote_type", text(&row.dst_entity_type)),
        ];
        return What { action: "connection".to_owned(), time: general(), facts };
    }
    if let Some(kind) = row.activity_type.get() {
        let facts = vec![("source", text(&row.source_ip_addr))];
        let time = row.activity_time.time().or_else(general);
        return What { action: kind.to_ascii_lowercase(), time, facts };
    }
    if row.exe_path.get().is_some() {
        let facts = vec![
            ("path", text(&row.exe_path)),
            ("command_line", text(&row.cmdline)),
            ("pid", text(&row.pid)),
            ("pid_hash", text(&row.pid_hash)),
        ];
        let time = row.process_start_time.time().or_else(general);
        return What { action: "process".to_owned(), time, facts };
    }
    if row.file_path.get().is_some() {
        let changed = row.activity.get().is_some() || row.last_modified_time.get().is_some();
        let facts = vec![
            ("path", text(&row.file_path)),
            ("sha256", text(&row.filedata_hash)),
            ("activity", text(&row.activity)),
        ];
        let time = row.last_modified_time.time().or_else(general);
        let action = if changed { "file change" } else { "file" };
        return What { action: action.to_owned(), time, facts };
    }
    let facts = vec![
        ("name", text(&row.name)),
        ("hardware_address", text(&row.hw_addr)),
        ("address", text(&row.ip_addr)),
    ];
    What { action: "network interface".to_owned(), time: general(), facts }
}
