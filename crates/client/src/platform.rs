//! Platforms that a server asks.

use quell_model::{Timestamp, Untrusted};
use quell_report::SourceReport;
use serde::{Deserialize, Serialize};

use crate::connection::part;
use crate::{ClientError, Connection};

/// A platform that is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Platform {
    /// Its name in the configuration.
    pub name: String,
    /// What it is (`wiz`).
    pub kind: String,
    /// The same, for people.
    pub title: String,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Whose data it brings, as the vendor says.
    pub owner: Option<Untrusted>,
    /// What it does now.
    pub now: Running,
    /// Its streams.
    pub streams: Vec<Stream>,
    /// The last records that could not be taken, newest first.
    pub quarantine: Vec<Quarantined>,
}

/// What a platform does now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Running {
    /// The stream that is being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Records brought so far.
    pub items: u64,
    /// What the vendor counts in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// When all streams were last read to their ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// Calls that the vendor says are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_left: Option<u64>,
    /// Whether the last turn came to its end without a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub well: Option<bool>,
}

/// A stream of a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// What it brings.
    pub title: String,
    /// The right that it needs at the vendor.
    pub right: String,
    /// `often`, `hourly` or `nightly`.
    pub pace: String,
    /// `new`, `reading`, `good` or `failing`.
    pub state: String,
    /// What changed later was not read yet.
    pub since: Option<Timestamp>,
    /// How far that lies back.
    pub lag_seconds: Option<i64>,
    /// When a reading last came to its end.
    pub good_at: Option<Timestamp>,
    /// When the last whole reading began that came to its end.
    pub whole_at: Option<Timestamp>,
    /// When it last failed.
    pub failed_at: Option<Timestamp>,
    /// Why, in the vendor's words.
    pub reason: Option<Untrusted>,
    /// Whether findings that are no longer listed wait for somebody to let them close.
    pub held: bool,
    /// Whether somebody wanted it to be read now, and it was not yet.
    #[serde(default)]
    pub asked: bool,
}

/// Which streams are wanted now of a platform that is told to `sync`.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlatformReadings<'a> {
    /// All that there is, and not only what is new.
    pub whole: bool,
    /// Only what would be read by itself now.
    pub due: bool,
    /// Only this stream.
    pub stream: Option<&'a str>,
}

/// A record that could not be taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Quarantined {
    /// Where its delivery stands in the intake log.
    pub position: i64,
    /// The byte within the delivery.
    pub offset_bytes: u64,
    /// Why; it names the path in the record.
    pub reason: Untrusted,
    /// When.
    pub at: Timestamp,
}

/// What came of asking a platform what its login may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlatformTest {
    /// Whether every right is there that reading needs.
    pub works: bool,
    /// Why it does not, in the vendor's words.
    pub reason: Option<Untrusted>,
    /// Each right.
    pub rights: Vec<Right>,
}

/// A right at the vendor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Right {
    /// Its name there.
    pub name: Untrusted,
    /// What it is for.
    pub purpose: Untrusted,
    /// `held`, `missing`, `not_needed`, `missing_to_write` or `unknown`.
    pub state: String,
}

#[derive(Debug, Deserialize)]
struct SourceList {
    items: Vec<SourceReport>,
}

/// What became of telling a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToldReport {
    /// The platform.
    pub source: String,
    /// Its stream that lists the finding.
    pub stream: String,
    /// What the platform calls the finding.
    pub native_id: Untrusted,
    /// `done`, or `already` where it was so before.
    pub told: String,
}

impl Connection {
    /// All sources, by name.
    ///
    /// # Errors
    /// When the server cannot be asked, or refuses.
    pub async fn sources(&self) -> Result<Vec<SourceReport>, ClientError> {
        let list: SourceList = self.get("api/v1/sources", &[]).await?;
        Ok(list.items)
    }

    /// A platform that is asked.
    ///
    /// # Errors
    /// When there is none of that name, or the server cannot be asked.
    pub async fn platform(&self, name: &str) -> Result<Platform, ClientError> {
        self.get(&format!("api/v1/sources/{}", part(name)), &[]).await
    }

    /// Asks a platform what its login may do.
    ///
    /// # Errors
    /// When there is none of that name, or the server cannot be asked.
    pub async fn platform_test(&self, name: &str) -> Result<PlatformTest, ClientError> {
        self.post(&format!("api/v1/sources/{}/test", part(name)), None::<&()>).await
    }

    /// Tells a platform what to do: `sync`, `pause`, `resume`, `release` or `adopt`.
    ///
    /// # Errors
    /// When there is none of that name, or the server cannot be asked.
    pub async fn platform_act(
        &self,
        (name, act): (&str, &str),
        readings: PlatformReadings<'_>,
    ) -> Result<Platform, ClientError> {
        let PlatformReadings { whole, due, stream } = readings;
        let set = |is: bool| is.then_some("true");
        let query = [("whole", set(whole)), ("due", set(due)), ("stream", stream)];
        self.post_query(&format!("api/v1/sources/{}/{act}", part(name)), &query).await
    }

    /// Tells the platform that lists a finding what became of it. `tell` is the body that the API
    /// describes.
    ///
    /// # Errors
    /// When there is no such finding, no platform lists it, or the platform does not take it.
    pub async fn finding_tell(
        &self,
        id: &str,
        tell: &(impl Serialize + Sync),
    ) -> Result<ToldReport, ClientError> {
        self.post(&format!("api/v1/findings/{}/tell", part(id)), Some(tell)).await
    }
}
