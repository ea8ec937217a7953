//! Events v2.

use quell_deliver::outbox::Remote;
use quell_http::{HttpError, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{PagerDuty, write};
use crate::{SinkError, Wanted};

/// Most characters kept of what `PagerDuty` says.
const MOST_SAID: usize = 400;

impl PagerDuty {
    pub(super) fn target(&self) -> String {
        format!("{}/v2/enqueue", self.events)
    }

    /// The integration key.
    pub(super) async fn key(&self) -> Result<SecretString, SinkError> {
        let key = self.credentials.read().await?.secret;
        let text = key.expose_secret();
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(key);
        }
        Err(SinkError::Login("an integration key has 32 letters and digits".to_owned()))
    }

    /// Sends the event of an act.
    pub(super) async fn send(&self, wanted: &Wanted<'_>) -> Result<Remote, SinkError> {
        let key = self.key().await?;
        let event = write::event(&self.source, wanted, key.expose_secret())?;
        let dedup = event.get("dedup_key").and_then(Value::as_str).unwrap_or_default();
        let request =
            Request::post(&self.target())?.json(&event)?.hide(key.expose_secret()).no_redirects();
        let answer = self.client.send(&request).await.map_err(meaning)?;
        let told: Value = answer.json()?;
        if told.get("dedup_key").and_then(Value::as_str) != Some(dedup) {
            return Err(SinkError::shape("$.dedup_key", "is not the one that was sent"));
        }
        Ok(write::remote(dedup))
    }
}

/// What a failed call means, of both APIs.
pub(super) fn meaning(error: HttpError) -> SinkError {
    let Some(remote) = error.remote() else { return error.into() };
    let body: Value = serde_json::from_slice(remote.body()).unwrap_or_default();
    let said = said(&body).unwrap_or_else(|| remote.said().to_owned());
    let reset = remote.headers().get("ratelimit-reset").and_then(|value| value.to_str().ok());
    let reset = reset.and_then(|text| text.parse().ok()).map(std::time::Duration::from_secs);
    match remote.status() {
        401 => SinkError::Login(said),
        403 => SinkError::Forbidden { right: "incidents of the account".to_owned(), said },
        404 => SinkError::Gone(said),
        429 => SinkError::Busy { wait: reset.or(remote.retry_after()), said },
        400..=499 => SinkError::Refused(said),
        _ => error.into(),
    }
}

/// Events say `message` and `errors`; the REST API says them under `error`.
fn said(body: &Value) -> Option<String> {
    let body = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
    let message = body.get("message").and_then(Value::as_str)?;
    let errors = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
    let text = format!("{message}: {}", errors.join("; "));
    let text = text.trim_end_matches([':', ' ']);
    Some(text.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect())
}
