//! The identity provider: what it says of itself, its keys, and the tokens that it gives.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_http::{HttpError, Request, Sizes};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::pending::Pending;
use crate::signed::{self, ASYMMETRIC, Expected, Times, Unsigned};
use crate::state::App;

/// How long what a provider says of itself counts.
const RENEWED: Duration = Duration::from_secs(3_600);
/// How soon keys are asked for again after a token named one that is not known.
const KEYS_AGAIN: Duration = Duration::from_secs(10);
const SIZES: Sizes = Sizes { received_bytes: 256 << 10, decoded_bytes: 256 << 10, ratio: 200 };
/// Longest subject of a person.
const MOST_SUBJECT: usize = 255;
/// Most groups of a person, and longest name of one.
const MOST_GROUPS: usize = 1000;
const MOST_GROUP_BYTES: usize = 256;

/// Why somebody cannot be signed in at the provider. What it says stays in the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    /// It cannot be asked, or refuses.
    #[error("the identity provider cannot be asked: {0}")]
    Http(#[from] HttpError),
    /// What it says of itself makes no sense.
    #[error("the identity provider's description is wrong: {0}")]
    Description(&'static str),
    /// The secret is not there.
    #[error("the client's secret cannot be read: {0}")]
    Secret(String),
    /// The token counts for nothing.
    #[error("the identity provider's token does not count: {0}")]
    Token(&'static str),
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Description {
    issuer: String,
    #[serde(deserialize_with = "address")]
    pub(super) authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    Url::parse(&text).map_err(|_| D::Error::custom("an address cannot be read"))
}

#[derive(Debug, Default)]
struct Known {
    description: Option<(Arc<Description>, Instant)>,
    keys: Option<(Arc<Vec<u8>>, Instant)>,
    /// When keys were last asked for again because one was missing.
    asked_again: Option<Instant>,
}

/// What is known of the provider.
#[derive(Debug, Default)]
pub(super) struct Provider(Mutex<Known>);

/// Somebody who signed in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) shown: String,
    pub(super) groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(flatten)]
    times: Times,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    aud: Value,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Given {
    id_token: String,
}

fn is_fresh(since: Instant) -> bool {
    since.elapsed() < RENEWED
}

impl Provider {
    /// What the provider says of itself; asked for at most once an hour.
    pub(super) async fn description(&self, app: &App) -> Result<Arc<Description>, Unknown> {
        let mut known = self.0.lock().await;
        if let Some((description, since)) = &known.description
            && is_fresh(*since)
        {
            return Ok(Arc::clone(description));
        }
        let issuer = app.config.sign_in.issuer.as_deref().unwrap_or_default();
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let answer = app.outside.client.send(&Request::get(&address)?.sizes(SIZES)).await?;
        let description: Description = answer.json()?;
        description.check(issuer)?;
        let description = Arc::new(description);
        known.description = Some((Arc::clone(&description), Instant::now()));
        Ok(description)
    }

    /// The keys that sign its tokens. With `again`, those that it has now.
    async fn keys(
        &self,
        app: &App,
        of: &Description,
        again: bool,
    ) -> Result<Arc<Vec<u8>>, Unknown> {
        let mut known = self.0.lock().await;
        let is_early = known.asked_again.is_some_and(|at| at.elapsed() < KEYS_AGAIN);
        if let Some((keys, since)) = &known.keys
            && is_fresh(*since)
            && (!again || is_early)
        {
            return Ok(Arc::clone(keys));
        }
        if again {
            known.asked_again = Some(Instant::now());
        }
        let request = Request::get(of.jwks_uri.as_str())?.sizes(SIZES);
        let keys = Arc::new(app.outside.client.send(&request).await?.into_body());
        known.keys = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    /// Who somebody is who came back with a code.
    pub(super) async fn person(
        &self,
        app: &App,
        code: &str,
        pending: &Pending,
    ) -> Result<Person, Unknown> {
        let description = self.description(app).await?;
        let token = token(app, &description, code, pending).await?;
        let keys = self.keys(app, &description, false).await?;
        let read = match read(app, &token, &keys, pending) {
            Err(Unsigned::UnknownKey) => {
                // The provider may have another key since.
                let keys = self.keys(app, &description, true).await?;
                read(app, &token, &keys, pending)
            }
            read => read,
        };
        read.map_err(|_| Unknown::Token("its signature, issuer, audience, time or nonce is wrong"))
    }
}

impl Description {
    fn check(&self, issuer: &str) -> Result<(), Unknown> {
        if self.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(Unknown::Description("it names another issuer"));
        }
        let plain = issuer.starts_with("http://");
        let all = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        let fits = |url: &&Url| url.scheme() == "https" || (plain && url.scheme() == "http");
        if all.iter().all(fits) {
            Ok(())
        } else {
            Err(Unknown::Description("an address of it is not `https`"))
        }
    }
}

/// The ID token that a code is exchanged for.
async fn token(
    app: &App,
    of: &Description,
    code: &str,
    pending: &Pending,
) -> Result<String, Unknown> {
    let config = &app.config.sign_in;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", pending.come_back.as_str()),
        ("client_id", config.client_id.as_str()),
        ("code_verifier", pending.verifier.as_str()),
    ];
    let request = Request::post(of.token_endpoint.as_str())?.sizes(SIZES);
    let secret = match &config.client_secret {
        Some(reference) => {
            let read = app.outside.read_any(reference).await;
            Some(read.map_err(|error| Unknown::Secret(error.to_string()))?)
        }
        None => None,
    };
    let secret = match &secret {
        Some(secret) => {
            let text = secret.expose_text();
            Some(text.ok_or_else(|| Unknown::Secret("it is no text".to_owned()))?)
        }
        None => None,
    };
    let methods = &of.token_endpoint_auth_methods_supported;
    let has = |method: &str| methods.iter().any(|known| known == method);
    let by_post = has("client_secret_post") && !has("client_secret_basic");
    let request = match secret {
        Some(secret) if by_post => {
            fields.push(("client_secret", secret));
            request
        }
        Some(secret) => {
            let coded = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            let pair = format!("{}:{}", coded(&config.client_id), coded(secret));
            request.secret_header("authorization", &format!("Basic {}", STANDARD.encode(pair)))?
        }
        None => request,
    };
    let request = request.form(&fields)?.hide(code).hide(&pending.verifier);
    let given: Given = app.outside.client.send(&request).await?.json()?;
    Ok(given.id_token)
}

/// Who an ID token says somebody is (OpenID Connect Core 1.0, section 3.1.3.7).
fn read(app: &App, token: &str, keys: &[u8], pending: &Pending) -> Result<Person, Unsigned> {
    let config = &app.config.sign_in;
    let issuer = config.issuer.as_deref().unwrap_or_default();
    let bare = issuer.trim_end_matches('/');
    let slashed = format!("{bare}/");
    let expected = Expected {
        issuers: &[bare, &slashed],
        audience: &config.client_id,
        algorithms: ASYMMETRIC,
    };
    let claims: Claims = signed::claims(token.as_bytes(), keys, expected)?;
    let same: bool = claims.nonce.as_bytes().ct_eq(pending.nonce.as_bytes()).into();
    let is_for_us = match (&claims.azp, claims.aud.as_array()) {
        (Some(azp), _) => *azp == config.client_id,
        (None, Some(many)) => many.len() == 1,
        (None, None) => true,
    };
    let subject = (1..=MOST_SUBJECT).contains(&claims.sub.len());
    if !same || !is_for_us || !subject || !claims.times.hold(app.clock.now()) {
        return Err(Unsigned::Wrong);
    }
    Ok(person(&claims, bare, &config.groups_claim))
}

fn person(claims: &Claims, issuer: &str, groups_claim: &str) -> Person {
    let text = |name: &str| {
        let text = claims.others.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        Some(text.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
            .filter(|text| !text.is_empty())
    };
    let name = text("preferred_username").or_else(|| text("email"));
    let name = name.unwrap_or_else(|| claims.sub.clone());
    let groups = match claims.others.get(groups_claim) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(_) | None => Vec::new(),
    };
    let fits = |group: &&str| (1..=MOST_GROUP_BYTES).contains(&group.len());
    let groups = groups.into_iter().filter(fits).take(MOST_GROUPS).map(str::to_owned).collect();
    let shown = text("name").unwrap_or_else(|| name.clone());
    Person { subject: format!("{issuer}|{}", claims.sub), name, shown, groups }
}
