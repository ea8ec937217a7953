//! A double of Splunk's HTTP Event Collector: tokens, batches, codes and acknowledgements.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Deserializer, Value, json};

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// Largest event that is indexed whole.
const TRUNCATE: usize = 10_000;
/// Largest request.
const MOST_BYTES: usize = 1 << 20;

/// What the collector says of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SplunkSays {
    /// The token asks for acknowledgements.
    Acknowledges,
    /// The indexers acknowledge nothing yet.
    Slow,
    /// The server is busy.
    Busy,
    /// The token is disabled.
    Disabled,
}

#[derive(Debug, Default)]
struct State {
    says: BTreeSet<SplunkSays>,
    events: Vec<Value>,
    acks: u64,
}

/// The double.
pub struct SplunkDouble {
    state: Mutex<State>,
    contract: Contract,
}

impl std::fmt::Debug for SplunkDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SplunkDouble({} events)", self.state().events.len())
    }
}

impl Default for SplunkDouble {
    fn default() -> Self {
        let contract = held::contract(include_str!("contract.json"));
        Self { state: Mutex::default(), contract }
    }
}

impl SplunkDouble {
    /// The token that the double knows.
    pub const TOKEN: &'static str = "b0221cd8-c4b4-465a-9a3c-273e3a75aa29";

    /// Has it say something, or no more.
    pub fn says(&self, what: SplunkSays, is_so: bool) {
        let mut state = self.state();
        if is_so {
            state.says.insert(what)
        } else {
            state.says.remove(&what)
        };
    }

    /// The description of what Quell asks.
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    /// What was indexed.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, state: &mut State, asked: &Asked) -> Answer {
        let acknowledges = state.says.contains(&SplunkSays::Acknowledges);
        if acknowledges && asked.header("x-splunk-request-channel").is_none() {
            return told(400, 10, "Data channel is missing");
        }
        if asked.body.is_empty() {
            return told(400, 5, "No data");
        }
        if asked.body.len() > MOST_BYTES {
            return Answer::new(413, "");
        }
        for (number, event) in
            Deserializer::from_slice(&asked.body).into_iter::<Value>().enumerate()
        {
            let fits = event.ok().filter(|event| {
                let body = event.to_string().into_bytes();
                let one = Asked { body, ..asked.clone() };
                self.contract.refused(&one).is_none()
            });
            let Some(event) = fits else {
                let body = json!({"text": "Invalid data format", "code": 6, "invalid-event-number": number});
                return Answer::new(400, body.to_string());
            };
            if event.get("index").is_some_and(|index| index != "security") {
                return told(400, 7, "Incorrect index");
            }
            if event.get("event").is_some_and(|event| event.to_string().len() > TRUNCATE) {
                return told(400, 6, "the event would be cut");
            }
            state.events.push(event);
        }
        if !acknowledges {
            return told(200, 0, "Success");
        }
        state.acks += 1;
        let body = json!({"text": "Success", "code": 0, "ackId": state.acks - 1});
        Answer::new(200, body.to_string())
    }
}

impl Platform for SplunkDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        // Each event of a batch is one body. A request without any is how a token is tested.
        let events = Deserializer::from_slice(&asked.body).into_iter::<Value>();
        let wrong = |event: Result<Value, serde_json::Error>| {
            let body = event.map(|event| event.to_string().into_bytes()).unwrap_or_default();
            held::undescribed("splunk", &[], &Asked { body, ..asked.clone() })
        };
        events.into_iter().find_map(wrong)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        if state.says.contains(&SplunkSays::Busy) {
            return told(503, 9, "Server is busy");
        }
        if asked.path == "/services/collector/health" {
            return told(200, 17, "HEC is healthy");
        }
        match asked.header("authorization") {
            None => return told(401, 2, "Token is required"),
            Some(given) if given != format!("Splunk {}", Self::TOKEN) => {
                return told(403, 4, "Invalid token");
            }
            Some(_) if state.says.contains(&SplunkSays::Disabled) => {
                return told(403, 1, "Token disabled");
            }
            Some(_) => {}
        }
        match asked.path.as_str() {
            "/services/collector/event" => self.collect(&mut state, asked),
            "/services/collector/ack" => {
                if let Some(why) = self.contract.refused(asked) {
                    return told(400, 6, &why);
                }
                let is_slow = state.says.contains(&SplunkSays::Slow);
                let wanted = held::json(asked);
                let numbers = wanted.get("acks").and_then(Value::as_array).into_iter().flatten();
                let known = |number: &Value| number.as_u64().is_some_and(|n| n < state.acks);
                let acks: serde_json::Map<String, Value> = numbers
                    .map(|number| (number.to_string(), Value::Bool(!is_slow && known(number))))
                    .collect();
                Answer::new(200, json!({"acks": acks}).to_string())
            }
            _ => told(404, 404, "not found"),
        }
    }
}

fn told(status: u16, code: u64, text: &str) -> Answer {
    Answer::new(status, json!({"text": text, "code": code}).to_string())
}
