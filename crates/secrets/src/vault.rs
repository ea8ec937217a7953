//! HashiCorp Vault: AppRole or token, renewal, one new login, and the KV engine, version 2.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quell_config::SecretRef;
use quell_http::sigv4::encoded;
use quell_http::{
    Client, Deadlines, Fresh, HttpError, NoValue, Renewing, Request, Response, Retry, Sizes,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::error::SecretError;
use crate::local::{Environment, login};
use crate::secret::Secret;
use crate::settings::{VaultLogin, VaultSettings};

/// A failed login is not tried again for so long.
const REST: Duration = Duration::from_secs(30);
/// A token without an end is looked at again after so long.
const ENDLESS: Duration = Duration::from_secs(3_600);

/// Deadlines for requests on which others wait.
pub(crate) const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(3),
    first_byte: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    whole: Duration::from_secs(8),
};
/// Few and quick attempts: the last good value serves meanwhile.
pub(crate) const RETRY: Retry = Retry {
    attempts: 3,
    first_wait: Duration::from_millis(200),
    longest_wait: Duration::from_secs(2),
    total: Duration::from_secs(10),
};

/// A secret of 64 KiB, its siblings and what stands around them.
pub(crate) const SIZES: Sizes =
    Sizes { received_bytes: 2 << 20, decoded_bytes: 2 << 20, ratio: 200 };

/// A Vault, and the token for it.
pub(crate) struct Vault {
    settings: VaultSettings,
    client: Client,
    environment: Environment,
    token: Renewing<Token>,
}

struct Token {
    secret: Secret,
    renewable: bool,
    /// How long it lived when it was new.
    life: Duration,
}

/// What a login and a renewal answer.
#[derive(Deserialize)]
struct Answer {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
    #[serde(default)]
    lease_duration: u64,
    #[serde(default)]
    renewable: bool,
}

/// What a token says of itself.
#[derive(Deserialize)]
struct Own {
    data: OwnData,
}

#[derive(Deserialize)]
struct OwnData {
    #[serde(default)]
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

/// The fields of a secret, unread, so that only the one asked for is copied.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    data: FieldData<'a>,
}

#[derive(Deserialize)]
struct FieldData<'a> {
    #[serde(borrow)]
    data: Option<BTreeMap<String, &'a RawValue>>,
}

/// Where a secret stands in Vault.
pub(crate) struct Place<'a> {
    pub(crate) reference: &'a SecretRef,
    pub(crate) mount: &'a str,
    pub(crate) path: &'a str,
    pub(crate) field: &'a str,
}

impl Vault {
    pub(crate) fn new(settings: VaultSettings, client: Client, environment: Environment) -> Self {
        Self { settings, client, environment, token: Renewing::new(REST) }
    }

    /// The value of a field. A token that is no longer good is replaced once.
    pub(crate) async fn read(&self, place: &Place<'_>) -> Result<Secret, SecretError> {
        let token = self.token().await?;
        let first = self.fetch(place, &token).await;
        let Err(Failure::Forbidden(why)) = first else {
            return first.map_err(|failure| failure.told(place.reference));
        };
        // Either the token or a policy: the token itself knows.
        if self.is_good(&token).await? {
            return Err(Failure::Forbidden(why).told(place.reference));
        }
        self.token.refused(&token);
        let token = self.token().await?;
        self.fetch(place, &token).await.map_err(|failure| failure.told(place.reference))
    }

    async fn fetch(&self, place: &Place<'_>, token: &Token) -> Result<Secret, Failure> {
        let segments = place.path.split('/').map(encoded).collect::<Vec<_>>().join("/");
        let path = format!("{}/data/{segments}", encoded(place.mount));
        let request = self.request(Request::get(&self.url(&path))?, Some(token))?;
        let body = Zeroizing::new(self.client.send(&request).await?.into_body());
        let fields: Fields<'_> = serde_json::from_slice(&body).map_err(|_| Failure::Malformed)?;
        let fields = fields.data.data.ok_or(Failure::Missing("it was deleted"))?;
        let raw = fields.get(place.field).ok_or(Failure::Missing("it has no such field"))?;
        value(raw)
    }

