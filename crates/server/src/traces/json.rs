//! A message of spans, as OTLP 1.x has it in JSON: ids in hex, enums and times as numbers, and
//! numbers of 64 bits as text.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{Array, Key, KeyValue, Value as Given};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};

pub(super) fn message(about: &Resource, spans: &[SpanData]) -> Value {
    let attributes: Vec<Value> = about.iter().map(|(key, value)| attribute(key, value)).collect();
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes},
        "scopeSpans": [{"scope": {"name": "quell"}, "spans": spans}],
    }]})
}

fn span(span: &SpanData) -> Value {
    let events: Vec<Value> = span
        .events
        .iter()
        .map(|event| {
            json!({"timeUnixNano": nanos(event.timestamp), "name": event.name,
                "attributes": attributes(&event.attributes)})
        })
        .collect();
    let mut told = json!({
        "traceId": span.span_context.trace_id().to_string(),
        "spanId": span.span_context.span_id().to_string(),
        "name": span.name,
        "kind": kind(&span.span_kind),
        "startTimeUnixNano": nanos(span.start_time),
        "endTimeUnixNano": nanos(span.end_time),
        "attributes": attributes(&span.attributes),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": events,
        "status": status(&span.status),
    });
    let begun_by =
        (span.parent_span_id != SpanId::INVALID).then(|| span.parent_span_id.to_string());
    if let (Some(parent), Some(told)) = (begun_by, told.as_object_mut()) {
        told.insert("parentSpanId".to_owned(), json!(parent));
    }
    told
}

fn attributes(all: &[KeyValue]) -> Vec<Value> {
    all.iter().map(|one| attribute(&one.key, &one.value)).collect()
}

fn attribute(key: &Key, value: &Given) -> Value {
    json!({"key": key.as_str(), "value": any(value)})
}

fn any(value: &Given) -> Value {
    let number = |number: &i64| json!({"intValue": number.to_string()});
    match value {
        Given::Bool(truth) => json!({"boolValue": truth}),
        Given::I64(whole) => number(whole),
        Given::F64(part) => json!({"doubleValue": part}),
        Given::String(text) => json!({"stringValue": text.as_str()}),
        Given::Array(Array::I64(all)) => {
            json!({"arrayValue": {"values": all.iter().map(number).collect::<Vec<_>>()}})
        }
        // No span of ours has others.
        other @ (Given::Array(_) | _) => json!({"stringValue": other.to_string()}),
    }
}

const fn kind(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn status(status: &Status) -> Value {
    match status {
        Status::Unset => json!({}),
        Status::Ok => json!({"code": 1}),
        Status::Error { description } => json!({"code": 2, "message": description}),
    }
}

fn nanos(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}
