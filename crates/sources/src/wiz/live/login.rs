//! Tokens: had with the service account's id and secret, held until they end.

use std::fmt;
use std::time::Duration;

use quell_http::{Fresh, HttpError, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::Wiz;
use crate::live::{LiveError, refuses_login};
use crate::wire::{decode_base64, text_of};

/// The shortest life that a token is given, where the vendor says less or nothing.
const SHORTEST: Duration = Duration::from_secs(60);

/// Where to look when what answers the login is not Wiz.
const WHERE: &str = "is `options.realm` right, or `login_at`?";

/// A token, and what it says.
pub(super) struct Token {
    pub(super) text: SecretString,
    /// Where it is good.
    pub(super) url: String,
    /// Whose data it opens.
    pub(super) tenant: Option<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.url)
    }
}

impl Wiz {
    /// Has a token.
    pub(super) async fn log_in(&self) -> Result<Fresh<Token>, LiveError> {
        let login = self.credentials.read().await?;
        let (id, secret) = (login.id.expose_secret(), login.secret.expose_secret());
        let fields = [
            ("grant_type", "client_credentials"),
            ("audience", self.realm.audience()),
            ("client_id", id),
            ("client_secret", secret),
        ];
        let request = Request::post(&self.login_at)?.form(&fields)?.hide(secret).idempotent();
        let answer = self.client.send(&request).await.map_err(refused)?;
        let body: Value = serde_json::from_slice(answer.body()).map_err(|_| {
            LiveError::shape("$", format!("the login's answer is no JSON; {WHERE}"))
        })?;
        let text = body.get("access_token").and_then(Value::as_str).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            LiveError::shape("$.access_token", format!("is missing or no text; {WHERE}"))
        })?;
        let claims = claims(text);
        let lives = self.lives(&body, &claims);
        let url = match &self.url {
            Some(url) => url.clone(),
            None => self.endpoint(&claims)?,
        };
        let tenant = claims.get("tid").and_then(Value::as_str).map(str::to_owned);
        let token = Token { text: SecretString::from(text), url, tenant };
        Ok(Fresh::ending(token, lives))
    }

    /// How long the token is good: what the answer says, else what the token says.
    fn lives(&self, body: &Value, claims: &Value) -> Duration {
        let told = body.get("expires_in").and_then(text_of);
        let told = told.and_then(|text| text.parse::<f64>().ok());
        let ends = claims.get("exp").and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        let left = ends.map(|ends| ends - self.clock.now().as_second() as f64);
        let seconds = told.or(left).filter(|seconds| *seconds > 0.0).unwrap_or(0.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(SHORTEST).max(SHORTEST)
    }

    fn endpoint(&self, claims: &Value) -> Result<String, LiveError> {
        let center = claims.get("dc").and_then(Value::as_str);
        center.and_then(|name| self.realm.endpoint(name)).ok_or_else(|| LiveError::Setting {
            name: "url",
            why: "is missing, and the token names no data centre".to_owned(),
        })
    }
}

/// What a token says of itself. It is believed only as far as the host that gave it.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).and_then(decode_base64);
    part.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// A login that is refused for good has its own words.
fn refused(error: HttpError) -> LiveError {
    match error.status().is_some_and(refuses_login) {
        true => LiveError::Login(error.to_string()),
        false => error.into(),
    }
}
