//! The two logins, and requests that carry their tokens.

use std::sync::Arc;
use std::time::Duration;

use quell_http::{Fresh, HttpError, Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal::{Asked, refused};
use super::{Prisma, REST, rights};
use crate::live::LiveError;

/// Where to look when what answers a login is not Prisma Cloud.
const WHERE: &str = "is `url` the API's address, with `api` where the console's has `app`?";
/// How long a token is good. The documents say more of some, but what is inside ends after this.
const LIVES: Duration = Duration::from_secs(600);
/// Tokens of the console are renewed after half that time, as the vendor advises.
const CONSOLE_RENEWED: Duration = Duration::from_secs(300);
/// How long it is believed where the console is.
const PLACE_HOLDS: Duration = Duration::from_secs(24 * 3600);

/// A token, and whose it is.
pub(super) struct Session {
    pub(super) token: SecretString,
    /// The tenant.
    pub(super) owner: Option<String>,
}

/// What the console said to the key.
pub(super) enum Entry {
    /// It let it in.
    Open(Session),
    /// The key is good, since the posture side takes it, and has no role here.
    Closed(String),
}

/// What a login answers.
#[derive(Deserialize)]
struct LoggedIn {
    #[serde(default)]
    token: Option<String>,
    #[serde(default, rename = "customerNames")]
    customers: Option<Vec<Customer>>,
}

#[derive(Deserialize)]
struct Customer {
    #[serde(default, rename = "prismaId")]
    id: Option<Value>,
}

/// What the posture side tells of the tenant.
#[derive(Deserialize)]
struct MetaInfo {
    #[serde(default, rename = "twistlockUrl")]
    console: Option<String>,
}

/// Makes a request from its URL's beginning.
pub(super) type Make<'a> = &'a (dyn Fn(&str) -> Result<Request, HttpError> + Sync);

impl Prisma {
    /// Asks the posture side. A token that is refused is renewed once. Whose token it was comes with the answer.
    pub(super) async fn ask(
        &self,
        asked: Asked,
        make: Make<'_>,
    ) -> Result<(Response, Option<String>), LiveError> {
        let mut session = self.session().await?;
        for last in [false, true] {
            let request = make(&self.settings.url)?;
            let request = request.secret_header("x-redlock-auth", session.token.expose_secret())?;
            match self.client.send(&request).await {
                Ok(response) => return Ok((response, session.owner.clone())),
                Err(error) if error.status() == Some(401) && !last => {
                    self.posture.refused(&session);
                    session = self.session().await?;
                }
                Err(error) => return Err(refused(error, asked)),
            }
        }
        Err(LiveError::Login("its token is refused twice".to_owned()))
    }

    /// Asks the console.
    pub(super) async fn ask_console(
        &self,
        asked: Asked,
        make: Make<'_>,
    ) -> Result<Response, LiveError> {
        let place = self.place().await?;
        let place =
            place.as_deref().ok_or(LiveError::Unsupported("Prisma Cloud without Compute"))?;
        let base = format!("{place}/api/{}", self.settings.compute_version);
        let mut entry = self.entry(&base).await?;
        for last in [false, true] {
            let session = match &*entry {
                Entry::Open(session) => session,
                Entry::Closed(said) => {
                    let right = rights::COMPUTE.to_owned();
                    return Err(LiveError::Forbidden { right, said: said.clone() });
                }
            };
            let request = make(&base)?.bearer(session.token.expose_secret())?;
            match self.client.send(&request).await {
                Ok(response) => return Ok(response),
                Err(error) if error.status() == Some(401) && !last => {
                    self.console.refused(&entry);
                    entry = self.entry(&base).await?;
                }
                Err(error) => return Err(refused(error, asked)),
            }
        }
        Err(LiveError::Login("its token is refused twice".to_owned()))
    }

    async fn session(&self) -> Result<Arc<Session>, LiveError> {
        let renew = |old: Option<Arc<Session>>| async move {
            if let Some(old) = old
                && let Ok(session) = self.extended(&old).await
            {
                return Ok(Fresh::ending(session, LIVES));
            }
            Ok(Fresh::ending(self.logged_in().await?, LIVES))
        };
        Ok(self.posture.get(renew).await?)
    }

    /// A new token for one that is still good.
    async fn extended(&self, old: &Session) -> Result<Session, LiveError> {
        let token = old.token.expose_secret();
        let request = Request::get(&format!("{}/auth_token/extend", self.settings.url))?
            .secret_header("x-redlock-auth", token)?;
        let response = self.client.send(&request).await?;
        self.of_login(&response)
    }

    async fn logged_in(&self) -> Result<Session, LiveError> {
        let credential = self.credentials.read().await?;
        let secret = credential.secret.expose_secret();
        let mut body = Map::new();
        body.insert("username".to_owned(), credential.id.expose_secret().into());
        body.insert("password".to_owned(), secret.into());
        if let Some(account) = &self.settings.account {
            body.insert("prismaId".to_owned(), account.as_str().into());
        }
        let request = Request::post(&format!("{}/login", self.settings.url))?;
        let request = request.json(&Value::from(body))?.hide(secret).idempotent();
        let sent = self.client.send(&request).await;
        let response = sent.map_err(|error| refused(error, Asked::login()))?;
        self.of_login(&response)
    }

    fn of_login(&self, response: &Response) -> Result<Session, LiveError> {
        let answer: LoggedIn = serde_json::from_slice(response.body())
            .map_err(|_| LiveError::shape("$", format!("a login does not answer so; {WHERE}")))?;
        let token = answer.token.filter(|token| !token.is_empty()).map(SecretString::from);
        let token =
            token.ok_or_else(|| LiveError::shape("$.token", format!("is missing; {WHERE}")))?;
        let ids = answer.customers.unwrap_or_default().into_iter().filter_map(|c| c.id);
        let ids: Vec<String> =
            ids.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).collect();
        // A user of several tenants gets a token for the one that was asked for.
        let asked = ids.iter().find(|id| Some(*id) == self.settings.account.as_ref());
        let owner = asked.or_else(|| ids.first()).cloned();
        Ok(Session { token, owner })
    }

    async fn entry(&self, base: &str) -> Result<Arc<Entry>, LiveError> {
        let renew = |_| async move {
            match self.entered(base).await {
                Ok(session) => {
                    let value = Entry::Open(session);
                    Ok(Fresh { value, renew_after: CONSOLE_RENEWED, lives: LIVES })
                }
                Err(LiveError::Login(said)) => Ok(Fresh::ending(Entry::Closed(said), REST)),
                Err(error) => Err(error),
            }
        };
        Ok(self.console.get(renew).await?)
    }

    async fn entered(&self, base: &str) -> Result<Session, LiveError> {
        let credential = self.credentials.read().await?;
        let secret = credential.secret.expose_secret();
        let body =
            serde_json::json!({"username": credential.id.expose_secret(), "password": secret});
        let request = Request::post(&format!("{base}/authenticate"))?;
        let request = request.json(&body)?.hide(secret).idempotent();
        let sent = self.client.send(&request).await;
        let response = sent.map_err(|error| refused(error, Asked::login()))?;
        Ok(Session { owner: None, ..self.of_login(&response)? })
    }

    /// Where the console is, as set or as the posture side says.
    async fn place(&self) -> Result<Arc<Option<String>>, LiveError> {
        if let Some(url) = &self.settings.compute_url {
            return Ok(Arc::new((url != "none").then(|| url.clone())));
        }
        let renew = |_| async move {
            let url = |base: &str| Request::get(&format!("{base}/meta_info"));
            let asked = Box::pin(self.ask(Asked::plain("meta_info"), &url)).await;
            let (response, _) = match asked {
                Ok(answer) => answer,
                // A tenant that does not say where its console is may be told by `compute_url`.
                Err(LiveError::Forbidden { .. } | LiveError::Refused(_)) => {
                    return Ok(Fresh::ending(None, REST));
                }
                Err(error) => return Err(error),
            };
            let info: MetaInfo = serde_json::from_slice(response.body())
                .map_err(|_| LiveError::shape("$.twistlockUrl", "is not there"))?;
            let place = info.console.map(|url| url.trim().trim_end_matches('/').to_owned());
            let place =
                place.filter(|url| !url.is_empty()).map(|url| self.complete(url)).transpose()?;
            Ok(Fresh::lasting(place, PLACE_HOLDS))
        };
        Ok(self.place.get(renew).await?)
    }

    /// The key is sent there, so it has to be as safe a place as the one that named it.
    fn complete(&self, url: String) -> Result<String, LiveError> {
        let url = if url.contains("://") { url } else { format!("https://{url}") };
        let plain = self.settings.url.starts_with("http://");
        if url.starts_with("https://") || (plain && url.starts_with("http://")) {
            return Ok(url);
        }
        Err(LiveError::shape("$.twistlockUrl", "is no https address"))
    }
}
