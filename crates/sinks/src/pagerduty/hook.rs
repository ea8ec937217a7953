//! Webhooks of version 3: that an incident changed. They come twice and out of order, so each is a
//! hint, and the incident is read afterwards.

use jiff::Timestamp;
use serde_json::Value;

use crate::{Hook, NotHeard, NotTaken, common::mac};

const HEADER: &str = "x-pagerduty-signature";
/// Longest body that is read.
const MOST_BYTES: usize = 1 << 20;
/// Signatures in one header: one for each secret while they are changed.
const MOST_SIGNATURES: usize = 10;

/// An incident that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The id of the event: the same event may come again.
    pub event: String,
    /// The id of the remote thing, as a delivery knows it; none where `PagerDuty` does not tell it,
    /// as with an incident of several alerts.
    pub remote: Option<String>,
    /// When it changed.
    pub at: Timestamp,
}

/// As a kind of sink hears it.
pub(super) fn hear(hook: &Hook<'_>) -> Result<Option<String>, NotTaken> {
    Ok(heard(hook.secret, hook.headers, hook.body)?.remote)
}

/// Reads a message, once one of its signatures over the raw bytes holds. Names of headers are in
/// lower case.
///
/// # Errors
/// It is not signed with the secret, or is no message of an incident.
pub fn heard(secret: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Heard, NotHeard> {
    let given = mac::only(headers, HEADER).ok_or(NotHeard::Signature)?;
    let mut signatures = given.split(',').take(MOST_SIGNATURES);
    let fits = |text: &str| {
        let bytes = text.trim().strip_prefix("v1=").and_then(mac::unhex);
        bytes.is_some_and(|bytes| mac::holds(secret.as_bytes(), body, &bytes))
    };
    if body.len() > MOST_BYTES || !signatures.any(fits) {
        return Err(NotHeard::Signature);
    }
    let message: Value = serde_json::from_slice(body).map_err(|_| NotHeard::Body("$"))?;
    let text = |path: &str| message.pointer(path).and_then(Value::as_str);
    let event = text("/event/id").filter(|id| !id.is_empty()).ok_or(NotHeard::Body("event.id"))?;
    let at = text("/event/occurred_at").and_then(|at| at.parse().ok());
    if text("/event/resource_type") != Some("incident") {
        return Err(NotHeard::Body("event.resource_type"));
    }
    Ok(Heard {
        event: event.to_owned(),
        remote: text("/event/data/incident_key").map(str::to_owned),
        at: at.ok_or(NotHeard::Body("event.occurred_at"))?,
    })
}
