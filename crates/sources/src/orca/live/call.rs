//! One request: with the login, and with what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Fresh, HttpError, Renewing, Request, Response};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Held;
use crate::live::{Credentials, LiveError};

/// How long nobody logs in after a login that failed.
pub(super) const REST: Duration = Duration::from_secs(300);
/// When a token is read again from where it is kept.
const TOKEN_RENEWED: Duration = Duration::from_secs(300);
/// When a session is renewed. Orca does not tell how long it lives; one that ended is renewed too.
const SESSION_RENEWED: Duration = Duration::from_secs(600);
/// Most characters kept of what Orca says.
const MOST_SAID: usize = 300;

/// Which of the two APIs is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Serving,
    Older,
}

/// How it is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Token,
    Session,
}

/// The value of `Authorization`.
pub(super) struct Token {
    header: SecretString,
    /// The secret in it.
    secret: SecretString,
}

/// One login at Orca.
pub(super) struct Orca {
    pub(super) url: String,
    pub(super) login: Login,
    pub(super) api: Api,
    pub(super) page_size: usize,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tokens: Renewing<Token>,
}

impl Orca {
    /// Sends a request. A login that ended is renewed once, and the request sent again.
    pub(super) async fn send(
        &self,
        right: &'static str,
        make: &(dyn Fn() -> Result<Request, HttpError> + Sync),
    ) -> Result<Response, LiveError> {
        let token = self.token().await?;
        match self.once(right, make()?, &token).await {
            Err(LiveError::Login(_)) => {
                self.tokens.refused(&token);
                let token = self.token().await?;
                self.once(right, make()?, &token).await
            }
            other => other,
        }
    }

    async fn once(
        &self,
        right: &'static str,
        request: Request,
        token: &Token,
    ) -> Result<Response, LiveError> {
        let request = request.secret_header("authorization", token.header.expose_secret())?;
        let request = request.hide(token.secret.expose_secret());
        let answer = self.client.send(&request).await.map_err(|error| meaning(error, right))?;
        let body: Said = serde_json::from_slice(answer.body()).unwrap_or_default();
        match body.status.as_ref().and_then(Value::as_str) {
            Some("error" | "failure") => {
                let said = body.text().unwrap_or_else(|| "`status` is `error`".to_owned());
                Err(told(&said.replace(token.secret.expose_secret(), "[hidden]"), right))
            }
            _ => Ok(answer),
        }
    }

    async fn token(&self) -> Result<Held, LiveError> {
        Ok(self.tokens.get(|_| self.log_in()).await?)
    }

    async fn log_in(&self) -> Result<Fresh<Token>, LiveError> {
        let credential = self.credentials.read().await?;
        let key = credential.secret;
        match self.login {
            Login::Token => {
                let header = SecretString::from(format!("Token {}", key.expose_secret()));
                Ok(Fresh::lasting(Token { header, secret: key }, TOKEN_RENEWED))
            }
            Login::Session => {
                let request = Request::post(&format!("{}/api/user/session", self.url))?
                    .json(&json!({"security_token": key.expose_secret()}))?
                    .hide(key.expose_secret())
                    .idempotent();
                let answer = self.client.send(&request).await;
                let answer = answer.map_err(|error| refused_login(meaning(error, "")))?;
                let answer: Value = answer.json()?;
                let token = answer.pointer("/jwt/access").and_then(Value::as_str);
                let token = token.filter(|token| !token.is_empty());
                let token = token.ok_or_else(|| {
                    LiveError::shape("$.jwt.access", "is missing; is `url` right?")
                })?;
                let header = SecretString::from(format!("Bearer {token}"));
                let secret = SecretString::from(token);
                Ok(Fresh::lasting(Token { header, secret }, SESSION_RENEWED))
            }
        }
    }
}

/// A request for a session that is refused is a login that is.
fn refused_login(error: LiveError) -> LiveError {
    if let LiveError::Refused(said) = error { LiveError::Login(said) } else { error }
}

/// What Orca says in one of its ways.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Said {
    status: Option<Value>,
    error: Option<Value>,
    errors: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
    error_code: Option<Value>,
}

impl Said {
    fn text(&self) -> Option<String> {
        let all = [&self.error, &self.detail, &self.message, &self.errors, &self.error_code];
        let said = all.into_iter().flatten().find(|value| !value.is_null())?;
        let said = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
        Some(said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect())
    }
}

/// What a failed request means.
pub(super) fn meaning(error: HttpError, right: &'static str) -> LiveError {
    let Some(remote) = error.remote() else { return error.into() };
    let told_as: Said = serde_json::from_str(remote.said()).unwrap_or_default();
    let said = told_as.text().unwrap_or_else(|| remote.said().chars().take(MOST_SAID).collect());
    let denied = told_as.error_code.as_ref().and_then(Value::as_str) == Some("permission_denied");
    match remote.status() {
        401 => LiveError::Login(said),
        403 if denied || said.to_ascii_lowercase().contains("permission") => {
            LiveError::Forbidden { right: right.to_owned(), said }
        }
        403 => LiveError::Login(said),
        // An alert that is not there is an error of the server's, to Orca.
        500 if said.contains("does not exist") => LiveError::Refused(said),
        400 => told(&said, right),
        404 | 405 | 410 => LiveError::Refused(format!(
            "there is no such call at this address; is `url` right, and `api`? Orca says: {said}"
        )),
        _ => error.into(),
    }
}

/// What a refusal in words means.
fn told(said: &str, right: &'static str) -> LiveError {
    let words = said.to_ascii_lowercase();
    let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let said = said.to_owned();
    if any(&["next_page_token"]) {
        LiveError::Cursor(said)
    } else if any(&["too many requests", "rate limit", "throttl"]) {
        LiveError::Busy { wait: None, said }
    } else if any(&["permission"]) {
        LiveError::Forbidden { right: right.to_owned(), said }
    } else if any(&["invalid token", "token is invalid", "token expired", "not authenticated"]) {
        LiveError::Login(said)
    } else {
        LiveError::Refused(said)
    }
}
