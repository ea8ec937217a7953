//! What hosts of code send when something changed: a hint, after which the thing is read.

use ring::hmac;
use serde_json::Value;

use crate::NotTaken;
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

/// Why a message does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeard {
    /// It is not signed with the secret.
    #[error("it is not signed with the secret of the sink")]
    Signature,
    /// It is signed, but was made too long ago, or is yet to be made.
    #[error("its time is too far from now")]
    Time,
    /// It is signed, and is no message.
    #[error("`{0}` is missing or not as expected")]
    Body(&'static str),
}

/// As a kind of sink hears it.
pub(crate) fn taken(heard: Result<Heard, NotHeard>) -> Result<Option<String>, NotTaken> {
    match heard {
        Ok(heard) => Ok(heard.remote),
        Err(NotHeard::Signature | NotHeard::Time) => Err(NotTaken::Signature),
        Err(error @ NotHeard::Body(_)) => Err(NotTaken::Body(error.to_string())),
    }
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
