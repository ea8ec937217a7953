//! The login, one exchange after another, and what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Fresh, Remote, Renewing, Request, Response};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::live::{Credentials, LiveError, Plan, refuses_login};

/// After a failed login nobody tries again for so long.
const REST: Duration = Duration::from_secs(300);
/// What is waited where the vendor does not say how long.
const LONG_ENOUGH: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3_600);
/// Most characters of a refusal that are told.
const MOST_SAID: usize = 300;

/// An API client at the vendor.
pub(super) struct Account {
    base: String,
    pub(super) customer: Option<String>,
    client: Client,
    pub(super) clock: Arc<dyn Clock>,
    credentials: Arc<dyn Credentials>,
    token: Renewing<SecretString>,
}

/// A question.
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) right: &'static str,
}

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    /// A question in a body, which changes nothing.
    Post,
    /// A change.
    Patch,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// What stands around the answers.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    resources: Option<&'a RawValue>,
    #[serde(default)]
    errors: Option<Vec<Failure>>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: Option<u16>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Option<Pagination>,
}

#[derive(Default, Deserialize)]
struct Pagination {
    #[serde(default)]
    total: Option<u64>,
}

/// An answer: its records and how many there are in all.
pub(super) struct Reply {
    pub(super) resources: Vec<Box<RawValue>>,
    pub(super) total: Option<u64>,
    pub(super) response: Response,
}

impl Account {
    pub(super) fn new(plan: Plan) -> Result<Self, LiveError> {
        let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
        let plain = url.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "https" | "http")
                && !host.is_empty()
                && !host.contains(['/', '?', '#', '@', ' '])
        });
        if !plain {
            let why = "must be `https://api.crowdstrike.com` or that of your cloud, without a path";
            return Err(LiveError::Setting { name: "url", why: why.to_owned() });
        }
        let customer = plan.account.filter(|id| !id.is_empty());
        if customer.as_ref().is_some_and(|id| !id.bytes().all(|b| b.is_ascii_alphanumeric())) {
            let why = "must be a customer id without its checksum".to_owned();
            return Err(LiveError::Setting { name: "account", why });
        }
        if let Some(name) = plan.options.keys().next() {
            return Err(LiveError::Setting { name: "options", why: format!("has no `{name}`") });
        }
        Ok(Self {
            base: url,
            customer: customer.map(|id| id.to_ascii_lowercase()),
            client: plan.client,
            clock: plan.clock,
            credentials: plan.credentials,
            token: Renewing::new(REST),
        })
    }

    /// Asks, and once more with a new token where the old one is not taken any more.
    pub(super) async fn ask(&self, call: &Call) -> Result<Reply, LiveError> {
        let first = self.token().await?;
        let response = match self.once(call, &first).await {
            Err(LiveError::Http(error)) if error.status() == Some(401) => {
                self.token.refused(&first);
                let next = self.token().await?;
                self.once(call, &next).await
            }
            result => result,
        };
        let response = response.map_err(|error| self.told(error, call.right))?;
        self.taken(response, call.right)
    }

    async fn token(&self) -> Result<Arc<SecretString>, LiveError> {
        Ok(self.token.get(|_| self.login()).await?)
    }

    async fn once(&self, call: &Call, token: &SecretString) -> Result<Response, LiveError> {
        let url = format!("{}{}", self.base, call.path);
        let request = match call.method {
            Method::Get => Request::get(&url)?,
            Method::Post => Request::post(&url)?.idempotent(),
            Method::Patch => Request::new(http::Method::PATCH, &url)?,
        };
        let request = match &call.body {
            Some(body) => request.json(body)?,
            None => request,
        };
        Ok(self.client.send(&request.bearer(token.expose_secret())?).await?)
    }

    async fn login(&self) -> Result<Fresh<SecretString>, LiveError> {
        let key = self.credentials.read().await?;
        let (id, secret) = (key.id.expose_secret(), key.secret.expose_secret());
        let url = format!("{}/oauth2/token", self.base);
        let request = Request::post(&url)?
            .form(&[("client_id", id), ("client_secret", secret)])?
            .hide(id)
            .hide(secret)
            .idempotent();
        let response = match self.client.send(&request).await {
            Ok(response) => response,
            Err(error) => {
                let refused = error.remote().filter(|r| refuses_login(r.status()));
                let said = refused.map(message_of);
                return Err(said.map_or_else(|| self.told(error.into(), ""), LiveError::Login));
            }
        };
        let token: Token = serde_json::from_slice(response.body()).map_err(|_| {
            LiveError::shape("$.access_token", "the answer to the login has none; is `url` right?")
        })?;
        let lives = Duration::from_secs(token.expires_in.unwrap_or(1_799).clamp(60, 86_400));
        Ok(Fresh::ending(SecretString::from(token.access_token), lives))
    }

    /// The records of an answer. An answer may be a success and hold an error.
    fn taken(&self, response: Response, right: &str) -> Result<Reply, LiveError> {
        let text = std::str::from_utf8(response.body())
            .map_err(|_| LiveError::shape("$", "the answer is not UTF-8"))?;
        let envelope: Envelope<'_> = serde_json::from_str(text)
            .map_err(|error| LiveError::shape("$", format!("no JSON as documented ({error})")))?;
        if let Some(failure) = envelope.errors.unwrap_or_default().into_iter().next() {
            let said = shorten(failure.message.as_deref().unwrap_or_default());
            return Err(match failure.code {
                Some(403) => LiveError::Forbidden { right: right.to_owned(), said },
                Some(429) => LiveError::Busy { wait: Some(LONG_ENOUGH), said },
                Some(500..=599) => LiveError::Busy { wait: None, said },
                _ => LiveError::Refused(said),
            });
        }
        let resources = match envelope.resources {
            Some(resources) => serde_json::from_str(resources.get())
                .map_err(|error| LiveError::shape("$.resources", error.to_string()))?,
            None => Vec::new(),
        };
        let total = envelope.meta.and_then(|meta| meta.pagination).and_then(|paging| paging.total);
        Ok(Reply { resources, total, response })
    }

    /// What a failed exchange means.
    fn told(&self, error: LiveError, right: &str) -> LiveError {
        let LiveError::Http(error) = error else { return error };
        let Some(remote) = error.remote() else { return error.into() };
        let said = message_of(remote);
        match remote.status() {
            401 => LiveError::Login(said),
            403 => LiveError::Forbidden { right: right.to_owned(), said },
            400 | 404 | 405 | 409 | 422 => LiveError::Refused(said),
            429 => LiveError::Busy { wait: Some(self.wait_of(remote)), said },
            _ => error.into(),
        }
    }

    /// The vendor names the second at which there are calls again.
    fn wait_of(&self, remote: &Remote) -> Duration {
        let at = remote.headers().get("x-ratelimit-retryafter");
        let at = at.and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
        let seconds = at.map(|at| at.saturating_sub(self.clock.now().as_second()));
        let wait = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        wait.or(remote.retry_after()).unwrap_or(LONG_ENOUGH).clamp(Duration::from_secs(1), LONGEST)
    }
}

fn message_of(remote: &Remote) -> String {
    let envelope: Option<Envelope<'_>> = serde_json::from_str(remote.said()).ok();
    let first = envelope.and_then(|envelope| envelope.errors?.into_iter().next());
    let message = first.and_then(|failure| failure.message);
    shorten(message.as_deref().unwrap_or_else(|| remote.said()))
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect()
}
