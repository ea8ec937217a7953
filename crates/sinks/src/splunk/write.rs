//! Events: JSON objects one after another, not in a list.

use serde_json::{Map, Value, json};

use crate::common::events;
use crate::{SinkError, Wanted};

/// Where events belong.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) index: Option<String>,
    pub(super) sourcetype: String,
    pub(super) source: String,
}

/// The events of an act: one, or several where its text is long. Splunk cuts an event after 10,000
/// bytes unless told otherwise.
pub(super) fn events(place: &Place, wanted: &Wanted<'_>) -> Result<Vec<Value>, SinkError> {
    Ok(events::events(wanted)?.iter().map(|event| whole(place, event)).collect())
}

fn whole(place: &Place, event: &Map<String, Value>) -> Value {
    let mut out = json!({
        "host": "quell",
        "source": place.source,
        "sourcetype": place.sourcetype,
        "event": event,
    });
    if let (Some(out), Some(index)) = (out.as_object_mut(), &place.index) {
        out.insert("index".to_owned(), index.as_str().into());
    }
    out
}

/// Events as they are sent.
pub(super) fn batch(events: &[Value]) -> Vec<u8> {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    texts.join("\n").into_bytes()
}
