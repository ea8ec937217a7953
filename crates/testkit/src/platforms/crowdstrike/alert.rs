//! One alert of the world as Falcon tells it.

use quell_model::{Severity, Timestamp};
use serde_json::{Value, json};

use crate::platforms::{Cause, Cloud, Flaw, Thing};

/// What somebody did to an alert.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) status: String,
    pub(super) comments: Vec<String>,
    tags: Vec<String>,
    at: Option<Timestamp>,
}

impl Touched {
    pub(super) fn apply(&mut self, (name, value): (&str, &str), at: Timestamp) {
        self.at = Some(at);
        match name {
            "update_status" => value.clone_into(&mut self.status),
            "append_comment" => self.comments.push(value.to_owned()),
            "add_tag" => self.tags.push(value.to_owned()),
            _ => self.tags.retain(|tag| tag != value),
        }
    }
}

/// Whether there is an alert: of what happened, unless it is forgotten.
pub(super) fn is_alert(flaw: &Flaw) -> bool {
    matches!(flaw.cause, Cause::Detection(_)) && flaw.fix.is_none_or(|fix| !fix.forgotten)
}

/// When it was last changed.
pub(super) fn updated(flaw: &Flaw, touched: Option<&Touched>) -> Timestamp {
    touched.and_then(|touched| touched.at).map_or(flaw.changed, |at| at.max(flaw.changed))
}

pub(super) fn row(
    flaw: &Flaw,
    thing: &Thing,
    (customer, touched): (&str, Option<&Touched>),
) -> Value {
    let Cause::Detection(seen) = &flaw.cause else { return Value::Null };
    let agent = format!("{:032x}", thing.number);
    let id = format!("ind:{agent}:4711-10197-{}", flaw.number);
    let status = touched.map(|touched| touched.status.as_str()).filter(|status| !status.is_empty());
    let status = status.unwrap_or(if flaw.is_open() { "new" } else { "closed" });
    let comments = touched.map(|touched| touched.comments.as_slice()).unwrap_or_default();
    let comments: Vec<Value> = comments
        .iter()
        .map(|text| json!({ "value": text, "falcon_user_id": "quell", "timestamp": "x" }))
        .collect();
    let (number, word) = severity(flaw.severity);
    // A few names are written by whoever attacks.
    let file = if flaw.number.is_multiple_of(3) {
        format!("{}\u{202e}<script>alert(1)</script>", seen.process)
    } else {
        seen.process.to_owned()
    };
    let mut row = json!({
        "agent_id": agent, "aggregate_id": format!("aggind:{agent}:4711"), "cid": customer,
        "composite_id": format!("{customer}:{id}"), "id": id, "product": "epp", "type": "ldt",
        "name": "Suspicious", "display_name": seen.title, "description": seen.title,
        "pattern_id": 10_197, "pattern_disposition": 0,
        "pattern_disposition_description": "Detection, standard detection.",
        "scenario": "suspicious_activity", "objective": "Follow Through", "severity": number,
        "severity_name": word, "confidence": 80, "status": status, "resolution": "",
        "show_in_ui": true, "tags": touched.map(|touched| touched.tags.clone()),
        "comments": comments,
    });
    let more = json!({
        "tactic": seen.title, "tactic_id": seen.tactic,
        "technique": seen.title, "technique_id": seen.technique,
        "mitre_attack": [{ "tactic": seen.title, "tactic_id": seen.tactic, "technique_id": seen.technique }],
        "created_timestamp": moment(flaw.opened), "timestamp": moment(flaw.opened),
        "updated_timestamp": moment(updated(flaw, touched)), "user_name": "www-data",
        "filename": file, "filepath": format!("/usr/bin/{file}"), "cmdline": format!("{} -x", seen.process),
        "sha256": format!("{:064x}", flaw.number), "local_process_id": "77",
        "parent_details": { "filename": "bash", "filepath": "/bin/bash", "cmdline": "bash", "local_process_id": "76" },
        "network_accesses": [{ "remote_address": seen.address, "remote_port": 443, "protocol": "TCP" }],
        "falcon_host_link": format!("https://falcon.crowdstrike.com/activity-v2/detections/{id}"),
        "device": device(thing, customer), "source_products": ["Falcon Insight"],
    });
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
        row.extend(more);
    }
    row
}

fn device(thing: &Thing, customer: &str) -> Value {
    let (provider, instance) = match thing.account.cloud {
        Cloud::Aws => ("AWS_EC2_V2", thing.id.clone()),
        Cloud::Azure => ("AZURE", thing.vm_id()),
        Cloud::Gcp => ("GCP", (1_234_567_890_000 + thing.number).to_string()),
    };
    json!({
        "device_id": format!("{:032x}", thing.number), "cid": customer, "hostname": thing.host,
        "platform_name": "Linux", "os_version": "Ubuntu 22.04", "agent_version": "7.10.1",
        "local_ip": "10.0.0.7", "external_ip": thing.address, "instance_id": instance,
        "service_provider": provider, "service_provider_account_id": thing.account.id,
        "status": "normal", "tags": [], "groups": [],
    })
}

const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Critical => (90, "Critical"),
        Severity::High => (70, "High"),
        Severity::Medium => (50, "Medium"),
        Severity::Low => (30, "Low"),
        Severity::Informational | Severity::Unknown => (10, "Informational"),
    }
}

fn moment(at: Timestamp) -> String {
    format!("{at:.9}")
}
