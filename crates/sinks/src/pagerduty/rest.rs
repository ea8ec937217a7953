//! The REST API: notes, and how incidents stand.

use std::collections::BTreeMap;

use http::Method;
use quell_deliver::mirror::{Field, Gone, Phase, Standing};
use quell_deliver::outbox::Remote;
use quell_deliver::{Body, Key};
use quell_http::Request;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::events::meaning;
use super::{PagerDuty, write};
use crate::common::before::nothing_sent;
use crate::{Right, RightState, SinkError, Wanted};

/// The word of a note that says why an incident is resolved.
pub(super) const WHY: &str = "resolved";

impl PagerDuty {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, SinkError> {
        let token = self.credentials.read().await?.id;
        let request = Request::new(method, &format!("{}{path}", self.api))?.same_method();
        let request = match body {
            Some(body) => {
                request.json(body)?.header("from", self.from.as_deref().unwrap_or_default())?
            }
            None => request,
        };
        let request = request
            .header("accept", "application/vnd.pagerduty+json;version=2")?
            .secret_header("authorization", &format!("Token token={}", token.expose_secret()))?
            .hide(token.expose_secret());
        let answer = self.client.send(&request).await.map_err(meaning)?;
        Ok(answer.json()?)
    }

    /// The newest incident with a key.
    pub(super) async fn incident(&self, dedup: &str) -> Result<Option<Value>, SinkError> {
        let key: String = byte_serialize(dedup.as_bytes()).collect();
        let path = format!("/incidents?incident_key={key}&date_range=all&limit=100");
        let mut told = self.ask(Method::GET, &path, None).await?;
        let Some(Value::Array(all)) = told.get_mut("incidents").map(Value::take) else {
            return Err(SinkError::shape("$.incidents", "is no list"));
        };
        // An incident of several alerts has no key of its own.
        let is_it = |incident: &Value| match incident.get("incident_key") {
            None | Some(Value::Null) => true,
            Some(key) => key.as_str() == Some(dedup),
        };
        let number = |incident: &Value| incident.get("incident_number").and_then(Value::as_u64);
        Ok(all.into_iter().filter(is_it).max_by_key(number))
    }

    /// Writes a note. An event is taken before its incident is there.
    pub(super) async fn note(
        &self,
        remote: &Remote,
        body: &Body,
        key: &Key,
    ) -> Result<Option<Remote>, SinkError> {
        let path = self.notes(remote).await?.ok_or_else(|| SinkError::Busy {
            wait: None,
            said: "there is no incident of the alert yet".to_owned(),
        })?;
        self.ask(Method::POST, &path, Some(&write::note(body, "note", key))).await?;
        Ok(None)
    }

    /// Says beside an incident why it is resolved, unless that is said already.
    pub(super) async fn say_why(
        &self,
        remote: &Remote,
        body: &Body,
        key: &Key,
    ) -> Result<(), SinkError> {
        let Some(path) = self.notes(remote).await? else { return Ok(()) };
        let is_said = self.is_noted(&path, &write::found_by(WHY, key)).await;
        if !is_said.map_err(nothing_sent)? {
            self.ask(Method::POST, &path, Some(&write::note(body, WHY, key))).await?;
        }
        Ok(())
    }

    pub(super) async fn find_note(&self, wanted: &Wanted<'_>) -> Result<Option<Remote>, SinkError> {
        let remote = wanted.remote()?;
        let Some(path) = self.notes(remote).await? else { return Ok(None) };
        let is_there = self.is_noted(&path, &write::found_by("note", wanted.key)).await?;
        Ok(is_there.then(|| remote.clone()))
    }

    async fn is_noted(&self, path: &str, mark: &str) -> Result<bool, SinkError> {
        let told = self.ask(Method::GET, path, None).await?;
        let Some(notes) = told.get("notes").and_then(Value::as_array) else {
            return Err(SinkError::shape("$.notes", "is no list"));
        };
        let mut texts = notes.iter().filter_map(|note| note.get("content")?.as_str());
        Ok(texts.any(|text| text.contains(mark)))
    }

    async fn notes(&self, remote: &Remote) -> Result<Option<String>, SinkError> {
        let found = self.incident(&remote.id).await.map_err(nothing_sent)?;
        let Some(found) = found else { return Ok(None) };
        let id = found.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(SinkError::Refused("the incident has no id".to_owned()));
        }
        Ok(Some(format!("/incidents/{id}/notes")))
    }

    /// How the newest incident of a key stands; nothing where there is none (yet).
    pub(super) async fn standing(&self, remote: &Remote) -> Result<Option<Standing>, SinkError> {
        let Some(found) = self.incident(&remote.id).await? else { return Ok(None) };
        let text = |path: &str| found.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let phase = match text("/status") {
            "triggered" => Phase::New,
            "acknowledged" => Phase::Begun,
            "resolved" => Phase::Done,
            _ => return Err(SinkError::shape("$.incidents[].status", "is none that is known")),
        };
        let number = found.get("incident_number").and_then(Value::as_u64);
        let name = number.map_or_else(|| remote.name.clone(), |number| format!("#{number}"));
        let url = text("/html_url");
        let url = url.starts_with("https://").then(|| url.to_owned());
        let by = text("/last_status_change_by/type");
        Ok(Some(Standing {
            remote: Remote { id: remote.id.clone(), name, url },
            phase,
            phase_at: text("/last_status_change_at").parse().ok(),
            // An event of the integration is told as its service's doing, never as a user's.
            phase_by_us: !by.is_empty() && !by.starts_with("user"),
            resolution: Some(text("/resolve_reason/type").to_owned())
                .filter(|said| !said.is_empty()),
            fields: BTreeMap::from([(Field::Title, text("/title").to_owned())]),
            gone: Gone::No,
        }))
    }

    pub(super) async fn rights(&self) -> Result<Right, SinkError> {
        let state = match self.ask(Method::GET, "/incidents?limit=1", None).await {
            Ok(_) => RightState::Held,
            Err(SinkError::Forbidden { .. }) => RightState::Missing,
            Err(error) => return Err(error),
        };
        Ok(Right {
            name: "incidents.read".to_owned(),
            purpose: "notes, and how incidents stand".to_owned(),
            state,
        })
    }
}
