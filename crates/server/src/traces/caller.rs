//! The trace that a caller names: `traceparent`, as W3C Trace Context has it.
//!
//! Read here and not by the library, which takes signs, blanks and short fields. Whether the caller
//! samples is not asked: who is not trusted would switch our spans off. `tracestate` is not kept.

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const HEADER: &str = "traceparent";
/// Bytes of the four fields with what stands between them.
const BYTES: usize = 55;

/// Has a span go on with the trace that a request names, where it names one well.
pub(crate) fn goes_on(span: &tracing::Span, headers: &HeaderMap) {
    let mut all = headers.get_all(HEADER).iter();
    // Of two, nobody knows which counts.
    let (Some(given), None) = (all.next(), all.next()) else { return };
    let Some((trace, parent)) = given.to_str().ok().and_then(parse) else { return };
    let of = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, TraceState::default());
    // It fails where nobody takes spans.
    drop(span.set_parent(Context::new().with_remote_span_context(of)));
}

/// The trace, and the span of the caller.
fn parse(text: &str) -> Option<(TraceId, SpanId)> {
    // A later version may say more behind the flags.
    let (known, more) = text.split_at_checked(BYTES)?;
    let fields: Vec<&str> = known.split('-').collect();
    let [version, trace, parent, flags] = fields.as_slice() else { return None };
    let is_hex = |field: &str, bytes: usize| {
        field.len() == bytes && field.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_well = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let ends = more.is_empty() || (*version != "00" && more.starts_with('-'));
    if !is_well || !ends || *version == "ff" {
        return None;
    }
    let (trace, parent) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(parent).ok()?);
    (trace != TraceId::INVALID && parent != SpanId::INVALID).then_some((trace, parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_parent_is_taken_as_the_standard_has_it() {
        for text in [
            format!("00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-00"),
            format!("00-{TRACE}-{PARENT}-ff"),
            format!("cc-{TRACE}-{PARENT}-01"),
            format!("cc-{TRACE}-{PARENT}-01-what-the-future-brings"),
        ] {
            let (trace, parent) = parse(&text).unwrap();
            assert_eq!((trace.to_string().as_str(), parent.to_string().as_str()), (TRACE, PARENT));
        }
    }

    #[test]
    fn what_is_malformed_is_none() {
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            "00".into(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-01."),
            format!("cc-{TRACE}-{PARENT}-01.more"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{zeros}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-0X"),
            format!("+0-{TRACE}-{PARENT}-01"),
            format!(" 00-{TRACE}-{PARENT}-01"),
            format!("00_{TRACE}_{PARENT}_01"),
            format!("00-{}-{PARENT}-01", "é".repeat(16)),
            format!("00-{TRACE}{PARENT}-0-01-"),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }
}
