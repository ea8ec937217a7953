//! What a sink posts when something changed there. It is only a hint: the thing is read afterwards.

use jiff::Timestamp;

/// A request of a sink.
#[derive(Debug, Clone, Copy)]
pub struct Hook<'a> {
    /// The secret that it is signed with.
    pub secret: &'a str,
    /// Its headers, names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its body as it came.
    pub body: &'a [u8],
    /// Now.
    pub now: Timestamp,
}

/// Reads a request: the id of the thing that changed, where it tells one.
pub type Hear = fn(&Hook<'_>) -> Result<Option<String>, NotTaken>;

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It is not signed with the secret, or its time is too far from now.
    #[error("it is not signed with the secret of the sink")]
    Signature,
    /// It is signed, and is no message that is known.
    #[error("{0}")]
    Body(String),
}
