//! One request: with the token, and with what a refusal means.

use std::time::Duration;

use http::Method;
use quell_http::{HttpError, Request, Response, Retry};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Lab;
use crate::SinkError;

/// Longest wait that is believed.
const LONGEST: u64 = 7_200;
/// Most characters kept of what GitLab says.
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
    /// The role that it needs, in GitLab's words.
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
    pub(super) const fn put(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::PUT, path, right, body: Some(body) }
    }

    fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Lab {
    /// Sends a call. A token that is refused is read anew once, and the call sent again.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Response, SinkError> {
        match self.once(call).await {
            Err(SinkError::Login(_)) => self.once(call).await,
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

    async fn once(&self, call: &Call<'_>) -> Result<Response, SinkError> {
        let token = self.credentials.read().await?.secret;
        let url = format!("{}{}", self.url, call.path);
        let mut request = Request::new(call.method.clone(), &url)?.same_method();
        if let Some(body) = call.body {
            request = request.json(body)?;
        }
        if call.changes() {
            request = request.retry(ONCE);
        }
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
    let Some(remote) = error.remote() else {
        // Where nothing was to change, nothing is in doubt.
        return if !call.changes() && error.may_have_arrived() {
            SinkError::Busy { wait: None, said: error.to_string() }
        } else {
            error.into()
        };
    };
    let body: Value = serde_json::from_slice(remote.body()).unwrap_or_default();
    let told = ["message", "error_description", "error"].iter().find_map(|name| body.get(*name));
    let said = told.map_or_else(|| remote.said().to_owned(), text).replace(secret, "[hidden]");
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let header = |name: &str| remote.headers().get(name)?.to_str().ok();
    let wait = header("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
    let wait = wait.map(|seconds| Duration::from_secs(seconds.clamp(1, LONGEST)));
    match remote.status() {
        429 => SinkError::Busy { wait: Some(wait.unwrap_or(Duration::from_secs(60))), said },
        401 => SinkError::Login(said),
        403 if said.to_lowercase().contains("archived") => SinkError::Refused(said),
        403 => SinkError::Forbidden { right: call.right.to_owned(), said },
        404 | 410 => SinkError::Gone(format!(
            "{said}; GitLab says the same where the login has not the right `{}` or may not see the project",
            call.right
        )),
        400..=499 if !matches!(remote.status(), 408 | 425) => SinkError::Refused(said),
        _ if !call.changes() => SinkError::Busy { wait, said: error.to_string() },
        _ => error.into(),
    }
}
