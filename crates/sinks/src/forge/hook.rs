//! What hosts of code send when something changed: a hint, after which the thing is read.

use ring::hmac;
use serde_json::Value;

use crate::NotHeard;
use crate::common::mac::holds;

/// Longest body that is read.
pub(crate) const MOST_BYTES: usize = 25 << 20;

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The id of the message: the same one may come again.
    pub delivery: String,
    /// What kind of event it is, in the host's word.
    pub event: String,
    /// The id of the remote thing, as a delivery knows it; none where it is about something else.
    pub remote: Option<String>,
}

/// Whether two texts are the same, in constant time.
pub(crate) fn same(secret: &str, given: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, given.as_bytes());
    holds(secret.as_bytes(), secret.as_bytes(), tag.as_ref())
}

/// The JSON of a body.
pub(crate) fn read(body: &[u8]) -> Result<Value, NotHeard> {
    let value: Value = serde_json::from_slice(body).map_err(|_| NotHeard::Body("$"))?;
    if value.is_object() { Ok(value) } else { Err(NotHeard::Body("$")) }
}
