//! Lacework (FortiCNAPP): key exchange, searches within seven days, pages by URL, 204 for nothing,
//! alerts with their scopes, comments and closing, and a webhook that proves nothing.

mod alerts;
mod entities;
mod findings;
mod login;
mod query;
mod search;
#[cfg(test)]
mod tests;

pub use alerts::Posted;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Platform, World};
use crate::net::{Answer, Asked};

/// Most requests of one kind within an hour.
const MOST_PER_HOUR: usize = 480;
const HOUR: Duration = Duration::from_secs(3_600);

/// What can be set about the double.
#[derive(Debug, Clone)]
pub struct LaceworkSettings {
    /// Id of the key.
    pub key_id: String,
    /// The key.
    pub secret: String,
    /// Rows of a page.
    pub page_rows: usize,
    /// Rows of all pages of one answer; the rest is not told.
    pub most_rows: usize,
    /// Requests that a token serves; `None` for as many as come before it expires.
    pub token_requests: Option<u32>,
    /// Whether the user behind the key is an administrator.
    pub admin: bool,
    /// The vendor's id of the customer.
    pub customer: String,
}

impl Default for LaceworkSettings {
    fn default() -> Self {
        Self {
            key_id: "ACME_0123456789ABCDEF".to_owned(),
            secret: "_0123456789abcdef-key".to_owned(),
            page_rows: 5_000,
            most_rows: 500_000,
            token_requests: None,
            admin: false,
            customer: "ACME_4F2B0E".to_owned(),
        }
    }
}

/// The double.
pub struct LaceworkDouble {
    world: World,
    clock: Arc<dyn Clock>,
    settings: Mutex<LaceworkSettings>,
    state: Mutex<State>,
}

/// What the double keeps.
#[derive(Debug, Default)]
struct State {
    tokens: BTreeMap<String, login::Token>,
    made: u64,
    results: BTreeMap<u64, search::Results>,
    removed: BTreeSet<&'static str>,
    notes: BTreeMap<usize, Vec<String>>,
    closed: BTreeMap<usize, Closed>,
    asked: BTreeMap<String, VecDeque<Instant>>,
}

/// How somebody closed an alert.
#[derive(Debug, Clone)]
struct Closed {
    reason: i64,
    at: Timestamp,
}

impl LaceworkDouble {
    /// A double over a world.
    #[must_use]
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Self {
        Self { world, clock, settings: Mutex::default(), state: Mutex::default() }
    }

