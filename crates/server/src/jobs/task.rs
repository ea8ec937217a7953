//! What a job is to do, as it is stored.

use quell_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Right;

/// What a job is to do. A kind that this program does not know is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Task {
    /// Take a payload in.
    Import {
        /// The hash of its content.
        payload: String,
        /// What people call it.
        name: String,
        /// The format it has to have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
        /// Whether it may close whatever it is silent about: a person said so.
        #[serde(default)]
        close: bool,
        /// Who asked: what they are is looked at again when it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
    /// Take a delivery of a webhook in that failed before.
    Delivery {
        /// Where it stands in the intake log.
        position: i64,
    },
    /// Take an object of a bucket that could not be read before.
    Object {
        /// Its key.
        key: String,
        /// Its size in bytes.
        size: u64,
        /// When it was written.
        modified: Timestamp,
        /// Tells its content from another under the same key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        e_tag: Option<String>,
    },
    /// Read what was received again, by what is known now.
    Replay {
        /// Only what was received since.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// Only of this source.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// Who asked: what they are is looked at again when it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
}

impl Task {
    /// Who asked for it, and the right that it took. What a source brought by itself nobody asked for.
    pub(crate) fn asked(&self) -> Option<(&str, Right)> {
        match self {
            Self::Import { asked_by, .. } => Some((asked_by.as_deref()?, Right::Import)),
            Self::Replay { asked_by, .. } => Some((asked_by.as_deref()?, Right::Operate)),
            Self::Delivery { .. } | Self::Object { .. } => None,
        }
    }

    /// The kind of job.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Import { .. } => "import",
            Self::Delivery { .. } => "delivery",
            Self::Object { .. } => "object",
            Self::Replay { .. } => "replay",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_is_read_and_what_is_not_known_is_refused() {
        let old = r#"{"task":"import","payload":"ab","name":"a.json"}"#;
        let task = Task::Import {
            payload: "ab".to_owned(),
            name: "a.json".to_owned(),
            format: None,
            close: false,
            asked_by: None,
        };
        assert_eq!(serde_json::from_str::<Task>(old).unwrap(), task);
        assert!(serde_json::from_str::<Task>(r#"{"task":"fly"}"#).is_err());
        assert!(serde_json::from_str::<Task>(r#"{"task":"replay","twice":true}"#).is_err());
    }
}