    async fn token(&self) -> Result<Arc<Token>, SecretError> {
        let got = self.token.get(|old| self.renew(old)).await;
        got.map_err(|error| match error {
            NoValue::Failed(error) => error,
            NoValue::Resting(left, _) => SecretError::Resting {
                why: "the login to Vault failed".to_owned(),
                seconds: left.as_secs().max(1),
            },
        })
    }

    /// Renews the old token where that gives it a real life again, else logs in.
    async fn renew(&self, old: Option<Arc<Token>>) -> Result<Fresh<Token>, SecretError> {
        let Some(old) = old.filter(|token| token.renewable) else {
            return self.log_in().await;
        };
        match self.renew_self(&old).await {
            // Near its last end, a renewal gives a token ever less.
            Ok(fresh) if fresh.lives * 2 >= old.life => Ok(fresh),
            Ok(fresh) => self.log_in().await.or(Ok(fresh)),
            Err(Failure::Other(error)) => Err(error),
            Err(Failure::Forbidden(_) | Failure::Missing(_) | Failure::Malformed) => {
                self.log_in().await
            }
        }
    }

    async fn renew_self(&self, old: &Token) -> Result<Fresh<Token>, Failure> {
        let request = Request::post(&self.url("auth/token/renew-self"))?.idempotent();
        let request = self.request(request.json(&serde_json::json!({}))?, Some(old))?;
        let mut fresh = fresh(auth(&self.client.send(&request).await?)?);
        fresh.value.life = old.life;
        Ok(fresh)
    }

    async fn log_in(&self) -> Result<Fresh<Token>, SecretError> {
        match &self.settings.login {
            VaultLogin::Token(reference) => self.adopt(reference).await,
            VaultLogin::AppRole { mount, role_id, secret_id } => {
                let role_id = login(role_id, &self.environment, "Vault").await?;
                let secret_id = login(secret_id, &self.environment, "Vault").await?;
                let made = self.app_role(mount, &role_id, &secret_id).await;
                made.map_err(|failure| {
                    denied_login(
                        failure,
                        "check `role_id` and `secret_id`; a `secret_id` may be used up",
                    )
                })
            }
        }
    }

    async fn app_role(
        &self,
        mount: &str,
        role_id: &Secret,
        secret_id: &Secret,
    ) -> Result<Fresh<Token>, Failure> {
        let (role, secret) = (text(role_id)?, text(secret_id)?);
        let mount = mount.split('/').map(encoded).collect::<Vec<_>>().join("/");
        let body = serde_json::json!({"role_id": role, "secret_id": secret});
        let request = Request::post(&self.url(&format!("auth/{mount}/login")))?.json(&body)?;
        let request = self.request(request, None)?.hide(role).hide(secret);
        Ok(fresh(auth(&self.client.send(&request).await?)?))
    }

    /// Takes a token from its reference, and asks Vault how long it is good for.
    async fn adopt(&self, reference: &SecretRef) -> Result<Fresh<Token>, SecretError> {
        let secret = login(reference, &self.environment, "Vault").await?;
        let token = Token { secret, renewable: false, life: Duration::ZERO };
        let own = self.look_up(&token).await;
        let own = own.map_err(|failure| {
            denied_login(failure, "put a token that is good behind the reference")
        })?;
        let life = Duration::from_secs(own.ttl);
        Ok(held(Token { life, renewable: own.renewable, ..token }))
    }

    async fn look_up(&self, token: &Token) -> Result<OwnData, Failure> {
        let request = Request::get(&self.url("auth/token/lookup-self"))?;
        let request = self.request(request, Some(token))?;
        let body = Zeroizing::new(self.client.send(&request).await?.into_body());
        let own: Own = serde_json::from_slice(&body).map_err(|_| Failure::Malformed)?;
        Ok(own.data)
    }

    async fn is_good(&self, token: &Token) -> Result<bool, SecretError> {
        match self.look_up(token).await {
            // A token may be good and not allowed to look at itself; then a new one tells.
            Ok(_) => Ok(true),
            Err(Failure::Forbidden(_)) => Ok(false),
            Err(failure) => Err(failure.told_of("Vault")),
        }
    }

