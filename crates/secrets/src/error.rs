//! Why a secret cannot be had, and what to do about it.

use std::path::PathBuf;

use quell_config::SecretRef;
use quell_http::{HttpError, Verdict};

/// A secret that cannot be had. No variant holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the variable `{0}` is not set; set it, or change the reference")]
    NotSet(String),
    /// The file is not there.
    #[error("the file `{}` is not there; make it, or change the reference", .0.display())]
    NoFile(PathBuf),
    /// The file cannot be read now.
    #[error("the file `{}` cannot be read ({why}); check its permissions", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// There is nothing in it.
    #[error("`{0}` is empty; put the value there")]
    Empty(SecretRef),
    /// It is larger than a secret can be.
    #[error("`{0}` is larger than 64 KiB; is it the right place?")]
    TooLarge(SecretRef),
    /// The service that keeps it is not configured.
    #[error("`{reference}` needs `{variable}` in the environment")]
    NotConfigured {
        /// What was asked for.
        reference: SecretRef,
        /// The variable that says where the service is.
        variable: &'static str,
    },
    /// A reference for logging in that would itself need a login.
    #[error("the login for `{0}` must come from `env:` or `file:`")]
    Circular(&'static str),
    /// No key for AWS stands where AWS's own tools look for it.
    #[error(
        "there is no key for AWS in `AWS_ACCESS_KEY_ID`, in a profile file or by `AWS_WEB_IDENTITY_TOKEN_FILE`; give one there or by reference"
    )]
    NoAwsKey,
    /// A profile of AWS's own tools cannot be used.
    #[error("the AWS profile `{name}` cannot be used ({why}); give the key by reference instead")]
    Profile {
        /// Its name.
        name: String,
        /// Why not.
        why: String,
    },
    /// The service says that there is no such secret.
    #[error("there is no `{reference}` ({why}); check its name")]
    Missing {
        /// What was asked for.
        reference: SecretRef,
        /// What is missing.
        why: String,
    },
    /// The service says no.
    #[error("`{place}` refuses ({why}); {step}")]
    Denied {
        /// What was asked for, or the service.
        place: String,
        /// What it said.
        why: String,
        /// What to do.
        step: &'static str,
    },
    /// The service cannot be reached, or cannot answer now.
    #[error("`{place}` cannot be read now: {why}")]
    Unavailable {
        /// What was asked for, or the service.
        place: String,
        /// What happened.
        why: String,
    },
    /// The answer cannot be read.
    #[error("the answer for `{0}` cannot be read; is it the right address?")]
    Malformed(String),
    /// It failed shortly before.
    #[error("{why} (it is tried again in {seconds} s)")]
    Resting {
        /// Why it failed.
        why: String,
        /// When it is tried again.
        seconds: u64,
    },
}

impl SecretError {
    /// Whether the value may still be right, and only cannot be read now.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::File { .. }
            | Self::Unavailable { .. }
            | Self::Malformed(_)
            | Self::Resting { .. } => true,
            Self::NotSet(_)
            | Self::NoFile(_)
            | Self::Empty(_)
            | Self::TooLarge(_)
            | Self::NotConfigured { .. }
            | Self::Circular(_)
            | Self::NoAwsKey
            | Self::Profile { .. }
            | Self::Missing { .. }
            | Self::Denied { .. } => false,
        }
    }

    /// What a failed request means where the service said nothing of its own.
    pub(crate) fn of_http(place: &str, error: &HttpError) -> Self {
        let (place, why) = (place.to_owned(), error.to_string());
        match error.verdict() {
            Verdict::Later(_) => Self::Unavailable { place, why },
            Verdict::GiveUp | Verdict::NeedsHuman if error.remote().is_none() => {
                // The network or its rules, not the service: the value itself may be right.
                Self::Unavailable { place, why }
            }
            Verdict::GiveUp | Verdict::NeedsHuman => {
                Self::Denied { place, why, step: "check the address and the login" }
            }
        }
    }
}
