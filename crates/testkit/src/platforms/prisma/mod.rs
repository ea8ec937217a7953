//! Prisma Cloud: the posture API (CSPM) and the console of the workload side (Compute), over one world.
//!
//! Both sides answer on one port: posture at the root, Compute below [`CONSOLE`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quell_model::Clock;
use serde_json::{Value, json};

use super::{Platform, World};
use crate::net::{Answer, Asked};

mod alert;
mod alerts;
mod compute;
mod estate;
mod firewall;
mod login;
mod posture;
mod seat;
mod state;
#[cfg(test)]
mod tests;
mod webhook;

pub use seat::Seat;
pub use state::{PrismaQuirks, PrismaRight};
pub use webhook::Sent;

use state::State;

/// The access key that the double knows.
pub const KEY_ID: &str = "0d8e6a3c-0000-4000-8000-5f6c1e2d3a4b";
/// Its secret.
pub const KEY_SECRET: &str = "prisma+made/up=secret";
/// The tenant behind the key.
pub const TENANT: &str = "806870123456789012";
/// Below what path the console of the workload side answers.
pub const CONSOLE: &str = "/us-2-158286553";
/// The version of the Compute API.
const API: &str = "/api/v34.04/";

/// Prisma Cloud's double.
pub struct PrismaDouble {
    world: World,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl PrismaDouble {
    /// A tenant that sees its part of a world.
    #[must_use]
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Self {
        Self { world, clock, state: Mutex::new(State::default()) }
    }

    /// Changes how it behaves.
    pub fn behave(&self, change: impl FnOnce(&mut PrismaQuirks)) {
        change(&mut self.state().quirks);
    }

    /// Takes a right away from the key.
    pub fn take(&self, right: PrismaRight) {
        self.state().missing.insert(right);
    }

    /// Gives a right back.
    pub fn give(&self, right: PrismaRight) {
        self.state().missing.remove(&right);
    }

    /// All tokens end now, on both sides.
    pub fn end_tokens(&self) {
        self.state().tokens.end();
    }

    /// All tokens end after so many more requests that use one.
    pub fn end_tokens_after(&self, requests: u32) {
        self.state().tokens.end_after(requests);
    }

    /// Logins answered so far, on both sides; renewals are not logins.
    #[must_use]
    pub fn logins(&self) -> usize {
        self.state().tokens.logins
    }

    /// Renewals answered so far.
    #[must_use]
    pub fn renewals(&self) -> usize {
        self.state().tokens.renewals
    }

    /// Status and note of an alert, as a person would see them in the console.
    #[must_use]
    pub fn alert_state(&self, flaw: usize) -> (String, String) {
        let inner = self.world.read();
        let state = self.state();
        let Some(flaw) = inner.flaws.get(flaw) else { return Default::default() };
        let standing = state.standing(flaw, self.clock.now());
        (standing.status.to_owned(), standing.note)
    }

    /// Whether an incident is acknowledged.
    #[must_use]
    pub fn is_acknowledged(&self, flaw: usize) -> bool {
        let inner = self.world.read();
        inner.flaws.get(flaw).is_some_and(|flaw| self.state().is_acknowledged(flaw))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, asked: &Asked) -> Result<Answer, Answer> {
        if let Some(path) = asked.path.strip_prefix(CONSOLE) {
            return self.console(asked, path.trim_start_matches(API));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/login") => self.login(asked),
            _ => {
                self.posture_token(asked)?;
                self.posture(asked)
            }
        }
    }

    fn posture(&self, asked: &Asked) -> Result<Answer, Answer> {
        let query = Query::of(asked);
        let of_alert = asked.path.strip_prefix("/alert/");
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/auth_token/extend") => Ok(self.extend()),
            ("GET", "/meta_info") => Ok(Self::meta_info(asked)),
            ("GET", "/user/me") => Ok(self.profile()),
            ("POST", "/v2/alert") => self.alerts(&query, &body(asked)?),
            ("POST", "/alert/dismiss") => self.dismiss(&body(asked)?),
            ("POST", "/alert/reopen") => self.reopen(&body(asked)?),
            ("GET", "/policy") => self.policies(&query),
            ("POST", "/search/api/v2/config") => self.search(&body(asked)?),
            ("POST", "/search/config/page") => self.search_page(&body(asked)?),
            ("POST", "/iam/api/v4/search/permission") => self.permissions(&query, &body(asked)?),
            ("POST", "/v2/resource/scan_info") => self.scan_info(&body(asked)?),
            ("GET", _) if of_alert.is_some() => self.alert(of_alert.unwrap_or_default(), &query),
            _ => Err(refuse(404, "not_found", "path")),
        }
    }

