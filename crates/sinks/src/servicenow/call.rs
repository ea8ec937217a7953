//! One request: with the login, and with what a refusal means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use quell_http::{Client, Fresh, HttpError, Remote, Renewing, Request, Response};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::settings::Settings;
use crate::common::before::nothing_sent;
use crate::{Credentials, SinkError};

/// How long nobody logs in after a login that failed.
pub(super) const REST: Duration = Duration::from_secs(60);
/// When a login that does not end is read again from where it is kept.
const LOGIN_RENEWED: Duration = Duration::from_secs(60);
/// The longest life of a token that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
/// Most characters kept of what `ServiceNow` says.
const MOST_SAID: usize = 400;

/// How it is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Basic,
    OAuth,
    Token,
}

/// A header with the login.
pub(super) struct Token {
    name: &'static str,
    value: SecretString,
    /// The secret in it.
    secret: SecretString,
}

/// One login at one instance.
pub(super) struct ServiceNow {
    pub(super) settings: Settings,
    pub(super) login: Login,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tokens: Renewing<Token>,
    /// Whether the instance has the table that is wanted.
    pub(super) has: Renewing<bool>,
}

impl fmt::Debug for ServiceNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceNow({})", self.settings.url)
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The path and the query.
    pub(super) target: String,
    pub(super) body: Content,
    /// The right that it needs.
    pub(super) right: String,
}

/// What a call brings.
#[derive(Debug)]
pub(super) enum Content {
    None,
    Json(Value),
    /// A file. It is said to be plain text, so that no browser runs it.
    File(Vec<u8>),
}

impl Call {
    pub(super) fn get(target: String, right: &str) -> Self {
        Self { method: Method::GET, target, body: Content::None, right: right.to_owned() }
    }

    pub(super) fn json(method: Method, target: String, body: Value, right: &str) -> Self {
        Self { method, target, body: Content::Json(body), right: right.to_owned() }
    }
}

impl ServiceNow {
    /// What is told under `result`. A login that ended is renewed once, and the call made again.
    pub(super) async fn call(&self, call: &Call) -> Result<Value, SinkError> {
        let token = self.token().await?;
        let answer = match self.once(call, &token).await {
            Err(SinkError::Login(_)) => {
                self.tokens.refused(&token);
                let token = self.token().await?;
                self.once(call, &token).await?
            }
            other => other?,
        };
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        let mut answer: Value = answer.json().map_err(|_| {
            SinkError::shape("$", "is no JSON; does the instance sleep, or is `url` another page?")
        })?;
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    async fn once(&self, call: &Call, token: &Token) -> Result<Response, SinkError> {
        let url = format!("{}{}", self.settings.url, call.target);
        let request = Request::new(call.method.clone(), &url)?
            .header("accept", "application/json")?
            .same_method();
        let request = match &call.body {
            Content::None => request,
            Content::Json(body) => request.json(body)?,
            Content::File(bytes) => request.body("text/plain", bytes.clone())?,
        };
        let request = request.secret_header(token.name, token.value.expose_secret())?;
        let request = request.hide(token.secret.expose_secret());
        let answer = self.client.send(&request).await;
        answer.map_err(|error| self.meaning(error, &call.right))
    }

    async fn token(&self) -> Result<Arc<Token>, SinkError> {
        Ok(self.tokens.get(|_| self.log_in()).await?)
    }

    async fn log_in(&self) -> Result<Fresh<Token>, SinkError> {
        let credential = self.credentials.read().await?;
        let (id, secret) = (credential.id, credential.secret);
        let lasting = |name, value: String| {
            let value = SecretString::from(value);
            Fresh::lasting(Token { name, value, secret: secret.clone() }, LOGIN_RENEWED)
        };
        match self.login {
            Login::Basic => {
                let pair = format!("{}:{}", id.expose_secret(), secret.expose_secret());
                Ok(lasting("authorization", format!("Basic {}", STANDARD.encode(pair))))
            }
            Login::Token => Ok(lasting("x-sn-apikey", secret.expose_secret().to_owned())),
            Login::OAuth => self.oauth(&id, &secret).await,
        }
    }

    async fn oauth(
        &self,
        id: &SecretString,
        secret: &SecretString,
    ) -> Result<Fresh<Token>, SinkError> {
        let url = format!("{}/oauth_token.do", self.settings.url);
        let request = Request::post(&url)?
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", id.expose_secret()),
                ("client_secret", secret.expose_secret()),
            ])?
            .hide(secret.expose_secret())
            .idempotent();
        let answer = self.client.send(&request).await;
        let answer = answer.map_err(|error| match error.status() {
            Some(400 | 401 | 403) => SinkError::Login(self.meaning(error, "").to_string()),
            _ => nothing_sent(error.into()),
        })?;
        let answer: Value = answer.json().map_err(|error| nothing_sent(error.into()))?;
        let token = answer.get("access_token").and_then(Value::as_str).filter(|t| !t.is_empty());
        let token = token
            .ok_or_else(|| SinkError::Login("the answer holds no `access_token`".to_owned()))?;
        let lives = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(600);
        let lives = Duration::from_secs(lives).min(LONGEST_LIFE);
        let value = SecretString::from(format!("Bearer {token}"));
        let secret = SecretString::from(token);
        Ok(Fresh::ending(Token { name: "authorization", value, secret }, lives))
    }

    /// What a failed call means.
    fn meaning(&self, error: HttpError, right: &str) -> SinkError {
        let Some(remote) = error.remote() else { return error.into() };
        let said = said(remote);
        match remote.status() {
            401 => SinkError::Login(said),
            403 if is_about_rights(&said) => SinkError::Forbidden { right: right.to_owned(), said },
            404 => SinkError::Gone(said),
            429 => SinkError::Busy { wait: self.wait(remote), said },
            400..=499 => SinkError::Refused(said),
            _ => error.into(),
        }
    }

    /// How long until the hour's requests count anew.
    fn wait(&self, remote: &Remote) -> Option<Duration> {
        let reset = remote.headers().get("x-ratelimit-reset").and_then(|told| told.to_str().ok());
        let reset = reset.and_then(|text| text.parse::<i64>().ok()).map(|reset| {
            let left = reset.saturating_sub(self.clock.now().as_second());
            Duration::from_secs(u64::try_from(left).unwrap_or(0).min(3_600))
        });
        reset.max(remote.retry_after())
    }
}

/// Whether `ServiceNow` speaks of rights; with the same status it speaks of rules of the instance.
fn is_about_rights(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let words = ["acl", "security constraint", "insufficient rights", "not authorized"];
    words.iter().any(|word| said.contains(word)) && !said.contains("business rule")
}

fn said(remote: &Remote) -> String {
    let body: Value = serde_json::from_slice(remote.body()).unwrap_or_default();
    let part = |name: &str| {
        let text = body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
        text.map(str::trim).filter(|text| !text.is_empty())
    };
    let text = match (part("message"), part("detail")) {
        (Some(message), Some(detail)) => format!("{message}: {detail}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => remote.said().to_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect()
}
