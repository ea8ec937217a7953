//! The login, and one exchange after another with it.

use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Fresh, HttpError, Renewing, Request, Response};
use quell_model::{Clock, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::message_of;
use super::budget::{Budget, Told};
use crate::live::{Credentials, LiveError, Plan, refuses_login};

/// Seconds that a token is asked for.
const TOKEN_SECONDS: i64 = 4 * 3_600;
/// After a failed login nobody tries again for so long.
const REST: Duration = Duration::from_secs(300);
/// What the vendor asks to wait where it does not say how long.
const LONG_ENOUGH: Duration = Duration::from_secs(60);

/// An account at the vendor.
pub(super) struct Account {
    /// `https://acme.lacework.net`, without a path.
    base: String,
    token_base: String,
    sub_account: Option<String>,
    client: Client,
    clock: Arc<dyn Clock>,
    credentials: Arc<dyn Credentials>,
    session: Renewing<Session>,
    pub(super) budget: Budget,
}

/// A token, and whose data it opens.
pub(super) struct Session {
    token: SecretString,
    pub(super) owner: Option<String>,
    pub(super) admin: bool,
}

/// A question to the vendor.
pub(super) struct Call {
    /// Path and query, from `/api/v2/` on.
    pub(super) path: String,
    /// The body; a `GET` has none.
    pub(super) body: Option<Value>,
    /// What the vendor counts it as.
    pub(super) kind: &'static str,
    /// The right that it needs.
    pub(super) right: &'static str,
    /// Whether asking twice changes nothing.
    pub(super) idempotent: bool,
}

/// An answer, and the session in which it came.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) session: Arc<Session>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    token: String,
    #[serde(default)]
    expires_at: Option<String>,
}

