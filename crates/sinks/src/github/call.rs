//! One request: with the login, and with what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use quell_http::{HttpError, Response};
use quell_model::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use super::Hub;
use super::login::Token;
use super::place::GITHUB;
use crate::SinkError;
use crate::forge::call::{
    Api, Call, LONGEST, Told, header, refused, retry_after, said, unanswered,
};

/// The API's version that is spoken.
pub(super) const VERSION: &str = "2022-11-28";
/// What GitHub asks to wait after a secondary limit without a time.
const SECONDARY: Duration = Duration::from_secs(60);
impl Api for Hub {
    async fn send(&self, call: &Call<'_>) -> Result<Response, SinkError> {
        let token = self.token().await?;
        match self.once(call, &token).await {
            Err(SinkError::Login(_)) => {
                self.tokens.refused(&token);
                let token = self.token().await?;
                self.once(call, &token).await
            }
            other => other,
        }
    }
}

impl Hub {
    pub(super) async fn token(&self) -> Result<Arc<Token>, SinkError> {
        Ok(self.tokens.get(|_| self.log_in()).await?)
    }

    async fn once(&self, call: &Call<'_>, token: &Token) -> Result<Response, SinkError> {
        let request = call
            .request(&self.url)?
            .bearer(token.secret.expose_secret())?
            .header("accept", "application/vnd.github+json")?
            .header("x-github-api-version", VERSION)?;
        let answer = self.client.send(&request).await;
        answer.map_err(|error| meaning(error, call, self.clock.now(), token.secret.expose_secret()))
    }
}

/// What GitHub says when it refuses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    errors: Vec<Value>,
}

impl Said {
    fn text(&self) -> String {
        let details = self.errors.iter().map(|error| {
            let word = |name: &str| error.get(name).and_then(Value::as_str);
            let field = word("field").map(|field| format!("`{field}` ")).unwrap_or_default();
            let why = word("message").or_else(|| word("code")).or_else(|| error.as_str());
            format!("{field}{}", why.unwrap_or_default())
        });
        let all: Vec<String> = std::iter::once(self.message.clone()).chain(details).collect();
        all.join("; ")
    }
}

/// What a failed call means.
pub(super) fn meaning(
    error: HttpError,
    call: &Call<'_>,
    now: Timestamp,
    secret: &str,
) -> SinkError {
    let Some(remote) = error.remote() else { return unanswered(error, call) };
    let told: Said = serde_json::from_slice(remote.body()).unwrap_or_default();
    let text = if told.message.is_empty() { remote.said().to_owned() } else { told.text() };
    let said = said(&text, secret);
    let number = |name: &str| header(remote, name)?.trim().parse::<u64>().ok();
    let status = remote.status();
    if matches!(status, 403 | 429) && number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").and_then(|at| i64::try_from(at).ok());
        let left = reset.map_or(60, |at| at - now.as_second()).max(1);
        let left = u64::try_from(left).unwrap_or(1).min(LONGEST);
        return SinkError::Busy { wait: Some(Duration::from_secs(left)), said };
    }
    let wait = retry_after(remote);
    let low = said.to_ascii_lowercase();
    let secondary = low.contains("rate limit") || low.contains("abuse");
    if status == 429 || (status == 403 && (wait.is_some() || secondary)) {
        return SinkError::Busy { wait: Some(wait.unwrap_or(SECONDARY)), said };
    }
    if status == 410 && low.contains("disabled") {
        return SinkError::Refused(said);
    }
    let right = header(remote, "x-accepted-github-permissions");
    let right = right.map(|right| right.chars().take(100).collect());
    refused(error, status, call, Told { said, wait, right }, &GITHUB)
}
