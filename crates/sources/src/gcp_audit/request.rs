//! Requests that a load balancer or a service answered, with the rule that stopped them.

use quell_model::{Activity, Record, Untrusted};

use super::audit::{native_id, tool};
use super::place;
use crate::Rejection;
use crate::wire::{Facts, Tree};

pub(super) fn activity(entry: &Tree<'_>) -> Result<Record, Rejection> {
    let request = entry.key("httpRequest");
    let asset = place::of_labels(entry).ok_or_else(|| {
        Rejection::new("names no resource at $.resource.labels.project_id or $.logName")
    })?;
    let payload = entry.key("jsonPayload");
    let mut facts = Facts::default();
    facts.add("url", request.text(&["requestUrl"]));
    facts.add("status", request.text(&["status"]));
    facts.add("remoteIp", request.text(&["remoteIp"]));
    facts.add("userAgent", request.text(&["userAgent"]));
    facts.add("policy", payload.text(&["enforcedSecurityPolicy.name"]));
    facts.add("outcome", payload.text(&["enforcedSecurityPolicy.outcome", "statusDetails"]));
    let rules = payload.at("enforcedSecurityPolicy.preconfiguredExprIds").words(8).join(", ");
    facts.add("rules", &rules);
    let method = request.first(&["requestMethod"]).unwrap_or("request").to_ascii_lowercase();
    Ok(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(entry),
        action: format!("http.{}", method.chars().take(16).collect::<String>()),
        principal: Untrusted::default(),
        asset,
        time: entry.time(&["timestamp", "receiveTimestamp"]),
        succeeded: request.number(&["status"]).map(|status| status < 400.0),
        evidence: facts.into_vec(),
    })))
}
