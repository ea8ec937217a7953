//! Orca: the serving layer and the older API beside it, tokens and sessions, changes to alerts, and
//! the webhook.

mod login;
mod older;
mod query;
mod records;
mod serving;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};

use super::{Platform, World};
use crate::net::{Answer, Asked};

/// The right to read alerts.
pub const READ_ALERTS: &str = "alerts.alert.read";
/// The right to change alerts.
pub const WRITE_ALERTS: &str = "alerts.alert.write";
/// The right to read assets and what is installed on them.
pub const READ_ASSETS: &str = "assets.asset.read";

/// On which side of Orca's two changes of its API the double stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrcaVersion {
    /// Before September 2025: alerts, vulnerabilities and assets of the older API only.
    Older,
    /// Before March 2026: alerts and assets of the serving layer, which knows the older severities; vulnerabilities of the older API.
    Between,
    /// Since March 2026: all of the serving layer, which knows the newer severities.
    Newer,
}

/// What a test may set.
#[derive(Debug, Clone)]
pub struct OrcaSettings {
    /// Which API it is.
    pub version: OrcaVersion,
    /// Whether the older API is gone.
    pub older_gone: bool,
    /// A token that does not end.
    pub token: String,
    /// A key that sessions are had for.
    pub key: String,
    /// How long a session lives.
    pub session_seconds: i64,
    /// After how many requests a session ends.
    pub session_requests: Option<usize>,
    /// How long a place in a list of the older API is known.
    pub page_token_seconds: i64,
    /// What the login may do.
    pub rights: BTreeSet<&'static str>,
    /// Whose data it is.
    pub organization: String,
}

impl Default for OrcaSettings {
    fn default() -> Self {
        Self {
            version: OrcaVersion::Newer,
            older_gone: false,
            token: "orca-api-token-of-the-double".to_owned(),
            key: "orca-api-key-of-the-double".to_owned(),
            session_seconds: 900,
            session_requests: None,
            page_token_seconds: 300,
            rights: [READ_ALERTS, WRITE_ALERTS, READ_ASSETS].into(),
            organization: "5f1c59f5-7c6c-4a56-a6ff-94998abdf9c3".to_owned(),
        }
    }
}

/// What somebody did to an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrcaAlert {
    /// `open`, `in_progress`, `dismissed`, `closed` or `snoozed`, where it was set.
    pub status: Option<String>,
    /// Until when it is snoozed.
    pub snoozed: Option<Timestamp>,
    /// Comments, in order.
    pub comments: Vec<String>,
    /// When it was changed last.
    pub changed: Option<Timestamp>,
}

/// The double.
pub struct OrcaDouble {
    world: World,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

struct Kept {
    settings: OrcaSettings,
    alerts: BTreeMap<usize, OrcaAlert>,
    sessions: login::Sessions,
    views: view::Views,
    logins: usize,
}

impl OrcaDouble {
    /// One that looks at a world.
    #[must_use]
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Self {
        let kept = Kept {
            settings: OrcaSettings::default(),
            alerts: BTreeMap::new(),
            sessions: login::Sessions::default(),
            views: view::Views::default(),
            logins: 0,
        };
        Self { world, clock, kept: Mutex::new(kept) }
    }

    /// Changes what it does.
    pub fn set(&self, change: impl FnOnce(&mut OrcaSettings)) {
        change(&mut self.kept().settings);
    }

    /// What was done to the alert of a flaw.
    #[must_use]
    pub fn alert(&self, flaw: usize) -> OrcaAlert {
        self.kept().alerts.get(&flaw).cloned().unwrap_or_default()
    }

    /// How often a session was had.
    #[must_use]
    pub fn logins(&self) -> usize {
        self.kept().logins
    }

    /// The ids of all that a stream has to bring: `alerts`, `vulnerabilities` or `assets`.
    #[must_use]
    pub fn truth(&self, stream: &str) -> BTreeSet<String> {
        view::truth(&self.world.read(), stream)
    }

    /// The id of a flaw's alert.
    #[must_use]
    pub fn alert_id(flaw: usize) -> String {
        records::alert_id(flaw)
    }

    /// What Orca posts when an alert is made or changes: headers and body. `None` for what is no alert.
    #[must_use]
    pub fn webhook(&self, flaw: usize) -> Option<(Vec<(String, String)>, String)> {
        let world = self.world.read();
        let kept = self.kept();
        let found = world.flaws.get(flaw).filter(|flaw| view::is_alert(flaw))?;
        let thing = world.things.get(found.thing)?;
        let touched = kept.alerts.get(&flaw);
        let about = records::About { flaw: found, thing, touched, settings: &kept.settings };
        let headers = [("content-type", "application/json"), ("x-orca-key", "hook-secret")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some((headers.to_vec(), records::flat(&about).to_string()))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for OrcaDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let now = self.clock.now();
        let answer = self.routed(asked, now);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        answer.header("content-type", "application/json").header("date", &date)
    }
}

impl OrcaDouble {
    fn routed(&self, asked: &Asked, now: Timestamp) -> Answer {
        let kept = &mut *self.kept();
        let path = asked.path.strip_prefix("/api/").unwrap_or_default();
        if path == "user/session" {
            return login::session(kept, asked, now);
        }
        if let Err(refused) = login::check(kept, asked, now) {
            return refused;
        }
        let world = self.world.read();
        let parts: Vec<&str> = path.split('/').collect();
        let whole = match (asked.method.as_str(), parts.as_slice()) {
            ("POST", ["serving-layer", "query"]) => serving::query(kept, &world, asked),
            ("POST", ["rules", "query", "alerts"]) => older::alerts(kept, &world, (asked, now)),
            ("GET", ["query", "cves"]) => older::cves(kept, &world, (asked, now)),
            ("GET", ["query", "assets"]) => older::assets(kept, &world, (asked, now)),
            ("GET", ["alerts", id]) => older::alert(kept, &world, id),
            ("GET", ["alerts", id, "event_log"]) => write::events(kept, &world, (id, asked)),
            ("PUT", ["alerts", id, rest @ ..]) => write::put(kept, &world, (id, rest, asked), now),
            _ => Err(refused(404, &json!({"detail": "Not found."}))),
        };
        whole.unwrap_or_else(|refused| refused)
    }
}

impl Kept {
    /// Refuses what the login may not do.
    fn need(&self, right: &'static str) -> Result<(), Answer> {
        if self.settings.rights.contains(right) {
            return Ok(());
        }
        let said = "You do not have permission to perform this action.";
        Err(refused(403, &json!({"detail": said, "error_code": "permission_denied"})))
    }
}

impl fmt::Debug for OrcaDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrcaDouble")
    }
}

fn refused(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string())
}

fn bad(said: impl Into<String>) -> Answer {
    refused(400, &json!({"status": "error", "error": said.into()}))
}
