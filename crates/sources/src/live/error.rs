//! Why a platform did not answer as it should, and what follows.

use std::time::Duration;

use quell_http::{HttpError, NoValue, Verdict};

/// Why a question has no answer. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The login is refused, for good until somebody changes it.
    #[error("the login is refused: {0}; check the key and `url`")]
    Login(String),
    /// The login has not the right.
    #[error("the right `{right}` is missing: {said}")]
    Forbidden {
        /// The right in the vendor's words.
        right: String,
        /// What the vendor said.
        said: String,
    },
    /// The vendor knows the cursor no more: the reading begins again.
    #[error("the place in the list is not known any more: {0}")]
    Cursor(String),
    /// The vendor asks to come later, in whatever way it says that.
    #[error("asked to come later: {said}")]
    Busy {
        /// How long to wait, where the vendor says it.
        wait: Option<Duration>,
        /// What the vendor said.
        said: String,
    },
    /// The answer is not shaped as the vendor's documents say.
    #[error("`{path}` of the answer is not as expected: {why}")]
    Shape {
        /// The JSON path.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// The vendor refused what was asked, in its words.
    #[error("refused: {0}")]
    Refused(String),
    /// The platform has no such call.
    #[error("{0} cannot do that")]
    Unsupported(&'static str),
    /// A setting of the source is wrong.
    #[error("`{name}` {why}")]
    Setting {
        /// The key in `[sources.NAME]`.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret has no value.
    #[error("{0}")]
    Secret(String),
}

impl LiveError {
    /// What a caller does next.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Http(error) => error.verdict(),
            Self::Busy { wait, .. } => Verdict::Later(*wait),
            // A shape may be a proxy's page or a vendor's bad day; it is named in the status.
            Self::Shape { .. } | Self::Cursor(_) | Self::Secret(_) => Verdict::Later(None),
            Self::Refused(_) | Self::Unsupported(_) => Verdict::GiveUp,
            Self::Login(_) | Self::Forbidden { .. } | Self::Setting { .. } => Verdict::NeedsHuman,
        }
    }

    /// A shape that was not expected, at a JSON path.
    #[must_use]
    pub fn shape(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Shape { path: path.into(), why: why.into() }
    }
}

/// Whether a status says of a login that it is refused, or that nobody takes logins there.
pub(crate) const fn refuses_login(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 405)
}

impl From<NoValue<Self>> for LiveError {
    fn from(error: NoValue<Self>) -> Self {
        match error {
            NoValue::Failed(error) => error,
            NoValue::Resting(left, why) => Self::Busy {
                wait: Some(left),
                said: format!("the login failed a short while ago: {why}"),
            },
        }
    }
}
