//! CrowdStrike Falcon: client credentials, ids by a filter and then alerts by id, states and comments.

mod alert;
mod fql;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Cause, Platform, World};
use crate::net::{Answer, Asked};

/// Seconds that a token lives.
const TOKEN_SECONDS: i64 = 1_799;
/// Requests within a minute.
const MOST_PER_MINUTE: usize = 6_000;
const MINUTE: Duration = Duration::from_secs(60);
/// Ids that can be paged over, and alerts asked for at once.
const MOST_IDS: usize = 10_000;
const MOST_ALERTS: usize = 1_000;

/// The double. All that happened on machines is seen, by whomever else.
pub struct CrowdstrikeDouble {
    world: World,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// What the double keeps.
#[derive(Debug)]
struct State {
    client_id: String,
    secret: String,
    customer: String,
    token_requests: Option<u32>,
    made: u64,
    tokens: BTreeMap<String, (Timestamp, Option<u32>)>,
    removed: BTreeSet<&'static str>,
    touched: BTreeMap<usize, alert::Touched>,
    asked: VecDeque<Instant>,
}

impl CrowdstrikeDouble {
    /// Client id and secret that it takes.
    pub const LOGIN: (&str, &str) = ("0123456789abcdef", "falcon-client-secret-0123456789");

    /// A double over a world.
    #[must_use]
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Self {
        let (client_id, secret) = Self::LOGIN;
        let state = State {
            client_id: client_id.to_owned(),
            secret: secret.to_owned(),
            customer: "d0c1d0c1d0c1d0c1d0c1d0c1d0c1d0c1".to_owned(),
            token_requests: None,
            made: 0,
            tokens: BTreeMap::new(),
            removed: BTreeSet::new(),
            touched: BTreeMap::new(),
            asked: VecDeque::new(),
        };
        Self { world, clock, state: Mutex::new(state) }
    }

    /// Lets a token serve so many requests only.
    pub fn token_requests(&self, requests: Option<u32>) {
        self.state().token_requests = requests;
    }

    /// Ends all tokens now.
    pub fn expire_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Takes `Alerts: read` or `Alerts: write` away.
    pub fn remove_right(&self, right: &'static str) {
        self.state().removed.insert(right);
    }

    /// Makes it the data of another customer.
    pub fn customer(&self, id: &str) {
        id.clone_into(&mut self.state().customer);
    }

