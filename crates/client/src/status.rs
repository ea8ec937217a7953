//! How a server stands.

use std::collections::BTreeMap;

use quell_model::Timestamp;
use quell_report::SourceReport;
use serde::{Deserialize, Serialize};

use crate::{ClientError, Connection};

/// How a server stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Now, by the server's clock.
    pub at: Timestamp,
    /// Whether it takes work.
    pub ready: bool,
    /// Why it does not.
    pub why: Option<String>,
    /// How many jobs are in each state.
    pub jobs: BTreeMap<String, u64>,
    /// The sources.
    pub sources: Vec<SourceReport>,
    /// How far the deliveries of webhooks are; not known without a server.
    pub intake: Option<Intake>,
    /// Open findings; not counted without a server.
    pub findings_open: Option<u64>,
    /// Open issues.
    pub issues_open: u64,
    /// What it takes of the disk.
    pub disk: Disk,
}

/// How far the deliveries of webhooks are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Intake {
    /// When the oldest delivery came that is not taken in yet.
    pub waiting_since: Option<Timestamp>,
    /// For how many seconds it waits.
    pub behind_seconds: u64,
}

/// Bytes on the disk.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Disk {
    /// All of it.
    pub total_bytes: u64,
    /// The databases.
    pub database_bytes: u64,
    /// The intake log.
    pub intake_bytes: u64,
    /// Raw payloads.
    pub raw_bytes: u64,
}

impl Connection {
    /// How the server stands.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("api/v1/status", &[]).await
    }

    /// Fails where nothing answers as a server does; needs no token.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn live(&self) -> Result<(), ClientError> {
        self.health("health/live").await.map(drop)
    }
}
