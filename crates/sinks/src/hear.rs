//! What a sink posts. When something changed there, it is only a hint: the thing is read
//! afterwards. When somebody pressed a button, it is what one person says.

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

/// Reads a request: which button somebody pressed.
pub type Press = fn(&Hook<'_>) -> Result<Pressed, NotTaken>;

/// A button that somebody pressed. The server compares all of it with what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// Whether it agrees; else it denies.
    pub agrees: bool,
    /// What stood in the button: the key of the delivery and the hash of what is agreed to.
    pub value: String,
    /// The sink's id of the person.
    pub person: String,
    /// The sink's id of the workspace.
    pub team: String,
    /// The sink's id of the app.
    pub app: String,
    /// The sink's id of the message, as deliveries have it.
    pub remote: Option<String>,
}

/// What stands in a button.
#[must_use]
pub fn button_value(key: &str, hash: &str) -> String {
    format!("{key}.{hash}")
}

impl Pressed {
    /// The key of the delivery and the hash of what is agreed to, if it names both.
    #[must_use]
    pub fn names(&self) -> Option<(&str, &str)> {
        self.value.split_once('.').filter(|(key, hash)| !key.is_empty() && !hash.is_empty())
    }
}

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

/// Why a message that only hints at a change does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeard {
    /// It is not signed with the secret.
    #[error("it is not signed with the secret of the sink")]
    Signature,
    /// It is signed, but was made too long ago, or is yet to be made.
    #[error("its time is too far from now")]
    Time,
    /// It is signed, and is no message that is known.
    #[error("`{0}` is missing or not as expected")]
    Body(&'static str),
}

impl From<NotHeard> for NotTaken {
    fn from(error: NotHeard) -> Self {
        match error {
            NotHeard::Signature | NotHeard::Time => Self::Signature,
            NotHeard::Body(_) => Self::Body(error.to_string()),
        }
    }
}