    /// Status and comments of an alert, as somebody left them.
    #[must_use]
    pub fn touched(&self, flaw: usize) -> Option<(String, Vec<String>)> {
        let state = self.state();
        let touched = state.touched.get(&flaw)?;
        Some((touched.status.clone(), touched.comments.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, asked: &Asked) -> Answer {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let field = |name: &str| {
            let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let form = asked.header("content-type") == Some("application/x-www-form-urlencoded");
        let mut state = self.state();
        let known = field("client_id").as_ref() == Some(&state.client_id)
            && field("client_secret").as_ref() == Some(&state.secret);
        if !form || !known {
            return failed(403, "access denied, invalid client");
        }
        state.made += 1;
        let token = format!("falcon-token-{:08}", state.made);
        let ends = self.clock.now() + SignedDuration::from_secs(TOKEN_SECONDS);
        let left = state.token_requests;
        state.tokens.insert(token.clone(), (ends, left));
        let body =
            json!({ "access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS });
        told(201, &body)
    }

    fn bearer(&self, asked: &Asked) -> Result<(), Answer> {
        let shown = asked.header("authorization").unwrap_or_default();
        let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
        let now = self.clock.now();
        let mut state = self.state();
        let refused = || failed(401, "access denied, invalid bearer token");
        let token = state.tokens.get_mut(shown).filter(|(ends, _)| *ends > now);
        match token.ok_or_else(refused)? {
            (_, Some(0)) => Err(refused()),
            (_, Some(left)) => {
                *left -= 1;
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    /// Counts a request; what the headers tell.
    fn count(&self) -> Result<usize, Answer> {
        let mut state = self.state();
        while state.asked.front().is_some_and(|at| at.elapsed() >= MINUTE) {
            state.asked.pop_front();
        }
        if state.asked.len() >= MOST_PER_MINUTE {
            let until = self.clock.now().as_second() + 60;
            let answer = failed(429, "API rate limit exceeded.");
            return Err(answer.header("X-Ratelimit-Retryafter", &until.to_string()));
        }
        state.asked.push_back(Instant::now());
        Ok(MOST_PER_MINUTE.saturating_sub(state.asked.len()))
    }

    fn route(&self, asked: &Asked) -> Answer {
        let (call, right) = (
            format!("{} {}", asked.method, asked.path),
            if asked.method == "PATCH" { "Alerts: write" } else { "Alerts: read" },
        );
        if self.state().removed.contains(right) {
            return failed(403, "access denied, authorization failed");
        }
        match call.as_str() {
            "GET /alerts/queries/alerts/v2" => self.ids(asked),
            "POST /alerts/entities/alerts/v2" => self.alerts(asked),
            "PATCH /alerts/entities/alerts/v3" => self.change(asked),
            _ => failed(404, "404: Page Not Found"),
        }
    }

    fn ids(&self, asked: &Asked) -> Answer {
        let query = match fql::Query::read(&asked.query) {
            Ok(query) => query,
            Err(message) => return failed(400, &message),
        };
        if query.offset + query.limit > MOST_IDS {
            return failed(400, "offset and limit together must not exceed 10000");
        }
        let world = self.world.read();
        let state = self.state();
        let flaws = world.flaws.iter().filter(|flaw| alert::is_alert(flaw));
        let mut found: Vec<(Timestamp, String)> = flaws
            .filter_map(|flaw| {
                let thing = world.things.get(flaw.thing)?;
                let row =
                    alert::row(flaw, thing, (&state.customer, state.touched.get(&flaw.number)));
                let id = row.get("composite_id")?.as_str()?.to_owned();
                query
                    .fits(&row)
                    .then(|| (alert::updated(flaw, state.touched.get(&flaw.number)), id))
            })
            .collect();
        found.sort();
        if query.descending {
            found.reverse();
        }
        let total = found.len();
        let page = found.into_iter().skip(query.offset).take(query.limit);
        let ids: Vec<String> = page.map(|(_, id)| id).collect();
        let paging = json!({ "offset": query.offset, "limit": query.limit, "total": total });
        answered(&json!(ids), &json!({ "pagination": paging }))
    }

    fn alerts(&self, asked: &Asked) -> Answer {
        let ids = match composite_ids(&asked.body, &["composite_ids"]) {
            Ok(ids) => ids,
            Err(answer) => return answer,
        };
        let world = self.world.read();
        let state = self.state();
        let row = |id: &String| {
            let flaw = world.flaws.get(number_of(id)?).filter(|flaw| alert::is_alert(flaw))?;
            let thing = world.things.get(flaw.thing)?;
            let row = alert::row(flaw, thing, (&state.customer, state.touched.get(&flaw.number)));
            (row.get("composite_id")?.as_str()? == id).then_some(row)
        };
        let rows: Vec<Value> = ids.iter().filter_map(row).collect();
        answered(&json!(rows), &json!({}))
    }

    fn change(&self, asked: &Asked) -> Answer {
        let ids = match composite_ids(&asked.body, &["composite_ids", "action_parameters"]) {
            Ok(ids) => ids,
            Err(answer) => return answer,
        };
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let actions = body.get("action_parameters").and_then(Value::as_array).cloned();
        let now = self.clock.now();
        for action in actions.unwrap_or_default() {
            let text = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
            let (name, value) = (text("name"), text("value"));
            let known = match name {
                "update_status" => ["new", "in_progress", "closed", "reopened"].contains(&value),
                "append_comment" | "add_tag" | "remove_tag" => !value.is_empty(),
                _ => false,
            };
            if !known {
                return failed(400, &format!("Invalid action {name}"));
            }
            let mut state = self.state();
            for number in ids.iter().filter_map(|id| number_of(id)) {
                state.touched.entry(number).or_default().apply((name, value), now);
            }
        }
        answered(&json!([]), &json!({ "writes": { "resources_affected": ids.len() } }))
    }
}

impl Platform for CrowdstrikeDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.method == "POST" && asked.path == "/oauth2/token" {
            return self.token(asked);
        }
        let left = match self.bearer(asked).and_then(|()| self.count()) {
            Ok(left) => left,
            Err(answer) => return answer,
        };
        let answer = self.route(asked).header("X-Ratelimit-Limit", &MOST_PER_MINUTE.to_string());
        answer.header("X-Ratelimit-Remaining", &left.to_string())
    }
}

impl fmt::Debug for CrowdstrikeDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CrowdstrikeDouble")
    }
}

/// The flaw behind an id.
fn number_of(id: &str) -> Option<usize> {
    id.rsplit('-').next()?.parse().ok()
}

fn composite_ids(body: &[u8], keys: &[&str]) -> Result<Vec<String>, Answer> {
    let Ok(Value::Object(map)) = serde_json::from_slice(body) else {
        return Err(failed(400, "Invalid JSON"));
    };
    if let Some(key) = map.keys().find(|key| !keys.contains(&key.as_str())) {
        return Err(failed(400, &format!("unknown field {key}")));
    }
    let ids = map.get("composite_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<String> = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if ids.is_empty() || ids.len() > MOST_ALERTS {
        return Err(failed(400, "composite_ids must hold 1 to 1000 ids"));
    }
    Ok(ids)
}

fn failed(status: u16, message: &str) -> Answer {
    let error = json!([{ "code": status, "message": message }]);
    told(status, &json!({ "meta": { "trace_id": "4f2b" }, "errors": error }))
}

fn answered(resources: &Value, meta: &Value) -> Answer {
    let mut meta = meta.clone();
    if let Some(map) = meta.as_object_mut() {
        map.insert("trace_id".to_owned(), json!("4f2b"));
        map.insert("query_time".to_owned(), json!(0.01));
    }
    told(200, &json!({ "meta": meta, "errors": [], "resources": resources }))
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}

/// Whether a flaw is told as an alert.
#[must_use]
pub fn is_falcon_alert(flaw: &super::Flaw) -> bool {
    matches!(flaw.cause, Cause::Detection(_)) && alert::is_alert(flaw)
}
