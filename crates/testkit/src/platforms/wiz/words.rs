//! How Wiz words what the world has: types, names, rules, actors and times.

use quell_model::{Severity, Timestamp};
use serde_json::{Value, json};

use super::Kind;
use crate::platforms::{Cloud, Detection, Kind as ThingKind, Misconfiguration, Thing};

pub(super) fn note(text: &String) -> Value {
    json!({"id": "note-1", "text": text, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"})
}

/// A name for people; some are hostile.
pub(super) fn name_of(thing: &Thing) -> String {
    if thing.number % 31 == 7 {
        return format!("<img src=x onerror=alert(1)> \u{202e}{} \" ' ; -- ${{7*7}}", thing.name);
    }
    thing.name.clone()
}

/// The type in Wiz's graph, and the cloud's own.
pub(super) const fn type_of(kind: ThingKind) -> (&'static str, &'static str) {
    match kind {
        ThingKind::Bucket => ("BUCKET", "bucket"),
        ThingKind::Database => ("DB_SERVER", "rds/PostgreSQL/instance"),
        ThingKind::Machine => ("VIRTUAL_MACHINE", "virtualMachine"),
        ThingKind::Firewall => ("FIREWALL", "securityGroup"),
        ThingKind::Function => ("SERVERLESS", "lambda"),
        ThingKind::Key => ("ENCRYPTION_KEY", "encryptionKey"),
        ThingKind::Queue => ("MESSAGING_SERVICE", "sqs#queue"),
        ThingKind::Image => ("CONTAINER_IMAGE", "containerImage"),
    }
}

pub(super) const fn cloud(thing: &Thing) -> &'static str {
    match thing.account.cloud {
        Cloud::Aws => "AWS",
        Cloud::Azure => "Azure",
        Cloud::Gcp => "GCP",
    }
}

pub(super) fn account(thing: &Thing) -> Value {
    json!({"id": format!("account-{}", thing.account.id), "name": thing.account.name,
        "externalId": thing.account.id, "cloudProvider": cloud(thing)})
}

/// A number that stands for a text, the same on every machine.
pub(super) fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |held, byte| {
        (held ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

pub(super) fn rule_of(cause: &Misconfiguration) -> Value {
    let number = number_of(cause.control);
    let service = cause.control.split('.').nth(1).unwrap_or("aws").to_ascii_uppercase();
    let references = if cause.checkov.is_empty() {
        Value::Null
    } else {
        json!([{"id": cause.checkov, "name": "Checkov"}])
    };
    json!({
        "__typename": "CloudConfigurationRule", "id": format!("{:08x}-0000-4000-8000-{:012x}", 0xcc, number >> 16),
        "shortId": format!("{service}-{:03}", number % 1000), "graphId": format!("graph-{number:x}"),
        "name": cause.titles[0], "description": format!("Checks: {}", cause.titles[0]),
        "remediationInstructions": "Change the setting.", "externalReferences": references,
        "functionAsControl": true, "enabled": true,
    })
}

/// The control that makes issues of a rule's findings.
pub(super) fn control_of(cause: &Misconfiguration) -> Value {
    json!({
        "__typename": "Control", "id": format!("wc-id-{}", number_of(cause.control) % 2000),
        "name": cause.titles[0], "description": format!("Checks: {}", cause.titles[0]),
        "resolutionRecommendation": "Change the setting.",
        "sourceCloudConfigurationRule": rule_of(cause),
    })
}

/// The rule behind a detection.
pub(super) fn event_rule(cause: &Detection) -> Value {
    let number = number_of(cause.title);
    json!({
        "__typename": "CloudEventRule", "id": format!("{:08x}-0000-4000-8000-{:012x}", 0xce, number >> 16),
        "builtInId": format!("cer-madeup-{:04x}", number & 0xffff), "builtin": true,
        "name": cause.title, "description": cause.title,
        "securitySubCategories": [{
            "id": "wsct-1", "externalId": cause.technique, "title": format!("{} Made up", cause.technique),
            "category": {"id": "wct-1", "name": format!("{} Made up", cause.tactic),
                "framework": {"id": "wf-id-53", "name": "MITRE ATT&CK Matrix"}},
        }],
    })
}

pub(super) fn actor_of(cause: &Detection) -> Value {
    let name = cause.actor.rsplit('/').next().unwrap_or_default();
    json!({"id": format!("actor-{name}"), "name": name, "type": "USER_ACCOUNT",
        "externalId": cause.actor, "providerUniqueId": cause.actor})
}

pub(super) fn event_resource(thing: &Thing) -> Value {
    json!({"id": Kind::Resource.id(thing.number), "name": name_of(thing), "type": type_of(thing.kind).0,
        "nativeType": type_of(thing.kind).1, "externalId": thing.id, "providerUniqueId": thing.native,
        "region": thing.region, "hostname": thing.host, "cloudAccount": account(thing)})
}

/// The word for a severity. Findings have another least one than issues.
pub(super) fn severity(severity: Severity, finding: bool) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Informational | Severity::Unknown => {
            if finding {
                "NONE"
            } else {
                "INFORMATIONAL"
            }
        }
    }
}

/// A time as Wiz writes it: with none to nine digits behind the second.
pub(super) fn at(time: Timestamp, number: usize) -> String {
    let text = time.to_string();
    match (number % 3, text.strip_suffix('Z')) {
        (1, Some(whole)) if !whole.contains('.') => format!("{whole}.000000Z"),
        (2, Some(whole)) if !whole.contains('.') => format!("{whole}.000000000Z"),
        _ => text,
    }
}
