//! A person presses a button: the request that Slack sends then, signed.

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// Who presses which button where.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// The button's `action_id`.
    pub action: &'a str,
    /// The button's `value`.
    pub value: &'a str,
    /// The person.
    pub user: &'a str,
    /// The workspace.
    pub team: &'a str,
    /// The app.
    pub app: &'a str,
    /// The message.
    pub ts: &'a str,
}

/// The request.
#[derive(Debug, Clone)]
pub struct Pressed {
    /// `X-Slack-Request-Timestamp`.
    pub timestamp: String,
    /// `X-Slack-Signature`.
    pub signature: String,
    /// The form.
    pub body: String,
}

impl Press<'_> {
    /// The payload that the form holds.
    #[must_use]
    pub fn payload(&self) -> Value {
        json!({
            "type": "block_actions",
            "api_app_id": self.app,
            "team": {"id": self.team, "domain": "example"},
            "user": {"id": self.user, "username": "somebody", "team_id": self.team},
            "trigger_id": "12345.98765.abcd",
            "response_url": "https://hooks.slack.com/actions/T0EXAMPLE/1/abc",
            "channel": {"id": "C0SECURITY", "name": "security"},
            "container": {"type": "message", "message_ts": self.ts, "channel_id": "C0SECURITY"},
            "message": {"type": "message", "ts": self.ts, "text": "…"},
            "actions": [{
                "type": "button",
                "action_id": self.action,
                "block_id": "b1",
                "value": self.value,
                "action_ts": "1900000001.000001",
            }],
        })
    }

    /// The request as Slack signs it at a time.
    #[must_use]
    pub fn signed(&self, secret: &str, seconds: i64) -> Pressed {
        let body = format!("payload={}", escaped(&self.payload().to_string()));
        sign(secret, seconds, body)
    }
}

/// Signs any body as Slack would.
fn sign(secret: &str, seconds: i64, body: String) -> Pressed {
    let timestamp = seconds.to_string();
    let mut signature = String::from("v0=");
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        for byte in mac.finalize().into_bytes() {
            signature.push_str(&format!("{byte:02x}"));
        }
    }
    Pressed { timestamp, signature, body }
}

fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let mut out = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
