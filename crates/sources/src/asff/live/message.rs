//! A message of the queue: an event as EventBridge puts it there, or SNS with the event within.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::live::Item;

/// A message as it was received.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    #[serde(default)]
    pub(super) message_id: String,
    pub(super) receipt_handle: String,
    #[serde(default)]
    body: String,
}

/// What SNS puts around a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    #[serde(rename = "Type")]
    kind: String,
    message: String,
}

impl Message {
    /// The record that it carries. What is no JSON is kept as a text, and told as a reject.
    pub(super) fn item(&self) -> Option<Item> {
        let notification: Option<Notification> = serde_json::from_str(&self.body).ok();
        let inner = notification.filter(|found| found.kind == "Notification");
        let text = inner.map_or_else(|| self.body.clone(), |found| found.message);
        // A record is a line, so the blanks around it and line ends within go.
        let json = RawValue::from_string(text.trim().replace(['\n', '\r'], " "))
            .or_else(|_| serde_json::value::to_raw_value(&text));
        Some(Item { id: self.message_id.clone(), changed: None, json: json.ok()? })
    }
}
