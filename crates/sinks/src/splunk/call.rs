//! Calls of the collector, and what its codes mean.

use std::sync::PoisonError;

use quell_deliver::outbox::{Outcome, Remote};
use quell_http::{HttpError, Request};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Splunk, write};
use crate::{Right, RightState, SinkError, Wanted};

/// Acts that wait for an acknowledgement at once.
const MOST_WAITING: usize = 10_000;
/// Most characters kept of what Splunk says.
const MOST_SAID: usize = 200;

impl Splunk {
    pub(super) fn target(&self) -> String {
        format!("{}/services/collector/event", self.url)
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Value, SinkError> {
        let token = self.credentials.read().await?.secret;
        let request = Request::post(url)?
            .body("application/json", body)?
            .secret_header("authorization", &format!("Splunk {}", token.expose_secret()))?
            .hide(token.expose_secret())
            .no_redirects();
        let request = match &self.channel {
            Some(channel) => request.header("x-splunk-request-channel", channel)?,
            None => request,
        };
        let answer = self.client.send(&request).await.map_err(meaning)?;
        Ok(answer.json()?)
    }

    /// Sends the events of an act.
    pub(super) async fn send(&self, wanted: &Wanted<'_>) -> Result<Option<Remote>, SinkError> {
        let events = write::events(&self.place, wanted)?;
        let told = self.post(&self.target(), write::batch(&events)).await?;
        match told.get("code").and_then(Value::as_u64) {
            Some(0) => {}
            Some(code) => return Err(refused(code, &told)),
            None => return Err(SinkError::shape("$.code", "is missing")),
        }
        let made = wanted.made();
        if self.channel.is_none() {
            return Ok(made);
        }
        let number = told.get("ackId").and_then(Value::as_u64);
        let number = number.ok_or_else(|| {
            SinkError::Refused(
                "the token has no indexer acknowledgement; leave `channel` out".to_owned(),
            )
        })?;
        self.wait_for(wanted, number);
        match self.acknowledged(wanted).await {
            Ok(Some(_)) => Ok(made),
            Ok(None) => Err(SinkError::Lost("no indexer has acknowledged it yet".to_owned())),
            Err(error) => Err(SinkError::Lost(error.to_string())),
        }
    }

    fn wait_for(&self, wanted: &Wanted<'_>, number: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING {
            waiting.pop_first();
        }
        waiting.insert(wanted.key.as_str().to_owned(), number);
    }

    /// Whether the indexers have what was sent. What a process before this one sent is not known.
    pub(super) async fn acknowledged(
        &self,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Remote>, SinkError> {
        let (Some(channel), Some(number)) = (&self.channel, self.number(wanted)) else {
            return Ok(None);
        };
        let url = format!("{}/services/collector/ack?channel={channel}", self.url);
        let body = json!({"acks": [number]}).to_string().into_bytes();
        let told = self.post(&url, body).await?;
        let acks = told.get("acks").ok_or_else(|| SinkError::shape("$.acks", "is missing"))?;
        if acks.get(number.to_string()) != Some(&Value::Bool(true)) {
            return Ok(None);
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(wanted.key.as_str());
        Ok(Some(wanted.remote.cloned().unwrap_or_else(|| wanted.marked())))
    }

    fn number(&self, wanted: &Wanted<'_>) -> Option<u64> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(wanted.key.as_str()).copied()
    }

    /// Whether the token counts: a request without events is refused with `no data`, and indexes nothing.
    pub(super) async fn rights(&self) -> Result<Vec<Right>, SinkError> {
        let health = Request::get(&format!("{}/services/collector/health", self.url))?;
        let is_well = match self.client.send(&health).await {
            Ok(_) => true,
            Err(error) if error.status().is_some() => false,
            Err(error) => return Err(error.into()),
        };
        let is_held = match self.post(&self.target(), Vec::new()).await {
            Ok(_) => true,
            Err(SinkError::Refused(said)) if said.contains("(code 5)") => true,
            Err(SinkError::Login(said)) => return Err(SinkError::Login(said)),
            Err(error) if matches!(error.outcome(), Outcome::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        let state = |is: bool| if is { RightState::Held } else { RightState::Missing };
        Ok(vec![
            Right {
                name: "HEC is healthy".to_owned(),
                purpose: "the collector takes events".to_owned(),
                state: state(is_well),
            },
            Right {
                name: "token".to_owned(),
                purpose: "the token is enabled, and `channel` is as it asks for".to_owned(),
                state: state(is_held),
            },
        ])
    }
}

/// What a failed call means.
fn meaning(error: HttpError) -> SinkError {
    let Some(remote) = error.remote() else { return error.into() };
    let told: Value = serde_json::from_slice(remote.body()).unwrap_or_default();
    match (remote.status(), told.get("code").and_then(Value::as_u64)) {
        (_, Some(code)) if code != 8 => refused(code, &told),
        (401 | 403, None) => SinkError::Login("the token is refused".to_owned()),
        (413, _) => {
            SinkError::Refused("larger than `max_content_length` of the collector".to_owned())
        }
        (429, _) => {
            SinkError::Busy { wait: remote.retry_after(), said: "too many requests".to_owned() }
        }
        // Code 8, or a server between: it may have been taken.
        _ => error.into(),
    }
}

/// What a code means.
fn refused(code: u64, told: &Value) -> SinkError {
    let said = told.get("text").and_then(Value::as_str).unwrap_or_default();
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let said = format!("{said} (code {code})");
    let with = |hint: &str| SinkError::Refused(format!("{said}; {hint}"));
    match code {
        1..=4 => SinkError::Login(said),
        6 => match told.get("invalid-event-number").and_then(Value::as_u64) {
            Some(number) => {
                with(&format!("event {number} of the batch; those before it are indexed"))
            }
            None => SinkError::Refused(said),
        },
        7 => with("`project` names an index that the token may not write"),
        9 | 18..=23 => SinkError::Busy { wait: None, said },
        10 | 11 => with("the token asks for indexer acknowledgement: set `channel`"),
        14 => with("the token has no indexer acknowledgement: leave `channel` out"),
        _ => SinkError::Refused(said),
    }
}