    fn request(&self, request: Request, token: Option<&Token>) -> Result<Request, Failure> {
        let mut request = request.header("x-vault-request", "true")?;
        if let Some(namespace) = &self.settings.namespace {
            request = request.header("x-vault-namespace", namespace)?;
        }
        if let Some(token) = token {
            request = request.secret_header("x-vault-token", text(&token.secret)?)?;
        }
        Ok(request.deadlines(DEADLINES).retry(RETRY).sizes(SIZES).account("vault"))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.settings.address.trim_end_matches('/'))
    }
}

/// What a request to Vault comes to.
enum Failure {
    /// 403: the token or a policy.
    Forbidden(String),
    Missing(&'static str),
    Malformed,
    Other(SecretError),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match error.status() {
            Some(403) => Self::Forbidden(error.to_string()),
            Some(404) if is_deleted(&error) => Self::Missing("its newest version was deleted"),
            Some(404) => {
                Self::Missing("Vault knows no such mount or path; is the mount KV version 2?")
            }
            // The node has not heard of the newest writes, or is no active one.
            Some(412 | 472 | 473) => Self::Other(SecretError::Unavailable {
                place: "Vault".to_owned(),
                why: error.to_string(),
            }),
            Some(_) | None => Self::Other(SecretError::of_http("Vault", &error)),
        }
    }
}

impl Failure {
    fn told(self, reference: &SecretRef) -> SecretError {
        match self {
            Self::Missing(why) => {
                SecretError::Missing { reference: reference.clone(), why: why.to_owned() }
            }
            Self::Forbidden(_) | Self::Malformed | Self::Other(_) => {
                self.told_of(&reference.to_string())
            }
        }
    }

    fn told_of(self, place: &str) -> SecretError {
        let place = place.to_owned();
        match self {
            Self::Forbidden(why) => {
                let step = "give the role a policy that may read it";
                SecretError::Denied { place, why, step }
            }
            Self::Missing(_) | Self::Malformed => SecretError::Malformed(place),
            Self::Other(error) => error,
        }
    }
}

/// A login that Vault refuses, with 400 for AppRole and 403 for tokens.
fn denied_login(failure: Failure, step: &'static str) -> SecretError {
    let place = "the login to Vault".to_owned();
    match failure {
        Failure::Forbidden(why) | Failure::Other(SecretError::Denied { why, .. }) => {
            SecretError::Denied { place, why, step }
        }
        Failure::Missing(why) => SecretError::Denied { place, why: why.to_owned(), step },
        Failure::Malformed => SecretError::Malformed(place),
        Failure::Other(error) => error,
    }
}

/// A deleted version is told by a 404 with a body that names the time.
fn is_deleted(error: &HttpError) -> bool {
    error.remote().is_some_and(|remote| {
        serde_json::from_slice::<serde_json::Value>(remote.body())
            .is_ok_and(|body| body.pointer("/data/metadata/deletion_time").is_some())
    })
}

fn auth(reply: &Response) -> Result<Auth, Failure> {
    let answer: Answer = serde_json::from_slice(reply.body()).map_err(|_| Failure::Malformed)?;
    Ok(answer.auth)
}

fn fresh(auth: Auth) -> Fresh<Token> {
    let life = Duration::from_secs(auth.lease_duration);
    held(Token { secret: auth.client_token.into(), renewable: auth.renewable, life })
}

/// A token with its end; one without an end says 0.
fn held(token: Token) -> Fresh<Token> {
    let life = token.life;
    if life.is_zero() { Fresh::lasting(token, ENDLESS) } else { Fresh::ending(token, life) }
}

/// A text as it is, a number or truth value as it is written.
fn value(raw: &RawValue) -> Result<Secret, Failure> {
    let text = raw.get();
    if text.starts_with('"') {
        return serde_json::from_str::<String>(text)
            .map(Secret::from)
            .map_err(|_| Failure::Malformed);
    }
    if text.starts_with(['{', '[']) || text == "null" {
        return Err(Failure::Missing("the field holds no text"));
    }
    Ok(Secret::from(text.to_owned()))
}

fn text(secret: &Secret) -> Result<&str, Failure> {
    secret.expose_text().ok_or(Failure::Malformed)
}
