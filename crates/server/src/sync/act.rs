//! What a person tells a platform.

use quell_model::Timestamp;
use quell_store::{ServerStore, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::Platform;
use super::settle::release;

/// What a person tells a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Be asked now.
    Sync,
    /// Be asked no more.
    Pause,
    /// Be asked again.
    Resume,
    /// Let close what it no longer lists.
    Release,
    /// Take the data of another owner.
    Adopt,
}

/// Which streams somebody wants to be read now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Readings<'a> {
    /// How far back.
    pub(crate) reach: Reach,
    /// Only this one.
    pub(crate) stream: Option<&'a str>,
}

/// What a reading now is to bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// What is new of every stream; all there is of those that cannot be asked for what is new.
    #[default]
    New,
    /// All there is of every stream.
    Whole,
    /// Only what would be read by itself now.
    Due,
}

impl Act {
    /// All.
    pub const ALL: [Self; 5] = [Self::Sync, Self::Pause, Self::Resume, Self::Release, Self::Adopt];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Release => "release",
            Self::Adopt => "adopt",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }

    /// Does it. A server that runs heeds it with its next turn, which begins now where it reads
    /// the platform itself.
    pub(crate) fn apply(
        self,
        office: &mut ServerStore,
        platform: &Platform,
        Readings { reach, stream }: Readings<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sync => match reach {
                Reach::New => office.stream_ask(platform.key(), stream, now)?,
                Reach::Whole => office.stream_want(platform.key(), stream, now)?,
                Reach::Due => {}
            },
            Self::Pause => office.platform_pause(platform.key(), true)?,
            Self::Resume => office.platform_pause(platform.key(), false)?,
            Self::Release => release(office, platform, now)?,
            Self::Adopt => office.platform_owner(platform.key(), None)?,
        }
        if self != Self::Pause {
            platform.retry();
        }
        Ok(())
    }
}
