//! Webhooks: which bodies are believed, and what the others tell to ask for.
//!
//! The default body of an alert holds all that the API would say. A body by a template of the
//! customer's holds what the customer chose, and one of the console has neither an id nor the
//! severity. Those are hints: what they name is asked for, so that it comes as it always comes.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::alerts::ALERTS;
use super::console::{
    APP_AUDITS, APP_FIREWALL, CONTAINER_AUDITS, CONTAINER_FIREWALL, FILE_INTEGRITY, HOST_AUDITS,
    HOST_FIREWALL, INCIDENTS, KUBERNETES, LOG_INSPECTION, SERVERLESS_AUDITS, SERVERLESS_FIREWALL,
    Wanted,
};
use crate::live::Target;
use crate::wire::Text;

/// Most records that one body may announce.
const MOST: usize = 1000;
/// How long before its arrival something may have happened whose time cannot be read.
const BACK: SignedDuration = SignedDuration::from_mins(30);
/// Around a time that is told in whole seconds.
const AROUND: SignedDuration = SignedDuration::from_secs(5);

/// Names that any of the bodies uses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(borrow, rename = "alertId")]
    alert: Text<'a>,
    #[serde(rename = "resourceId")]
    resource: Text<'a>,
    #[serde(rename = "policyId")]
    policy: Text<'a>,
    #[serde(rename = "cloudType")]
    cloud: Text<'a>,
    #[serde(rename = "alertStatus")]
    status: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    time: Text<'a>,
    rule: Text<'a>,
    message: Text<'a>,
    host: Text<'a>,
    function: Text<'a>,
    container: Text<'a>,
    #[serde(rename = "appID")]
    app: Text<'a>,
}

/// What a body announces; `None` where it is believed.
pub(super) fn announced(body: &[u8], now: Timestamp) -> Option<Vec<Target>> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let parts: Vec<Box<RawValue>> = if text.starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        vec![serde_json::from_str(text).ok()?]
    };
    let told = parts.iter().map(|part| serde_json::from_str(part.get()).ok());
    let told: Option<Vec<Told<'_>>> = told.collect();
    let told = told.filter(|told| !told.is_empty())?;
    if told.iter().all(is_whole) || told.iter().any(is_strange) {
        return None;
    }
    Some(told.iter().take(MOST).flat_map(|told| targets(told, now)).collect())
}

/// Whether it is an alert that says all.
fn is_whole(told: &Told<'_>) -> bool {
    [&told.alert, &told.resource, &told.policy, &told.cloud]
        .into_iter()
        .all(|text| text.get().is_some())
}

/// Whether it is none of the vendor's. The call that tests a webhook has a message and no more.
fn is_strange(told: &Told<'_>) -> bool {
    let known = [&told.alert, &told.message, &told.rule, &told.status];
    known.into_iter().all(|text| text.get().is_none())
}

fn targets(told: &Told<'_>, now: Timestamp) -> Vec<Target> {
    if let Some(id) = told.alert.get() {
        return vec![Target { stream: ALERTS.to_owned(), id: id.to_owned() }];
    }
    let word: String = told.kind.or_empty().chars().filter(char::is_ascii_alphanumeric).collect();
    let word = word.to_ascii_lowercase();
    let text = |text: &Text<'_>| text.get().map(str::to_owned);
    let (from, to) = match told.time.get().and_then(time) {
        Some(at) => (at - AROUND, at + AROUND),
        None => (now - BACK, now + AROUND),
    };
    let base =
        || Wanted { from: Some(from.to_string()), to: Some(to.to_string()), ..Wanted::default() };
    let host = || Wanted { hostname: text(&told.host), ..base() };
    let is = |words: &[&str]| words.iter().any(|known| word.contains(known));
    // The firewall's lists stand beside those of processes.
    let either = |firewall: &'static str, audits: &'static str| {
        if is(&["waas", "firewall", "webapp"]) { firewall } else { audits }
    };
    let (stream, wanted) = if is(&["incident"]) {
        (INCIDENTS, host())
    } else if is(&["kubernetes"]) {
        (KUBERNETES, base())
    } else if is(&["fileintegrity"]) {
        (FILE_INTEGRITY, host())
    } else if is(&["loginspection"]) {
        (LOG_INSPECTION, host())
    } else if is(&["serverless"]) || told.function.get().is_some() {
        let stream = either(SERVERLESS_FIREWALL, SERVERLESS_AUDITS);
        (stream, Wanted { function: text(&told.function), ..base() })
    } else if is(&["embedded"]) || told.app.get().is_some() {
        let stream = either(APP_FIREWALL, APP_AUDITS);
        (stream, Wanted { app_id: text(&told.app), ..base() })
    } else if is(&["container"]) || told.container.get().is_some() {
        (either(CONTAINER_FIREWALL, CONTAINER_AUDITS), host())
    } else if told.host.get().is_some() {
        (either(HOST_FIREWALL, HOST_AUDITS), host())
    } else {
        return Vec::new();
    };
    let id = serde_json::to_string(&wanted).unwrap_or_default();
    vec![Target { stream: stream.to_owned(), id }]
}

/// `Oct 14, 2023 09:16:04 UTC`, as the console writes it, or any other spelling.
fn time(text: &str) -> Option<Timestamp> {
    let own = jiff::fmt::strtime::parse("%b %d, %Y %H:%M:%S UTC", text).ok();
    let own = own.and_then(|time| time.to_datetime().ok());
    let own = own.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
    own.map(|zoned| zoned.timestamp()).or_else(|| quell_model::parse_timestamp(text))
}
