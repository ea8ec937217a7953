//! A row of the outbox.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::letter::{Key, Letter};
use crate::review::Review;
use crate::text::Body;

/// What is done at a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The ticket, message, pull request or page is made.
    Open {
        /// With what.
        letter: Box<Letter>,
    },
    /// What stands there is brought up to date.
    Edit {
        /// With what.
        letter: Box<Letter>,
    },
    /// Something is said beside it.
    Note {
        /// What.
        body: Body,
    },
    /// It is dealt with, and says why.
    Close {
        /// Why.
        body: Body,
    },
    /// It counts again, and says why.
    Reopen {
        /// Why.
        body: Body,
    },
    /// Something is said of code.
    Review {
        /// What.
        review: Box<Review>,
    },
}

impl Act {
    /// Which of them.
    #[must_use]
    pub const fn kind(&self) -> ActKind {
        match self {
            Self::Open { .. } => ActKind::Open,
            Self::Edit { .. } => ActKind::Edit,
            Self::Note { .. } => ActKind::Note,
            Self::Close { .. } => ActKind::Close,
            Self::Reopen { .. } => ActKind::Reopen,
            Self::Review { .. } => ActKind::Review,
        }
    }
}

/// The kinds of act.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// It is made.
    Open,
    /// It is brought up to date.
    Edit,
    /// Something is said beside it.
    Note,
    /// It is dealt with.
    Close,
    /// It counts again.
    Reopen,
    /// Something is said of code.
    Review,
}

impl ActKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Edit => "edit",
            Self::Note => "note",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Review => "review",
        }
    }
}

/// What stands at a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Remote {
    /// The sink's own id, which stays when names and places change.
    pub id: String,
    /// What people call it: `SEC-12`, `INC0010023`, `owner/name#7`.
    pub name: String,
    /// Where people look at it, where the sink says that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
#[schema(as = OutboxState)]
pub enum State {
    /// A person has to release it.
    Held {
        /// Why it waits for one.
        why: String,
    },
    /// It is sent, from then on.
    Waiting {
        /// From when.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
    /// It is being sent, or was when the process ended.
    Sending {
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
    /// It is not known whether it arrived: the sink is looked at before anything is sent again.
    Doubt {
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// When the sink is looked at next.
        #[schema(value_type = String, format = DateTime)]
        look: Timestamp,
        /// How often it was looked at.
        looks: u32,
    },
    /// It is done.
    Sent {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// A person has to do something about it first.
    Parked {
        /// What stands in the way, in the sink's words.
        why: String,
    },
    /// Nobody wants it any more.
    Cancelled,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::Doubt { .. } => "doubt",
            Self::Sent { .. } => "sent",
            Self::Parked { .. } => "parked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A row of the outbox, without what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number, in the order in which rows came.
    pub id: i64,
    /// The sink's name in the configuration.
    pub sink: String,
    /// What it is about: `fix:ID`, `incident:KEY`.
    pub subject: String,
    /// What makes the remote object the same.
    pub key: Key,
    /// What is done.
    pub act: ActKind,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came.
    pub created: Timestamp,
    /// What the sink said last, in its words.
    pub said: Option<String>,
    /// What stands at the sink, once it is known.
    pub remote: Option<Remote>,
    /// The key of the row that it sends again: the receiver takes both as one message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<Key>,
    /// What came of each try, the latest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
}

impl Row {
    /// The key that the sink is shown.
    #[must_use]
    pub fn sent_as(&self) -> &Key {
        self.replays.as_ref().unwrap_or(&self.key)
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OutboxTry)]
pub struct Try {
    /// When that was known.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What came of it.
    pub came: Came,
    /// What the sink said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// What may come of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// The sink took it.
    Done,
    /// It is to be tried later.
    Later,
    /// The sink refused it.
    Refused,
    /// Nobody knows.
    Lost,
    /// The sink was looked at, and has it.
    Found,
}
