//! An audit entry: who called which method on which resource, and whether that was allowed.

use quell_model::{Activity, FindingKey, KeyHasher, Record, Tool, Untrusted};

use super::place;
use crate::Rejection;
use crate::wire::{Facts, Tree};

/// The audit part of an entry; tables that logs are exported to name it after its type.
pub(super) fn payload<'t>(entry: &'t Tree<'t>) -> &'t Tree<'t> {
    match entry.key("protoPayload") {
        payload if payload.is_map() => payload,
        _ => entry.key("protopayload_auditlog"),
    }
}

pub(super) fn activity(entry: &Tree<'_>) -> Result<Record, Rejection> {
    let payload = payload(entry);
    let action = payload
        .first(&["methodName"])
        .or_else(|| payload.key("authorizationInfo").list().first()?.first(&["permission"]))
        .ok_or_else(|| Rejection::new("names no method at $.protoPayload.methodName"))?;
    let asset = place::of_audit(entry, payload).ok_or_else(|| {
        Rejection::new(
            "names no resource at $.protoPayload.resourceName or $.resource.labels.project_id",
        )
    })?;
    Ok(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(entry),
        action: action.to_owned(),
        principal: payload
            .prose(&["authenticationInfo.principalEmail", "authenticationInfo.principalSubject"]),
        asset,
        time: entry.time(&["timestamp", "receiveTimestamp"]),
        succeeded: Some(succeeded(payload)),
        evidence: facts(entry, payload),
    })))
}

pub(super) fn tool() -> Tool {
    Tool { product: "gcp_audit".to_owned(), format: "gcp_audit".to_owned() }
}

/// An entry's id is unique within its log and moment only.
pub(super) fn native_id(entry: &Tree<'_>) -> String {
    let hasher = KeyHasher::new("gcp_log")
        .part(entry.text(&["logName"]))
        .part(entry.text(&["timestamp"]))
        .part(entry.text(&["insertId"]));
    let key: FindingKey = match entry.first(&["insertId"]) {
        Some(_) => hasher.finish(),
        // Without an id, what the entry says is all that tells it from another.
        None => hasher
            .part(payload(entry).text(&["methodName"]))
            .part(payload(entry).text(&["resourceName"]))
            .part(payload(entry).text(&["authenticationInfo.principalEmail"]))
            .part(payload(entry).text(&["requestMetadata.callerIp"]))
            .part(entry.text(&["jsonPayload.connection.src_ip", "httpRequest.remoteIp"]))
            .part(entry.text(&["jsonPayload.connection.dest_ip", "httpRequest.requestUrl"]))
            .part(entry.text(&["jsonPayload.connection.src_port", "jsonPayload.queryName"]))
            .part(entry.text(&["jsonPayload.connection.dest_port", "httpRequest.status"]))
            .finish(),
    };
    match entry.first(&["insertId"]) {
        Some(id) => format!("{id}|{}", key.short()),
        None => key.to_string(),
    }
}

/// Status code 0 and no status at all mean that it went well (`google.rpc.Code`).
fn succeeded(payload: &Tree<'_>) -> bool {
    let code = payload.first(&["status.code"]).unwrap_or("0");
    let granted = payload.key("authorizationInfo").list();
    code == "0" && granted.iter().all(|one| one.flag("granted") != Some(false))
}

fn facts(entry: &Tree<'_>, payload: &Tree<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("serviceName", payload.text(&["serviceName"]));
    facts.add("callerIp", payload.text(&["requestMetadata.callerIp"]));
    facts.add("status", payload.text(&["status.message", "status.code"]));
    let permissions = payload.key("authorizationInfo").list().iter();
    let permissions: Vec<&str> =
        permissions.filter_map(|one| one.first(&["permission"])).take(8).collect();
    facts.add("permissions", &permissions.join(", "));
    facts.add("userAgent", payload.text(&["requestMetadata.callerSuppliedUserAgent"]));
    let key = "authenticationInfo.serviceAccountKeyName";
    facts.add("serviceAccountKey", payload.text(&[key]));
    let log = entry.text(&["logName"]).rsplit('/').next().unwrap_or_default();
    facts.add("log", &log.replace("%2F", "/"));
    facts.add("operation", entry.text(&["operation.id"]));
    facts.into_vec()
}
