//! A double of `PagerDuty`: alerts by their key, incidents and notes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quell_model::Clock;
use serde_json::{Value, json};

use super::Contract;
use super::held;
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// Largest event.
const MOST_BYTES: usize = 512 << 10;

#[derive(Debug, Clone)]
struct Incident {
    dedup: String,
    status: &'static str,
    title: String,
    /// What changed it last.
    by: &'static str,
    at: String,
    notes: Vec<String>,
    triggers: u32,
}

#[derive(Debug, Default)]
struct State {
    incidents: Vec<Incident>,
    /// Look-ups for which new incidents are not there yet.
    behind: u32,
}

/// The double.
pub struct PagerDutyDouble {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    contract: Contract,
}

impl std::fmt::Debug for PagerDutyDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PagerDutyDouble({} incidents)", self.state().incidents.len())
    }
}

impl PagerDutyDouble {
    /// The integration key that the double knows.
    pub const KEY: &'static str = "0123456789abcdef0123456789ABCDEF";
    /// The token of its REST API, and a user's address.
    pub const TOKEN: (&'static str, &'static str) = ("r3st-t0ken", "quell@example.com");

    /// A service without incidents.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let contract = held::contract(include_str!("contract.json"));
        Self { state: Mutex::default(), clock, contract }
    }

    /// The description of what Quell asks.
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    /// All incidents: key, status, and how often it was triggered.
    #[must_use]
    pub fn incidents(&self) -> Vec<(String, String, u32)> {
        let state = self.state();
        let told = state.incidents.iter();
        told.map(|one| (one.dedup.clone(), one.status.to_owned(), one.triggers)).collect()
    }

    /// The notes of each incident, by its key.
    #[must_use]
    pub fn notes(&self) -> Vec<(String, Vec<String>)> {
        let state = self.state();
        state.incidents.iter().map(|one| (one.dedup.clone(), one.notes.clone())).collect()
    }

    /// Has the next look-ups not see the newest incident.
    pub fn behind(&self, look_ups: u32) {
        self.state().behind = look_ups;
    }

    /// A person acknowledges or resolves all incidents.
    pub fn by_hand(&self, status: &'static str) {
        let at = self.clock.now().to_string();
        for incident in &mut self.state().incidents {
            incident.status = status;
            incident.by = "user_reference";
            incident.at.clone_from(&at);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self, asked: &Asked) -> Answer {
        let event = held::json(asked);
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
        if text("/routing_key") != Self::KEY {
            return invalid("Invalid routing key");
        }
        if asked.body.len() > MOST_BYTES {
            return invalid("Event object exceeds 512KB");
        }
        let at = self.clock.now().to_string();
        let mut state = self.state();
        let dedup = text("/dedup_key").to_owned();
        let is_open = |one: &&mut Incident| one.dedup == dedup && one.status != "resolved";
        let open = state.incidents.iter_mut().find(is_open);
        match (text("/event_action"), open) {
            ("trigger", Some(open)) => open.triggers += 1,
            ("trigger", None) => state.incidents.push(Incident {
                dedup: dedup.clone(),
                status: "triggered",
                title: text("/payload/summary").to_owned(),
                by: "service_reference",
                at,
                notes: Vec::new(),
                triggers: 1,
            }),
            (action, Some(open)) => {
                open.status = if action == "resolve" { "resolved" } else { "acknowledged" };
                open.by = "service_reference";
                open.at = at;
            }
            (_, None) => {}
        }
        let body = json!({"status": "success", "message": "Event processed", "dedup_key": dedup});
        Answer::new(202, body.to_string())
    }

    fn rest(&self, asked: &Asked) -> Answer {
        let (token, user) = Self::TOKEN;
        if asked.header("authorization") != Some(&format!("Token token={token}")) {
            return told(401, &json!({"error": {"message": "Unauthorized", "code": 2006}}));
        }
        let mut state = self.state();
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["incidents"]) => {
                let query = held::fields(&asked.query);
                let unseen = usize::from(state.behind > 0);
                state.behind = state.behind.saturating_sub(1);
                let seen = state.incidents.len().saturating_sub(unseen);
                let listed = state.incidents.iter().enumerate().take(seen);
                let key = query.get("incident_key");
                let listed = listed.filter(|(_, one)| key.is_none_or(|key| *key == one.dedup));
                let all: Vec<Value> = listed.map(|(at, one)| incident(at, one)).collect();
                told(200, &json!({"incidents": all, "limit": 100, "offset": 0, "more": false}))
            }
            (method, ["incidents", id, "notes"]) => {
                let at: Option<usize> = id.strip_prefix("PD").and_then(|text| text.parse().ok());
                let Some(found) = at.and_then(|at| state.incidents.get_mut(at)) else {
                    return told(404, &json!({"error": {"message": "Not Found", "code": 2100}}));
                };
                if method == "POST" && asked.header("from") != Some(user) {
                    let errors = ["From header is not a user of the account"];
                    let body =
                        json!({"error": {"message": "Invalid Input Provided", "errors": errors}});
                    return told(400, &body);
                }
                if method == "POST" {
                    let body = held::json(asked);
                    let text = body.pointer("/note/content").and_then(Value::as_str);
                    found.notes.push(text.unwrap_or_default().to_owned());
                }
                let notes: Vec<Value> =
                    found.notes.iter().map(|text| json!({"content": text})).collect();
                told(200, &json!({"notes": notes}))
            }
            _ => told(404, &json!({"error": {"message": "Not Found", "code": 2100}})),
        }
    }
}

impl Platform for PagerDutyDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("pagerduty", &[], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(why) = self.contract.refused(asked) {
            return invalid(&why);
        }
        if asked.path == "/v2/enqueue" { self.event(asked) } else { self.rest(asked) }
    }
}

fn incident(at: usize, one: &Incident) -> Value {
    json!({
        "id": format!("PD{at}"),
        "type": "incident",
        "incident_number": at + 1,
        "title": one.title,
        "status": one.status,
        "incident_key": one.dedup,
        "html_url": format!("https://acme.pagerduty.com/incidents/PD{at}"),
        "last_status_change_at": one.at,
        "last_status_change_by": {"id": "P1", "type": one.by},
        "resolve_reason": null,
    })
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}

fn invalid(why: &str) -> Answer {
    let message = "Event object is invalid";
    told(400, &json!({"status": "invalid event", "message": message, "errors": [why]}))
}
