//! Entries of the network: flows, what a firewall let through or stopped, and name lookups.

use quell_model::{Activity, Asset, Record, Untrusted};

use super::audit::{native_id, tool};
use super::place;
use crate::Rejection;
use crate::wire::{Facts, Tree};

/// A sampled flow, or a connection that a firewall rule judged.
pub(super) fn flow(entry: &Tree<'_>) -> Result<Record, Rejection> {
    let payload = entry.key("jsonPayload");
    let connection = payload.key("connection");
    let (source, destination) = (connection.text(&["src_ip"]), connection.text(&["dest_ip"]));
    if source.is_empty() && destination.is_empty() {
        return Err(Rejection::new(
            "names no address at $.jsonPayload.connection.src_ip or .dest_ip",
        ));
    }
    let disposition = payload.text(&["disposition"]).to_ascii_uppercase();
    let (action, succeeded) = match disposition.as_str() {
        "ALLOWED" => ("network.flow.allowed", Some(true)),
        "DENIED" => ("network.flow.denied", Some(false)),
        _ => ("network.flow", None),
    };
    let mut facts = Facts::default();
    facts.add("from", &end(source, connection.text(&["src_port"])));
    facts.add("to", &end(destination, connection.text(&["dest_port"])));
    facts.add("protocol", connection.text(&["protocol"]));
    facts.add("bytes", payload.text(&["bytes_sent"]));
    facts.add("packets", payload.text(&["packets_sent"]));
    facts.add("reporter", payload.text(&["reporter"]));
    facts.add("rule", payload.text(&["rule_details.reference"]));
    facts.add("country", payload.text(&["dest_location.country", "src_location.country"]));
    Ok(activity(entry, action, succeeded, (card(entry)?, facts)))
}

/// A name lookup of a machine.
pub(super) fn lookup(entry: &Tree<'_>) -> Result<Record, Rejection> {
    let payload = entry.key("jsonPayload");
    let name = payload
        .first(&["queryName"])
        .ok_or_else(|| Rejection::new("names no query at $.jsonPayload.queryName"))?;
    let machine = payload.first(&["vmInstanceName"]).and_then(|name| {
        let wire = entry.at("jsonPayload");
        let id = name.rsplit('.').next()?;
        let zone = wire.first(&["vmZoneName"])?;
        let project = wire.first(&["vmProjectId"])?;
        let path =
            format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{id}");
        Some(place::of_path(entry, &path))
    });
    let asset = machine
        .or_else(|| place::of_project(entry))
        .ok_or_else(|| Rejection::new("names no resource at $.resource.labels.project_id"))?;
    let mut facts = Facts::default();
    facts.add("query", name);
    facts.add("type", payload.text(&["queryType"]));
    facts.add("from", payload.text(&["sourceIP"]));
    let code = payload.text(&["responseCode"]);
    facts.add("response", code);
    facts.add("answer", payload.text(&["rdata"]));
    let succeeded = (!code.is_empty()).then_some(code == "NOERROR");
    Ok(activity(entry, "dns.query", succeeded, (asset, facts)))
}

fn activity(
    entry: &Tree<'_>,
    action: &str,
    succeeded: Option<bool>,
    (asset, facts): (Asset, Facts),
) -> Record {
    Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(entry),
        action: action.to_owned(),
        principal: Untrusted::default(),
        asset,
        time: entry.time(&["jsonPayload.start_time", "timestamp", "receiveTimestamp"]),
        succeeded,
        evidence: facts.into_vec(),
    }))
}

/// The machine that reported the flow, else its subnetwork or project.
fn card(entry: &Tree<'_>) -> Result<Asset, Rejection> {
    let payload = entry.key("jsonPayload");
    let order = match payload.text(&["reporter"]) {
        "DEST" => ["dest_instance", "src_instance"],
        _ => ["src_instance", "dest_instance"],
    };
    let own = place::machine(entry, payload.key("instance"));
    own.or_else(|| order.iter().find_map(|end| place::machine(entry, payload.key(end))))
        .or_else(|| place::subnetwork(entry))
        .or_else(|| place::of_project(entry))
        .ok_or_else(|| Rejection::new("names no resource at $.resource.labels.project_id"))
}

fn end(address: &str, port: &str) -> String {
    match (address.is_empty(), port.is_empty()) {
        (false, false) if address.contains(':') => format!("[{address}]:{port}"),
        (false, false) => format!("{address}:{port}"),
        (false, true) | (true, _) => address.to_owned(),
    }
}
