//! One request: with the login, and with what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use quell_http::{HttpError, Request, Response, Retry};
use quell_model::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use super::Hub;
use super::login::{Token, no_value};
use crate::SinkError;

/// The API's version that is spoken.
pub(super) const VERSION: &str = "2022-11-28";
/// What GitHub asks to wait after a secondary limit without a time.
const SECONDARY: Duration = Duration::from_secs(60);
/// Longest wait that is believed.
const LONGEST: u64 = 7_200;
/// Most characters kept of what GitHub says.
const MOST_SAID: usize = 400;
/// What changes something is sent once; when it is sent again is decided outside.
const ONCE: Retry = Retry {
    attempts: 1,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(60),
    total: Duration::from_secs(120),
};

/// A call of the API.
#[derive(Debug)]
pub(super) struct Call<'a> {
    method: Method,
    path: &'a str,
    /// The permission that it needs, in GitHub's words.
    right: &'static str,
    body: Option<&'a Value>,
}

impl<'a> Call<'a> {
    /// One that changes nothing.
    pub(super) const fn read(path: &'a str, right: &'static str) -> Self {
        Self { method: Method::GET, path, right, body: None }
    }

    /// One that makes something.
    pub(super) const fn post(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::POST, path, right, body: Some(body) }
    }

    /// One that changes something.
    pub(super) const fn patch(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::PATCH, path, right, body: Some(body) }
    }

    fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Hub {
    /// Sends a call. A login that ended is renewed once, and the call sent again.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Response, SinkError> {
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

    /// Sends a call and reads what it answers.
    pub(super) async fn ask(&self, call: &Call<'_>) -> Result<Value, SinkError> {
        Ok(self.send(call).await?.json()?)
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &str, right: &'static str) -> Result<Value, SinkError> {
        self.ask(&Call::read(path, right)).await
    }

    /// Reads something that may not be there.
    pub(super) async fn get_if_there(
        &self,
        path: &str,
        right: &'static str,
    ) -> Result<Option<Value>, SinkError> {
        match self.get(path, right).await {
            Ok(value) => Ok(Some(value)),
            Err(SinkError::Gone(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn token(&self) -> Result<Arc<Token>, SinkError> {
        self.tokens.get(|_| self.log_in()).await.map_err(no_value)
    }

    async fn once(&self, call: &Call<'_>, token: &Token) -> Result<Response, SinkError> {
        let url = format!("{}{}", self.url, call.path);
        let mut request = Request::new(call.method.clone(), &url)?.same_method();
        if let Some(body) = call.body {
            request = request.json(body)?;
        }
        if call.changes() {
            request = request.retry(ONCE);
        }
        let request = request
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
    let Some(remote) = error.remote() else {
        // Where nothing was to change, nothing is in doubt.
        return if !call.changes() && error.may_have_arrived() {
            SinkError::Busy { wait: None, said: error.to_string() }
        } else {
            error.into()
        };
    };
    let told: Said = serde_json::from_slice(remote.body()).unwrap_or_default();
    let said = if told.message.is_empty() { remote.said().to_owned() } else { told.text() };
    let said = said.replace(secret, "[hidden]");
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let header = |name: &str| remote.headers().get(name)?.to_str().ok();
    let number = |name: &str| header(name)?.trim().parse::<u64>().ok();
    let status = remote.status();
    if matches!(status, 403 | 429) && number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").and_then(|at| i64::try_from(at).ok());
        let left = reset.map_or(60, |at| at - now.as_second()).max(1);
        let left = u64::try_from(left).unwrap_or(1).min(LONGEST);
        return SinkError::Busy { wait: Some(Duration::from_secs(left)), said };
    }
    let asked = number("retry-after").map(|seconds| Duration::from_secs(seconds.clamp(1, LONGEST)));
    let low = said.to_ascii_lowercase();
    let secondary = low.contains("rate limit") || low.contains("abuse");
    if status == 429 || (status == 403 && (asked.is_some() || secondary)) {
        return SinkError::Busy { wait: Some(asked.unwrap_or(SECONDARY)), said };
    }
    match status {
        401 => SinkError::Login(said),
        403 if low.contains("archived") => SinkError::Refused(said),
        403 => {
            let right = header("x-accepted-github-permissions").unwrap_or(call.right);
            SinkError::Forbidden { right: right.chars().take(100).collect(), said }
        }
        410 if low.contains("disabled") => SinkError::Refused(said),
        404 | 410 => SinkError::Gone(format!(
            "{said}; GitHub says the same where the login has not the right `{}` or may not see the repository",
            call.right
        )),
        400..=499 if !matches!(status, 408 | 425) => SinkError::Refused(said),
        _ if !call.changes() => SinkError::Busy { wait: asked, said: error.to_string() },
        _ => error.into(),
    }
}
