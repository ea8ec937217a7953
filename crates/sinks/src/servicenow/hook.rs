//! What an instance tells of its own accord: that a record changed. It is a hint and no more: what
//! the record says is read over the API afterwards.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::table::{is_name, is_sys_id};
use super::text::read_moment;
use crate::{Hook, NotHeard, NotTaken, common::mac};

/// The header with the signature: `sha256=` and the HMAC of the raw body, in Base64 as
/// `GlideCertificateEncryption.generateMac` writes it, or in small hexadecimal digits.
const HEADER: &str = "x-quell-signature";
/// Longest body that is read.
const MOST_BYTES: usize = 64 << 10;

/// A record that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The id of the remote thing, as a delivery knows it: the table and the `sys_id`.
    pub remote: String,
    /// How often the record was changed (`sys_mod_count`). With the id it tells a repeated message.
    pub changes: u64,
    /// When it was changed (`sys_updated_on`).
    pub at: Timestamp,
}

/// As a kind of sink hears it.
pub(super) fn hear(hook: &Hook<'_>) -> Result<Option<String>, NotTaken> {
    Ok(Some(heard(hook.secret, hook.headers, hook.body)?.remote))
}

#[derive(Deserialize)]
struct Message {
    table: String,
    sys_id: String,
    sys_mod_count: serde_json::Value,
    sys_updated_on: String,
}

/// Reads a message, once its signature over the raw bytes holds. Names of headers are in lower case.
///
/// # Errors
/// It is not signed with the secret, or is no message of a record.
pub fn heard(secret: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Heard, NotHeard> {
    let given = mac::only(headers, HEADER).and_then(|text| bytes(text.strip_prefix("sha256=")?));
    let given = given.ok_or(NotHeard::Signature)?;
    if body.len() > MOST_BYTES || !mac::holds(secret.as_bytes(), body, &given) {
        return Err(NotHeard::Signature);
    }
    let message: Message = serde_json::from_slice(body).map_err(|_| NotHeard::Body("$"))?;
    if !is_name(&message.table) {
        return Err(NotHeard::Body("table"));
    }
    if !is_sys_id(&message.sys_id) {
        return Err(NotHeard::Body("sys_id"));
    }
    let changes = &message.sys_mod_count;
    let changes = changes.as_u64().or_else(|| changes.as_str()?.parse().ok());
    Ok(Heard {
        remote: format!("{}/{}", message.table, message.sys_id),
        changes: changes.ok_or(NotHeard::Body("sys_mod_count"))?,
        at: read_moment(&message.sys_updated_on).ok_or(NotHeard::Body("sys_updated_on"))?,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.len() == 64 { mac::unhex(text) } else { STANDARD.decode(text).ok() }
}