impl Account {
    pub(super) fn new(plan: Plan) -> Result<Self, LiveError> {
        let base = base("url", Plan::require("url", plan.url.as_ref())?)?;
        let token_base = match &plan.login_at {
            Some(url) => self::base("login_at", url)?,
            None => base.clone(),
        };
        Ok(Self {
            base,
            token_base,
            sub_account: plan.account.filter(|name| !name.is_empty()),
            client: plan.client,
            clock: plan.clock,
            credentials: plan.credentials,
            session: Renewing::new(REST),
            budget: Budget::default(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks, and once more with a new token where the old one is not taken any more.
    pub(super) async fn ask(&self, call: &Call) -> Result<Reply, LiveError> {
        let first = self.session().await?;
        match self.once(call, &first).await {
            Err(LiveError::Http(error)) if error.status() == Some(401) => {
                self.session.refused(&first);
                let next = self.session().await?;
                self.once(call, &next).await.map_err(|error| told(error, call.right))
            }
            result => result.map_err(|error| told(error, call.right)),
        }
    }

    /// The session, with a login where there is none.
    pub(super) async fn session(&self) -> Result<Arc<Session>, LiveError> {
        Ok(self.session.get(|_| self.login()).await?)
    }

    /// The path of a URL that the vendor gave, where it leads to this account.
    pub(super) fn own_path<'u>(&self, url: &'u str) -> Option<&'u str> {
        let (start, rest) = url.split_at_checked(self.base.len())?;
        let own = start.eq_ignore_ascii_case(&self.base) && rest.starts_with("/api/v2/");
        own.then_some(rest)
    }

    async fn once(&self, call: &Call, session: &Arc<Session>) -> Result<Reply, LiveError> {
        self.budget.take(call.kind, self.now())?;
        let request = self.request(call, session)?;
        let sent = self.client.send(&request).await;
        let told = match &sent {
            Ok(response) => Told::by(response),
            Err(error) => error.remote().map(Told::by_refusal).unwrap_or_default(),
        };
        self.budget.learn(call.kind, told, self.now());
        Ok(Reply { response: sent?, session: Arc::clone(session) })
    }

    fn request(&self, call: &Call, session: &Session) -> Result<Request, LiveError> {
        let url = format!("{}{}", self.base, call.path);
        let request = match &call.body {
            Some(body) => Request::post(&url)?.json(body)?,
            None => Request::get(&url)?.header("content-type", "application/json")?,
        };
        let mut request = request.bearer(session.token.expose_secret())?.account(call.kind);
        if call.idempotent {
            request = request.idempotent();
        }
        if let Some(name) = &self.sub_account {
            request = request.header("Account-Name", name)?;
        }
        Ok(request)
    }

    async fn login(&self) -> Result<Fresh<Session>, LiveError> {
        let key = self.credentials.read().await?;
        let body = json!({ "keyId": key.id.expose_secret(), "expiryTime": TOKEN_SECONDS });
        let url = format!("{}/api/v2/access/tokens", self.token_base);
        let request = Request::post(&url)?
            .json(&body)?
            .secret_header("X-LW-UAKS", key.secret.expose_secret())?
            .hide(key.id.expose_secret())
            .idempotent()
            .account("POST access/tokens");
        let response = self.client.send(&request).await.map_err(refused_login)?;
        let token: Token = serde_json::from_slice(response.body()).map_err(|_| {
            LiveError::shape("$.token", "the answer to the login has none; is `url` right?")
        })?;
        let ends = token.expires_at.and_then(|text| text.parse::<Timestamp>().ok());
        let lives = ends.map_or(TOKEN_SECONDS, |ends| ends.as_second() - self.now().as_second());
        let lives = lives.clamp(60, TOKEN_SECONDS);
        let mut session =
            Session { token: SecretString::from(token.token), owner: None, admin: false };
        self.look(&mut session).await;
        let lives = Duration::from_secs(u64::try_from(lives).unwrap_or(60));
        Ok(Fresh::ending(session, lives))
    }

    /// Whose data the login opens. Not every login may ask that; then it stays unknown.
    async fn look(&self, session: &mut Session) {
        let call = Call {
            path: "/api/v2/UserProfile".to_owned(),
            body: None,
            kind: "GET UserProfile",
            right: "",
            idempotent: true,
        };
        let Ok(request) = self.request(&call, session) else { return };
        let Ok(response) = self.client.send(&request).await else { return };
        let profile: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let accounts = profile.pointer("/data/0/accounts").and_then(Value::as_array);
        let accounts = accounts.map(Vec::as_slice).unwrap_or_default();
        let name = self.sub_account.as_deref().unwrap_or_else(|| self.host_label());
        let is_named = |account: &&Value| {
            let said = account.get("accountName").and_then(Value::as_str).unwrap_or_default();
            said.eq_ignore_ascii_case(name)
        };
        let only = accounts.first().filter(|_| accounts.len() == 1);
        let Some(own) = accounts.iter().find(is_named).or(only) else { return };
        session.owner = own.get("custGuid").and_then(Value::as_str).map(str::to_owned);
        let is_true = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
        session.admin = is_true(own.get("admin")) || is_true(profile.pointer("/data/0/orgAdmin"));
    }

    /// The first part of the host's name, which is the account's.
    fn host_label(&self) -> &str {
        let host = self.base.split_once("://").map_or("", |(_, host)| host);
        host.split('.').next().unwrap_or_default()
    }
}

fn base(name: &'static str, url: &str) -> Result<String, LiveError> {
    let url = url.trim_end_matches('/');
    let plain = url.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "https" | "http")
            && !host.is_empty()
            && !host.contains(['/', '?', '#', '@', ' '])
    });
    if plain {
        return Ok(url.to_owned());
    }
    let why = "must be `https://ACCOUNT.lacework.net`, without a path".to_owned();
    Err(LiveError::Setting { name, why })
}

/// A refused login in the vendor's words.
fn refused_login(error: HttpError) -> LiveError {
    match error.remote() {
        Some(remote) if refuses_login(remote.status()) => LiveError::Login(message_of(remote)),
        _ => told(error.into(), ""),
    }
}

/// What a failed exchange means.
fn told(error: LiveError, right: &str) -> LiveError {
    let LiveError::Http(error) = error else { return error };
    let Some(remote) = error.remote() else { return error.into() };
    let said = message_of(remote);
    match remote.status() {
        401 => LiveError::Login(said),
        403 if said.contains("Unrecognized url") => LiveError::Refused(said),
        403 => LiveError::Forbidden { right: right.to_owned(), said },
        400 | 404 | 405 | 409 | 422 => LiveError::Refused(format!("{} {said}", remote.status())),
        429 => {
            let asked = Told::by_refusal(remote).reset;
            let wait = remote.retry_after().or(asked).unwrap_or_default().max(LONG_ENOUGH);
            LiveError::Busy { wait: Some(wait), said }
        }
        _ => error.into(),
    }
}
