//! The login: a token as it is, or that of an installation of a GitHub App.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use quell_http::{Fresh, Request};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Hub;
use super::call::{VERSION, meaning};
use crate::SinkError;
use crate::forge::Repository as _;
use crate::forge::call::{Api as _, Call};

/// When a token is read again from where it is kept.
const TOKEN_RENEWED: Duration = Duration::from_secs(300);
/// How long an installation's token lives where GitHub does not say.
const INSTALLATION_LIVES: i64 = 3_600;
/// Clocks differ: the assertion counts from a minute ago, and for less than the ten minutes that
/// GitHub takes.
const SKEW_SECONDS: i64 = 60;
const ASSERTION_SECONDS: i64 = 540;

/// How it is logged in.
#[derive(Debug, Clone)]
pub(super) enum Login {
    /// A token, fine-grained or not.
    Token,
    /// An App, with its installation where it is named.
    App {
        /// The App's id or client id.
        id: String,
        /// The installation.
        installation: Option<String>,
    },
}

/// A token, and what it may do where that is told.
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) permissions: Option<Value>,
}

impl Hub {
    /// A fresh token.
    pub(super) async fn log_in(&self) -> Result<Fresh<Token>, SinkError> {
        let credential = self.credentials.read().await?;
        match &self.login {
            Login::Token => {
                let token = Token { secret: credential.secret, permissions: None };
                Ok(Fresh::lasting(token, TOKEN_RENEWED))
            }
            Login::App { id, installation } => {
                let assertion = assertion(id, &credential.secret, self.clock.now().as_second())?;
                let installation = match installation {
                    Some(known) => known.clone(),
                    None => self.installation(&assertion).await?,
                };
                self.installation_token(&assertion, &installation).await
            }
        }
    }

    /// Who Quell is there: the name under which it is the author of things.
    pub(super) async fn me(&self) -> Result<String, SinkError> {
        let known = self.me.get(|_| async {
            let credential = self.credentials.read().await?;
            let name = match &self.login {
                Login::Token => {
                    let user = self.get("/user", "Metadata: read").await?;
                    text(&user, "login")?
                }
                Login::App { id, .. } => {
                    let now = self.clock.now().as_second();
                    let assertion = assertion(id, &credential.secret, now)?;
                    let app = self.as_app(&assertion, "/app", None).await?;
                    format!("{}[bot]", text(&app, "slug")?)
                }
            };
            Ok::<_, SinkError>(Fresh::lasting(name, Duration::from_secs(3_600)))
        });
        Ok((*known.await?).clone())
    }

    async fn installation(&self, assertion: &SecretString) -> Result<String, SinkError> {
        let repository = self.reach.own().ok_or_else(|| SinkError::Setting {
            name: "installation_id",
            why: "is needed where there is no `project`".to_owned(),
        })?;
        let path = format!("{}/installation", repository.api());
        let found = self.as_app(assertion, &path, None).await?;
        let id = found.get("id").and_then(Value::as_u64);
        id.map(|id| id.to_string()).ok_or_else(|| SinkError::shape("$.id", "is missing"))
    }

    async fn installation_token(
        &self,
        assertion: &SecretString,
        installation: &str,
    ) -> Result<Fresh<Token>, SinkError> {
        let path = format!("/app/installations/{installation}/access_tokens");
        let wanted = json!({});
        let made = self.as_app(assertion, &path, Some(&wanted)).await?;
        let ends = made.get("expires_at").and_then(Value::as_str).and_then(|at| at.parse().ok());
        let now = self.clock.now();
        let left = ends
            .map_or(INSTALLATION_LIVES, |ends: jiff::Timestamp| ends.as_second() - now.as_second());
        let lives = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        let secret = SecretString::from(text(&made, "token")?);
        let permissions = made.get("permissions").cloned();
        Ok(Fresh::ending(Token { secret, permissions }, lives))
    }

    /// A call of the App itself.
    async fn as_app(
        &self,
        assertion: &SecretString,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, SinkError> {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => Request::post(&url)?.json(body)?.idempotent(),
            None => Request::get(&url)?,
        };
        let request = request
            .bearer(assertion.expose_secret())?
            .header("accept", "application/vnd.github+json")?
            .header("x-github-api-version", VERSION)?;
        let call = Call::read(path, "the App's installation");
        let answer = self.client.send(&request).await;
        let answer = answer.map_err(|error| {
            let why = meaning(error, &call, self.clock.now(), assertion.expose_secret());
            if let SinkError::Gone(said) = why {
                return SinkError::Login(format!("the App is not installed there: {said}"));
            }
            why
        })?;
        Ok(answer.json()?)
    }
}

/// A text of an answer that has to be there.
pub(super) fn text(value: &Value, name: &str) -> Result<String, SinkError> {
    let text = value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| SinkError::shape(format!("$.{name}"), "is missing"))
}

/// The App's own word of who it is, signed.
fn assertion(id: &str, key: &SecretString, now: i64) -> Result<SecretString, SinkError> {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims = json!({"iat": now - SKEW_SECONDS, "exp": now + ASSERTION_SECONDS, "iss": id});
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = format!("{head}.{claims}");
    let pair = key_pair(key.expose_secret())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| SinkError::Secret("the App's key cannot sign".to_owned()))?;
    Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// The App's key, as GitHub gives it (PKCS#1) or converted (PKCS#8).
fn key_pair(pem: &str) -> Result<RsaKeyPair, SinkError> {
    let wrong = |why: &str| SinkError::Setting {
        name: "secret",
        why: format!("is no private key of a GitHub App in PEM ({why})"),
    };
    let (begin, rest) = pem
        .split_once("-----BEGIN ")
        .and_then(|(_, rest)| rest.split_once("-----"))
        .ok_or_else(|| wrong("no `BEGIN`"))?;
    let body = rest.split("-----END").next().unwrap_or_default();
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| wrong("no base64"))?;
    match begin {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
        _ => return Err(wrong("another kind of key")),
    }
    .map_err(|error| wrong(&error.to_string()))
}

/// Whether an installation's permissions hold a right such as `contents: write`.
pub(super) fn held(permissions: &Value, name: &str) -> bool {
    permissions.get(name).and_then(Value::as_str) == Some("write")
}