    /// Changes its settings.
    pub fn set(&self, change: impl FnOnce(&mut LaceworkSettings)) {
        change(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes a right away: `Alerts`, `Vulnerabilities`, `Configs`, `Inventory`, `Entities`,
    /// `Activities`, `CloudActivities`, `Queries`, or `write`.
    pub fn remove_right(&self, right: &'static str) {
        self.state().removed.insert(right);
    }

    /// Gives a right back.
    pub fn give_right(&self, right: &'static str) {
        self.state().removed.remove(right);
    }

    /// Ends all tokens now.
    pub fn expire_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Forgets all answers that are being paged over.
    pub fn expire_pages(&self) {
        self.state().results.clear();
    }

    /// The comments on an alert.
    #[must_use]
    pub fn comments(&self, alert: usize) -> Vec<String> {
        self.state().notes.get(&alert).cloned().unwrap_or_default()
    }

    /// Why an alert was closed, by the vendor's number of the reason.
    #[must_use]
    pub fn closed(&self, alert: usize) -> Option<i64> {
        self.state().closed.get(&alert).map(|closed| closed.reason)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> LaceworkSettings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Answers what needs a token.
    fn inside(&self, asked: &Asked) -> Answer {
        if let Err(answer) = self.bearer(asked) {
            return answer;
        }
        if asked.header("content-type") != Some("application/json") {
            return said(400, "Content-Type must be application/json");
        }
        let path = asked.path.strip_prefix("/api/v2/").unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let call = call_of(&asked.method, &parts);
        let left = match self.count(&call) {
            Ok(left) => left,
            Err(answer) => return answer,
        };
        let removed = self.state().removed.contains(right_of(&asked.method, &parts));
        let answer = if removed {
            said(403, "User does not have permission to perform this operation")
        } else {
            self.route(asked, &parts)
        };
        answer
            .header("RateLimit-Limit", &MOST_PER_HOUR.to_string())
            .header("RateLimit-Remaining", &left.to_string())
            .header("RateLimit-Reset", "3600")
    }

    fn route(&self, asked: &Asked, parts: &[&str]) -> Answer {
        match (asked.method.as_str(), parts) {
            ("GET", ["UserProfile"]) => self.profile(asked),
            ("GET", ["Alerts", id]) if is_number(id) => self.alert_scope(asked, id),
            ("POST", ["Alerts", id, "comment"]) => self.alert_comment(asked, id),
            ("POST", ["Alerts", id, "close"]) => self.alert_close(asked, id),
            ("POST", ["Queries", "execute"]) => self.query(asked, None),
            ("POST", ["Queries", id, "execute"]) => self.query(asked, Some(id)),
            ("POST", [kind @ .., "search"]) => match search::Kind::of(&kind.join("/")) {
                Some(kind) => self.search(asked, kind),
                None => said(403, "Unrecognized url"),
            },
            ("GET", [kind @ .., place]) => match search::Kind::of(&kind.join("/")) {
                Some(kind) => self.next_page(asked, kind, place),
                None => said(403, "Unrecognized url"),
            },
            _ => said(403, "Unrecognized url"),
        }
    }

    /// Counts a call, and refuses it where there were too many within the hour.
    fn count(&self, call: &str) -> Result<usize, Answer> {
        let mut state = self.state();
        let times = state.asked.entry(call.to_owned()).or_default();
        while times.front().is_some_and(|at| at.elapsed() >= HOUR) {
            times.pop_front();
        }
        if times.len() >= MOST_PER_HOUR {
            let oldest = times.front().map(Instant::elapsed).unwrap_or_default();
            let wait = HOUR.saturating_sub(oldest).as_secs().max(1).to_string();
            let answer = said(429, "Too Many Requests").header("RateLimit-Remaining", "0");
            return Err(answer.header("RateLimit-Reset", &wait));
        }
        times.push_back(Instant::now());
        Ok(MOST_PER_HOUR.saturating_sub(times.len()))
    }
}

impl Platform for LaceworkDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.method == "POST" && asked.path == "/api/v2/access/tokens" {
            return self.token(asked);
        }
        self.inside(asked)
    }
}

impl fmt::Debug for LaceworkDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaceworkDouble")
    }
}

/// What the vendor counts together: a call without its ids and pages.
fn call_of(method: &str, parts: &[&str]) -> String {
    let kinds = parts.iter().filter(|part| !is_number(part) && part.len() < 24);
    format!("{method} {}", kinds.copied().collect::<Vec<_>>().join("/"))
}

fn right_of(method: &str, parts: &[&str]) -> &'static str {
    match (method, parts) {
        ("POST", ["Alerts", _, "comment" | "close"]) => "write",
        (_, ["Alerts", ..]) => "Alerts",
        (_, ["Vulnerabilities", ..]) => "Vulnerabilities",
        (_, ["Configs", ..]) => "Configs",
        (_, ["Inventory", ..]) => "Inventory",
        (_, ["Entities", ..]) => "Entities",
        (_, ["Activities", ..]) => "Activities",
        (_, ["CloudActivities", ..]) => "CloudActivities",
        (_, ["Queries", ..]) => "Queries",
        _ => "",
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An answer that only says something.
fn said(status: u16, message: &str) -> Answer {
    told(status, &json!({ "message": message }))
}

fn told(status: u16, value: &Value) -> Answer {
    Answer::new(status, value.to_string()).header("content-type", "application/json")
}

/// A body as an object with no other keys than these.
fn object(body: &[u8], keys: &[&str]) -> Result<serde_json::Map<String, Value>, Answer> {
    let Ok(Value::Object(map)) = serde_json::from_slice(body) else {
        return Err(said(400, "Invalid JSON in the request body"));
    };
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(said(400, &format!("key {key} is unrecognized"))),
        None => Ok(map),
    }
}

/// A moment as the vendor writes it.
fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}
