//! Why a sink did not do what it was asked, and what follows.

use std::time::Duration;

use quell_deliver::outbox::Outcome;
use quell_http::{HttpError, NoValue, Verdict};

/// Why something was not done. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The login is refused, for good until somebody changes it.
    #[error("the login is refused: {0}")]
    Login(String),
    /// The login has not the right.
    #[error("the right `{right}` is missing: {said}")]
    Forbidden {
        /// The right in the sink's words.
        right: String,
        /// What the sink said.
        said: String,
    },
    /// The sink did not take it and asks to come later, in whatever way it says that.
    #[error("asked to come later: {said}")]
    Busy {
        /// How long to wait, where the sink says it.
        wait: Option<Duration>,
        /// What the sink said.
        said: String,
    },
    /// Nobody knows whether the sink took it.
    #[error("it is not known whether it was taken: {0}")]
    Lost(String),
    /// The answer is not shaped as the vendor's documents say.
    #[error("`{path}` of the answer is not as expected: {why}")]
    Shape {
        /// The JSON path.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// The sink refused what was asked, in its words.
    #[error("refused: {0}")]
    Refused(String),
    /// What it was about is not there any more.
    #[error("it is not there any more: {0}")]
    Gone(String),
    /// The sink cannot do that.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A setting of the sink is wrong.
    #[error("`{name}` {why}")]
    Setting {
        /// The key in `[sinks.NAME]`.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret has no value.
    #[error("{0}")]
    Secret(String),
}

impl From<NoValue<Self>> for SinkError {
    fn from(error: NoValue<Self>) -> Self {
        match error {
            NoValue::Failed(error) => error,
            resting @ NoValue::Resting(wait, _) => {
                Self::Busy { wait: Some(wait), said: resting.to_string() }
            }
        }
    }
}

impl SinkError {
    /// What a sink says of an act that only code hosts know.
    pub(crate) const NO_REVIEW: Self = Self::Unsupported("code is spoken of at code hosts only");

    /// What came of an act that failed with this.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let said = self.to_string();
        match self {
            Self::Http(error) if error.may_have_arrived() => Outcome::Lost(said),
            Self::Http(error) => match error.verdict() {
                Verdict::Later(wait) => Outcome::Later(wait, said),
                Verdict::GiveUp | Verdict::NeedsHuman => Outcome::Refused(said),
            },
            Self::Busy { wait, .. } => Outcome::Later(*wait, said),
            // An answer that cannot be read came after the act.
            Self::Lost(_) | Self::Shape { .. } => Outcome::Lost(said),
            Self::Secret(_) => Outcome::Later(None, said),
            Self::Login(_)
            | Self::Forbidden { .. }
            | Self::Refused(_)
            | Self::Gone(_)
            | Self::Unsupported(_)
            | Self::Setting { .. } => Outcome::Refused(said),
        }
    }

    /// A shape that was not expected, at a JSON path.
    #[must_use]
    pub fn shape(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Shape { path: path.into(), why: why.into() }
    }
}
