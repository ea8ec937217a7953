//! Why something was not done, and what follows.

use std::fmt;
use std::time::Duration;

use quell_govern::approval::NotCanonical;
use quell_http::{HttpError, Verdict};

/// Why something was not done. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ContainError {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The login is refused. It is made for one action, so another try would not help.
    #[error("the login made for this action is refused ({said}); {step}")]
    Login {
        /// What was said.
        said: String,
        /// What to do.
        step: &'static str,
    },
    /// The login has not the right.
    #[error("the right `{right}` is missing ({said}); grant it to the login that acts")]
    Forbidden {
        /// The right in the platform's words.
        right: String,
        /// What the platform said.
        said: String,
    },
    /// The target is not there.
    #[error("the target is not there any more ({0})")]
    Gone(String),
    /// The target is not as it was looked at.
    #[error(
        "`{part}` was changed since it was looked at: it was {was} and is {is}; look again and ask for a new plan"
    )]
    Drifted {
        /// Which part.
        part: String,
        /// As it was.
        was: String,
        /// As it is.
        is: String,
    },
    /// The target changed in the moment in which it was written, again and again.
    #[error("others write to the target at the same time ({0}); try again")]
    Conflict(String),
    /// The platform asks to come later.
    #[error("asked to come later ({said})")]
    Busy {
        /// How long to wait, where it says so.
        wait: Option<Duration>,
        /// What it said.
        said: String,
    },
    /// Nobody knows whether it was done.
    #[error("it is not known whether it was done ({0}); look at the target")]
    Lost(String),
    /// The platform refused what was asked.
    #[error("refused ({0})")]
    Refused(String),
    /// The action does not fit the target.
    #[error("{0}")]
    Unsuitable(String),
    /// It stands already as it would be made.
    #[error("it is contained already; there is nothing to do")]
    AlreadySo,
    /// The answer is not shaped as the platform's documents say.
    #[error("`{path}` of the answer is not as expected: {why}")]
    Shape {
        /// Where.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// It was done, and looking again does not show it.
    #[error("it was sent and looking again does not show it: {0}")]
    Unverified(String),
    /// What was there cannot be set again by the platform's API.
    #[error("there is no way back by the API: {0}")]
    NoWayBack(&'static str),
    /// The leave is not for this plan, or the plan is not what this program would do.
    #[error("not approved: {0}")]
    NotApproved(&'static str),
    /// The settings name no login for the target.
    #[error("{0}")]
    Setting(String),
}

/// What follows from an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Another try may help, not before this time if it was named.
    Later(Option<Duration>),
    /// It may have been done: look first.
    Unknown,
    /// Another try gives the same until somebody changes something.
    Permanent,
}

impl ContainError {
    /// What follows.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Http(error) if error.may_have_arrived() => Class::Unknown,
            Self::Http(error) => match error.verdict() {
                Verdict::Later(wait) => Class::Later(wait),
                Verdict::GiveUp | Verdict::NeedsHuman => Class::Permanent,
            },
            Self::Conflict(_) => Class::Later(None),
            Self::Busy { wait, .. } => Class::Later(*wait),
            Self::Lost(_) | Self::Unverified(_) => Class::Unknown,
            Self::Login { .. }
            | Self::Forbidden { .. }
            | Self::Gone(_)
            | Self::Drifted { .. }
            | Self::Refused(_)
            | Self::Shape { .. }
            | Self::Unsuitable(_)
            | Self::AlreadySo
            | Self::NoWayBack(_)
            | Self::NotApproved(_)
            | Self::Setting(_) => Class::Permanent,
        }
    }

    /// A shape that was not expected.
    pub(crate) fn shape(path: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Shape { path: path.into(), why: why.to_string() }
    }
}

impl From<NotCanonical> for ContainError {
    fn from(error: NotCanonical) -> Self {
        Self::shape("plan", error)
    }
}
