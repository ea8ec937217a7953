//! Why a model did not answer, and what to do about it.

use std::time::Duration;

use quell_http::{Deadline, HttpError, Verdict};
use quell_model::shown;

/// Longest wait that still counts as trying again.
const SHORT: Duration = Duration::from_secs(60);
/// Characters kept of a provider's words.
const SAID: usize = 300;

/// Why a model did not answer. No text holds a secret, and what others said is made harmless.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Too many requests, or the provider is overloaded.
    #[error("asked to come later: {said}")]
    Busy {
        /// How long to wait, where the provider says it.
        after: Option<Duration>,
        /// What it said.
        said: String,
    },
    /// The account is out of money or quota; waiting does not help.
    #[error("the account at the provider has no quota left: {said}")]
    Quota {
        /// What it said.
        said: String,
    },
    /// The key is refused.
    #[error("the key is refused: {said}")]
    Login {
        /// What it said.
        said: String,
    },
    /// The key has not the right.
    #[error("the key may not do that: {said}")]
    Forbidden {
        /// What it said.
        said: String,
    },
    /// There is no such model or deployment there, or not for this key.
    #[error("there is no model `{model}` for this key: {said}")]
    NoModel {
        /// The model that was asked for.
        model: String,
        /// What it said.
        said: String,
    },
    /// What answers is no API of this kind: a gateway's page, another path.
    #[error("what answers there is no API of this kind: {said}")]
    NotTheApi {
        /// What was seen.
        said: String,
    },
    /// The input is longer than the model takes.
    #[error("the input is longer than the model takes: {said}")]
    TooLong {
        /// What it said.
        said: String,
    },
    /// The provider's filter refused the input.
    #[error("the provider's filter refused the input: {said}")]
    Filtered {
        /// What it said.
        said: String,
    },
    /// The model does not take a parameter.
    #[error("the model does not take `{name}`: {said}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What it said.
        said: String,
    },
    /// The request is refused for another reason.
    #[error("refused: {said}")]
    Refused {
        /// What it said.
        said: String,
    },
    /// The answer ended before it was whole.
    #[error("the answer broke off: {why}")]
    Cut {
        /// How.
        why: String,
    },
    /// The answer passed a cap.
    #[error("the answer is larger than allowed: {why}")]
    TooLarge {
        /// Which cap.
        why: String,
    },
    /// The answer is not shaped as the provider's documents say.
    #[error("`{path}` of the answer is not as expected: {why}")]
    Shape {
        /// The JSON path.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// The model's answer is no JSON of the schema, also after one repair.
    #[error("the model's answer does not fit `{schema}`: {why}")]
    NotFitting {
        /// The schema's name.
        schema: String,
        /// What does not fit.
        why: String,
    },
    /// Our own schema is none that all providers take.
    #[error("the schema at `{path}` is none that providers take: {why}")]
    Schema {
        /// Where.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The provider does not offer that.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A setting is wrong.
    #[error("`{name}` {why}")]
    Setting {
        /// The key in `[llm.NAME]`.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The key cannot be read now.
    #[error("{0}")]
    Secret(String),
}

/// What a caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The same may work soon.
    Retry {
        /// Not before this time, if the provider named one.
        after: Option<Duration>,
    },
    /// The same may work, but not within a minute.
    Wait {
        /// How long.
        after: Duration,
    },
    /// The same gives the same.
    GiveUp,
    /// Someone has to change something first.
    NeedsPerson {
        /// What.
        what: &'static str,
    },
}

impl LlmError {
    /// What a caller does next.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        let person = |what| Meaning::NeedsPerson { what };
        match self {
            Self::Http(error) => transport(error),
            Self::Busy { after: Some(after), .. } if *after > SHORT => {
                Meaning::Wait { after: *after }
            }
            Self::Busy { after, .. } => Meaning::Retry { after: *after },
            Self::Cut { .. } | Self::Secret(_) => Meaning::Retry { after: None },
            Self::Quota { .. } => person("quota or billing at the provider"),
            Self::Login { .. } => person("the secret in `[llm.NAME]`"),
            Self::Forbidden { .. } => person("the key's rights at the provider"),
            Self::NoModel { .. } => person("`model` in `[llm.NAME]`, or access to it"),
            Self::NotTheApi { .. } => person("`url` and `kind` in `[llm.NAME]`"),
            Self::Setting { .. } => person("the settings in `[llm.NAME]`"),
            Self::TooLong { .. }
            | Self::Filtered { .. }
            | Self::Parameter { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::Shape { .. }
            | Self::NotFitting { .. }
            | Self::Schema { .. }
            | Self::Unsupported(_) => Meaning::GiveUp,
        }
    }

    /// Whether the answer took longer than it may.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self, Self::Http(HttpError::Deadline { .. }))
    }

    /// Whether the provider may have made an answer and counts it.
    #[must_use]
    pub fn may_cost(&self) -> bool {
        match self {
            Self::Http(error) => error.may_have_arrived(),
            Self::Cut { .. }
            | Self::TooLarge { .. }
            | Self::Shape { .. }
            | Self::NotFitting { .. } => true,
            Self::Busy { .. }
            | Self::Quota { .. }
            | Self::Login { .. }
            | Self::Forbidden { .. }
            | Self::NoModel { .. }
            | Self::NotTheApi { .. }
            | Self::TooLong { .. }
            | Self::Filtered { .. }
            | Self::Parameter { .. }
            | Self::Refused { .. }
            | Self::Schema { .. }
            | Self::Unsupported(_)
            | Self::Setting { .. }
            | Self::Secret(_) => false,
        }
    }

    pub(crate) fn shape(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Shape { path: path.into(), why: why.into() }
    }
}

fn transport(error: &HttpError) -> Meaning {
    // A model that thinks longer than the deadline, or says more than the cap, does so again.
    let same_again = matches!(
        error,
        HttpError::Deadline { deadline: Deadline::Whole, .. } | HttpError::TooLarge { .. }
    );
    if same_again {
        return Meaning::GiveUp;
    }
    match error.verdict() {
        Verdict::Later(after) => Meaning::Retry { after },
        Verdict::GiveUp => Meaning::GiveUp,
        Verdict::NeedsHuman => Meaning::NeedsPerson { what: "`url`, the network or `[egress]`" },
    }
}

/// What others said: one short line without anything that could mislead who reads it.
pub(crate) fn tame(text: &str) -> String {
    let one: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = one.chars().take(SAID).collect();
    if short.len() < one.len() {
        short.push('…');
    }
    shown(&short, false)
}
