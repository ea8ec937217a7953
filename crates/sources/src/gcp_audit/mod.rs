//! Google Cloud Logging: audit entries, and entries of flows, firewalls, name lookups and web
//! requests. Queue
//! messages are opened, since findings and entries come wrapped in the same way.

mod audit;
mod network;
mod place;
mod request;
#[cfg(test)]
mod tests;

use crate::intake::place::placed_below;
use crate::wire::{Tree, decode_base64};
use crate::{Need, Output, RawRecord, Rejection, Shape, Source, scc};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "gcp_audit",
    title: "Google Cloud audit and flow logs",
    shapes: &[
        Shape::plain("entry", &["$"], ENTRY),
        Shape::plain("list of entries", &["$[]"], LIST),
        Shape::plain("answer", &["$.entries[]"], ANSWER),
        Shape::plain("queue message", &["$"], MESSAGE),
        Shape::plain("list of queue messages", &["$[]"], MESSAGES),
        Shape::plain("answer with queue messages", &["$.receivedMessages[]"], RECEIVED),
    ],
    normalize,
    coverage: None,
    live: None,
};

const PAYLOADS: &[&str] = &[
    "$.protoPayload",
    "$.jsonPayload",
    "$.textPayload",
    "$.proto_payload",
    "$.json_payload",
    "$.protopayload_auditlog",
    "$.protopayload",
    "$.jsonpayload",
    "$.httpRequest",
    "$.httprequest",
];
const ENTRY: &[Need] = &[
    Need::AnyOf(&["$.logName", "$.log_name", "$.insertId", "$.insert_id", "$.logname"]),
    Need::AnyOf(PAYLOADS),
    Need::AnyOf(&[
        "$.timestamp",
        "$.receiveTimestamp",
        "$.receive_timestamp",
        "$.resource",
        "$.logName",
        "$.logname",
    ]),
];
const LIST: &[Need] = &[
    Need::AnyOf(&["$[].logName", "$[].log_name", "$[].insertId", "$[].insert_id", "$[].logname"]),
    Need::AnyOf(&[
        "$[].protoPayload",
        "$[].jsonPayload",
        "$[].textPayload",
        "$[].proto_payload",
        "$[].json_payload",
        "$[].protopayload_auditlog",
        "$[].protopayload",
        "$[].jsonpayload",
        "$[].httpRequest",
    ]),
    Need::AnyOf(&[
        "$[].timestamp",
        "$[].receiveTimestamp",
        "$[].receive_timestamp",
        "$[].resource",
        "$[].logName",
    ]),
];
const ANSWER: &[Need] = &[
    Need::Array("$.entries"),
    Need::AnyOf(&["$.entries[].logName", "$.entries[].insertId"]),
    Need::AnyOf(&[
        "$.entries[].protoPayload",
        "$.entries[].jsonPayload",
        "$.entries[].textPayload",
    ]),
];
const MESSAGE: &[Need] = &[
    Need::AnyOf(&["$.message.data"]),
    Need::AnyOf(&["$.subscription", "$.ackId", "$.message.messageId", "$.message.message_id"]),
];
const MESSAGES: &[Need] = &[
    Need::AnyOf(&["$[].message.data"]),
    Need::AnyOf(&["$[].ackId", "$[].subscription", "$[].message.messageId"]),
];
const RECEIVED: &[Need] =
    &[Need::Array("$.receivedMessages"), Need::Has("$.receivedMessages[].message.data")];

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let record: Tree<'_> = serde_json::from_str(raw.text)?;
    let Some(data) = record.first(&["message.data"]) else { return entry(&record, output) };
    let bytes = decode_base64(data)
        .ok_or_else(|| Rejection::new("holds no Base64 text at $.message.data"))?;
    let text = str::from_utf8(&bytes)
        .map_err(|_| Rejection::new("holds no UTF-8 text in $.message.data"))?;
    let placed =
        |error| Rejection(placed_below(&Rejection::from(error).0, (text, "$.message.data")));
    let inner: Tree<'_> = serde_json::from_str(text).map_err(placed)?;
    match inner.key("finding").is_map() {
        true => output.push(scc::finding_of(&inner)?),
        false => entry(&inner, output)?,
    }
    Ok(())
}

fn entry(entry: &Tree<'_>, output: &mut Output) -> Result<(), Rejection> {
    let payload = entry.key("jsonPayload");
    let log = entry.text(&["logName"]).to_ascii_lowercase();
    let record = if audit::payload(entry).is_map() {
        audit::activity(entry)?
    } else if payload.at("detectionCategory").is_map() {
        scc::log_entry(entry)?
    } else if payload.key("finding").is_map() {
        scc::finding_of(payload)?
    } else if payload.at("connection").is_map() {
        network::flow(entry)?
    } else if log.ends_with("dns_queries") || payload.first(&["queryName"]).is_some() {
        network::lookup(entry)?
    } else if entry.key("httpRequest").is_map() {
        request::activity(entry)?
    } else {
        let log: String = log.rsplit('/').next().unwrap_or_default().chars().take(80).collect();
        return Err(Rejection::new(format!(
            "an entry of the log `{log}` has neither an audit payload at $.protoPayload, a connection \
             at $.jsonPayload.connection nor a request at $.httpRequest"
        )));
    };
    output.push(record);
    Ok(())
}