    fn console(&self, asked: &Asked, path: &str) -> Result<Answer, Answer> {
        let query = Query::of(asked);
        if (asked.method.as_str(), path) == ("POST", "authenticate") {
            return self.authenticate(asked);
        }
        self.console_token(asked)?;
        match (asked.method.as_str(), path) {
            ("GET", "audits/incidents") => self.incidents(&query),
            ("GET", path) if Seat::of_audit(path).is_some() => self.audits(path, &query),
            ("GET", "images") => self.images(&query),
            ("GET", "hosts") => self.hosts(&query),
            ("GET", "serverless") => self.functions(&query),
            ("PATCH", path) if path.starts_with("audits/incidents/acknowledge/") => {
                let id = path.rsplit('/').next().unwrap_or_default();
                self.acknowledge(id, &console_body(asked)?)
            }
            _ => Err(console_error(404, "page not found")),
        }
    }
}

impl Platform for PrismaDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let answer = self.route(asked).unwrap_or_else(|refusal| refusal);
        let now = self.clock.now();
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let silent = self.state().quirks.errors_in_header;
        let answer = if silent && answer.status >= 400 && !asked.path.starts_with(CONSOLE) {
            Answer { body: Vec::new(), ..answer }
        } else {
            answer
        };
        answer.header("content-type", "application/json; charset=UTF-8").header("date", &date)
    }

    fn limits(&self) -> Vec<(&'static str, usize, Duration)> {
        if !self.state().quirks.limits {
            return Vec::new();
        }
        let (second, half_minute) = (Duration::from_secs(1), Duration::from_secs(30));
        vec![
            // Two a second with a burst of ten, as a bucket over half a minute.
            ("POST /v2/alert?", 10, second),
            ("POST /v2/alert?", 70, half_minute),
            ("GET /alert/", 10, second),
            ("GET /alert/", 160, half_minute),
            ("/api/v34.04/images?", 30, half_minute),
            ("/api/v34.04/hosts?", 30, half_minute),
            ("/api/v34.04/serverless?", 30, half_minute),
        ]
    }
}

impl std::fmt::Debug for PrismaDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrismaDouble")
    }
}

/// The parameters of a query.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(asked: &Asked) -> Self {
        let pairs = asked.query.split('&').filter(|part| !part.is_empty());
        let pairs = pairs.map(|part| part.split_once('=').unwrap_or((part, "")));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first name that is none of these.
    fn stranger(&self, known: &[&str]) -> Option<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }
}

/// A part of a query as it was meant.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The body of a posture request.
fn body(asked: &Asked) -> Result<Value, Answer> {
    let json =
        asked.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if !json {
        return Err(refuse(415, "unsupported_media_type", "content-type"));
    }
    let value = serde_json::from_slice(&asked.body).ok().filter(Value::is_object);
    value.ok_or_else(|| refuse(400, "bad_request", "body"))
}

/// The body of a request to the console.
fn console_body(asked: &Asked) -> Result<Value, Answer> {
    let value = serde_json::from_slice(&asked.body).ok().filter(Value::is_object);
    value.ok_or_else(|| console_error(400, "invalid request body"))
}

/// Refuses fields that the vendor does not document.
fn only(value: &Value, known: &[&str]) -> Result<(), Answer> {
    let fields = value.as_object().into_iter().flat_map(serde_json::Map::keys);
    let stranger = fields.map(String::as_str).find(|name| !known.contains(name));
    stranger.map_or(Ok(()), |name| Err(refuse(400, "invalid_parameter_value", name)))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// An error of the posture side: in the body, and in a header of its own.
fn refuse(status: u16, key: &str, subject: &str) -> Answer {
    let header = json!([{"i18nKey": key, "severity": "error", "subject": subject}]).to_string();
    let body = json!({"error": {"code": key, "message": format!("{key}: {subject}"), "target": subject, "details": {}}});
    Answer::new(status, body.to_string()).header("x-redlock-status", &header)
}

/// An error of the console.
fn console_error(status: u16, why: &str) -> Answer {
    Answer::new(status, json!({"err": why}).to_string())
}

fn ok(value: &Value) -> Answer {
    Answer::new(200, value.to_string())
}
