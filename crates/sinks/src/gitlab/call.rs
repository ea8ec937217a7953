//! One request: with the token, and with what a refusal means.

use std::time::Duration;

use quell_http::{HttpError, Response};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Lab;
use super::place::GITLAB;
use crate::SinkError;
use crate::forge::call::{Api, Call, Told, refused, retry_after, said, unanswered};

impl Api for Lab {
    /// Sends a call. A token that is refused is read anew once, and the call sent again.
    async fn send(&self, call: &Call<'_>) -> Result<Response, SinkError> {
        match self.once(call).await {
            Err(SinkError::Login(_)) => self.once(call).await,
            other => other,
        }
    }
}

impl Lab {
    async fn once(&self, call: &Call<'_>) -> Result<Response, SinkError> {
        let token = self.credentials.read().await?.secret;
        let request = call.request(&self.url)?;
        let request = request.secret_header("private-token", token.expose_secret())?;
        let answer = self.client.send(&request).await;
        answer.map_err(|error| meaning(error, call, token.expose_secret()))
    }
}

/// What GitLab says: a text, a list of texts, or texts by field.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let all = fields.iter().map(|(name, value)| format!("`{name}` {}", text(value)));
            all.collect::<Vec<_>>().join("; ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// What a failed call means.
fn meaning(error: HttpError, call: &Call<'_>, secret: &str) -> SinkError {
    let Some(remote) = error.remote() else { return unanswered(error, call) };
    let body: Value = serde_json::from_slice(remote.body()).unwrap_or_default();
    let told = ["message", "error_description", "error"].iter().find_map(|name| body.get(*name));
    let said = said(&told.map_or_else(|| remote.said().to_owned(), text), secret);
    let (status, wait) = (remote.status(), retry_after(remote));
    if status == 429 {
        return SinkError::Busy { wait: Some(wait.unwrap_or(Duration::from_secs(60))), said };
    }
    refused(error, status, call, Told { said, wait, right: None }, &GITLAB)
}
