//! What a person has Quell tell a platform about one of its findings.

use std::sync::Arc;

use quell_model::{TenantId, Timestamp};
use quell_pipeline::query::Listing;
use quell_sources::live::{Change, Dismissal, LiveError, Target, Written};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{Platform, Platforms};

/// Longest note, and longest name of a ticket.
const MOST_CHARS: usize = 2000;

/// What a platform is told about one of its findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Tell {
    /// A note beside it.
    Comment {
        /// The note.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// Somebody works on it.
    Begin {
        /// Why.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// It is dealt with.
    Close {
        /// Why.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// It is no fault, or one that is accepted.
    Dismiss {
        /// Which of them.
        why: Why,
        /// Why.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// It is left alone until then.
    Snooze {
        /// When it comes back.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// Why.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// It counts again.
    Reopen {
        /// Why.
        #[schema(min_length = 1, max_length = 2000)]
        note: String,
    },
    /// A ticket elsewhere is about it.
    Link {
        /// What the ticket is called.
        #[schema(min_length = 1, max_length = 2000)]
        name: String,
        /// Where it is: an address that begins with `https://` or `http://`.
        #[schema(format = "uri")]
        url: String,
    },
}

/// Why a finding is dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was never true.
    FalsePositive,
    /// It is true, and somebody took the risk.
    Accepted,
    /// It is true, and something else holds.
    Mitigated,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The platform took it.
    Done,
    /// It was so already.
    Already,
}

/// Why a platform was not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// What is to be told is wrong.
    #[error("{0}")]
    Wrong(String),
    /// None of the platforms that are asked lists the finding.
    #[error("no platform that is asked lists this finding")]
    Unlisted,
    /// The platform did not take it.
    #[error(transparent)]
    Live(#[from] LiveError),
}

/// A finding as its platform lists it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The platform.
    pub(crate) platform: Arc<Platform>,
    /// The stream, and the platform's id.
    pub(crate) target: Target,
}

impl Listed {
    /// Where a finding is listed, of the places that are known.
    pub(crate) fn of(
        platforms: &Platforms,
        tenant: &TenantId,
        (native_id, places): (String, Vec<Listing>),
    ) -> Result<Self, TellError> {
        let mut found = places
            .into_iter()
            .filter_map(|place| Some((platforms.of(tenant, &place.source)?, place.stream)));
        let (platform, stream) = found.next().ok_or(TellError::Unlisted)?;
        Ok(Self { platform: Arc::clone(platform), target: Target { stream, id: native_id } })
    }

    /// Tells the platform, and asks it how the finding stands now.
    pub(crate) async fn tell(&self, tell: Tell, now: Timestamp) -> Result<Told, TellError> {
        let change = tell.checked(now)?;
        let written = self.platform.connector.write(&self.target, &change).await?;
        self.platform.ask_for(self.target.clone());
        Ok(match written {
            Written::Done => Told::Done,
            Written::Already => Told::Already,
        })
    }
}

impl Tell {
    fn checked(self, now: Timestamp) -> Result<Change, TellError> {
        Ok(match self {
            Self::Comment { note } => Change::Comment { text: text("note", note)? },
            Self::Begin { note } => Change::Begin { note: text("note", note)? },
            Self::Close { note } => Change::Close { note: text("note", note)? },
            Self::Dismiss { why, note } => {
                Change::Dismiss { why: why.into(), note: text("note", note)? }
            }
            Self::Snooze { until, .. } if until <= now => {
                return Err(TellError::Wrong("`until` is over; name a later time".to_owned()));
            }
            Self::Snooze { until, note } => Change::Snooze { until, note: text("note", note)? },
            Self::Reopen { note } => Change::Reopen { note: text("note", note)? },
            Self::Link { name, url } => {
                Change::Link { name: text("name", name)?, url: address(url)? }
            }
        })
    }
}

impl From<Why> for Dismissal {
    fn from(why: Why) -> Self {
        match why {
            Why::FalsePositive => Self::FalsePositive,
            Why::Accepted => Self::Accepted,
            Why::Mitigated => Self::Mitigated,
        }
    }
}

fn text(name: &str, given: String) -> Result<String, TellError> {
    let length = given.chars().count();
    if given.trim().is_empty() || length > MOST_CHARS {
        return Err(TellError::Wrong(format!("`{name}` has 1 to {MOST_CHARS} characters")));
    }
    Ok(given)
}

fn address(given: String) -> Result<String, TellError> {
    let fits = Url::parse(&given)
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.username().is_empty());
    if !fits || given.len() > MOST_CHARS {
        let said = "`url` is an address that begins with `https://` or `http://`";
        return Err(TellError::Wrong(said.to_owned()));
    }
    Ok(given)
}
