//! One request: with the login, and with what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_http::{Client, HttpError, Request, Response, Retry, Verdict};
use quell_model::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::common::multipart::Form;
use crate::{Credentials, Draft, SinkError};

/// Most characters kept of what Atlassian says.
const MOST_SAID: usize = 500;
/// Longest pause that is taken from the header that tells when a limit ends.
const LONGEST_PAUSE: i64 = 3_600;

/// One login at one site.
pub(super) struct Site {
    /// Where the API answers.
    pub(super) url: String,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
}

/// A request that is not sent yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: &'static str,
    /// Below the site's address.
    pub(super) path: String,
    pub(super) body: Sent,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    Nothing,
    Json(Value),
    File(Form),
}

/// A change that was not made, and the fields that stand in its way.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: SinkError,
    pub(super) fields: Vec<(String, String)>,
}

impl From<SinkError> for Failed {
    fn from(error: SinkError) -> Self {
        Self { error, fields: Vec::new() }
    }
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: Sent::Nothing }
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", path: path.into(), body: Sent::Json(body) }
    }

    pub(super) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { method: "PUT", path: path.into(), body: Sent::Json(body) }
    }

    pub(super) fn file(path: impl Into<String>, form: Form) -> Self {
        Self { method: "POST", path: path.into(), body: Sent::File(form) }
    }

    /// The same file sent again takes the place of the first.
    pub(super) fn put_file(path: impl Into<String>, form: Form) -> Self {
        Self { method: "PUT", path: path.into(), body: Sent::File(form) }
    }

    /// The request for people.
    pub(super) fn draft(&self, site: &Site) -> Draft {
        let body = match &self.body {
            Sent::Nothing => String::new(),
            Sent::Json(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
            Sent::File(form) => String::from_utf8_lossy(&form.body).into_owned(),
        };
        let target = format!("{}{}", site.url, self.path);
        Draft { method: self.method.to_owned(), target, body }
    }

    fn request(&self, url: &str) -> Result<Request, HttpError> {
        let url = format!("{url}{}", self.path);
        let request = match self.method {
            "GET" => Request::get(&url)?,
            "PUT" => Request::put(&url)?,
            _ => Request::post(&url)?,
        };
        let request = request.same_method();
        // Data Center's service desks ask for it where a call is new to them.
        let request = request.header("x-experimentalapi", "opt-in")?;
        match &self.body {
            Sent::Nothing => request.header("accept", "application/json"),
            Sent::Json(value) => request.json(value),
            Sent::File(form) => request
                .body(&form.content_type, form.body.clone())?
                .header("accept", "application/json")?
                .header("x-atlassian-token", "no-check"),
        }
    }
}

impl Site {
    /// Asks for something. What fails changed nothing, so it may be asked again.
    pub(super) async fn ask(&self, call: &Call, right: &str) -> Result<Value, SinkError> {
        let answer = self.sent(call, right, None).await.map_err(|failed| again(failed.error))?;
        answer.json::<Value>().map_err(|error| again(error.into()))
    }

    /// Changes something. It is sent once.
    pub(super) async fn tell(&self, call: &Call, right: &str) -> Result<Value, SinkError> {
        self.try_to_tell(call, right).await.map_err(|failed| failed.error)
    }

    /// Changes something, and tells the fields that a refusal names.
    pub(super) async fn try_to_tell(&self, call: &Call, right: &str) -> Result<Value, Failed> {
        let once = Retry { attempts: 1, ..Retry::default() };
        let answer = self.sent(call, right, Some(once)).await?;
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        answer.json::<Value>().map_err(|error| Failed::from(SinkError::from(error)))
    }

    /// Sends a request. A login that was replaced meanwhile is read again, once.
    async fn sent(
        &self,
        call: &Call,
        right: &str,
        retry: Option<Retry>,
    ) -> Result<Response, Failed> {
        let login = self.login().await?;
        let first = self.once(call, (right, retry), &login).await;
        if let Err(Failed { error: SinkError::Login(_), .. }) = &first {
            let newer = self.login().await?;
            if newer.expose_secret() != login.expose_secret() {
                return self.once(call, (right, retry), &newer).await;
            }
        }
        first
    }

    async fn once(
        &self,
        call: &Call,
        (right, retry): (&str, Option<Retry>),
        login: &SecretString,
    ) -> Result<Response, Failed> {
        let request = call.request(&self.url).and_then(|request| {
            let request = request.secret_header("authorization", login.expose_secret())?;
            Ok(retry.map_or_else(|| request.clone(), |retry| request.clone().retry(retry)))
        });
        let request = request.map_err(SinkError::from)?;
        self.client.send(&request).await.map_err(|error| {
            let body = error.remote().and_then(|remote| serde_json::from_slice(remote.body()).ok());
            let fields = body.as_ref().map(fields_of).unwrap_or_default();
            Failed { error: self.meaning(error, right), fields }
        })
    }

    /// The value of `Authorization`: a user with a token, or a token alone.
    async fn login(&self) -> Result<SecretString, SinkError> {
        let credential = self.credentials.read().await?;
        let (user, token) = (credential.id.expose_secret(), credential.secret.expose_secret());
        Ok(SecretString::from(if user.is_empty() {
            format!("Bearer {token}")
        } else {
            format!("Basic {}", STANDARD.encode(format!("{user}:{token}")))
        }))
    }

    /// What a failed request means.
    fn meaning(&self, error: HttpError, right: &str) -> SinkError {
        let Some(remote) = error.remote() else { return error.into() };
        let header = |name: &str| remote.headers().get(name)?.to_str().ok();
        let said = said(remote.body()).unwrap_or_else(|| capped(remote.said()));
        if header("x-authentication-denied-reason").is_some() {
            return SinkError::Login(format!(
                "Jira asks for a CAPTCHA; log in once by hand: {said}"
            ));
        }
        match remote.status() {
            401 => SinkError::Login(said),
            403 => SinkError::Forbidden { right: right.to_owned(), said },
            404 | 410 => SinkError::Gone(said),
            409 => SinkError::Busy { wait: None, said },
            413 => SinkError::Refused(format!("it is larger than the site takes: {said}")),
            429 => {
                let reason = header("ratelimit-reason")
                    .map_or(String::new(), |r| format!(" ({})", capped(r)));
                let wait =
                    remote.retry_after().or_else(|| self.until(header("x-ratelimit-reset")?));
                SinkError::Busy { wait, said: format!("too many requests{reason}") }
            }
            400..=499 => SinkError::Refused(said),
            _ => error.into(),
        }
    }

    /// How long it is until a time that a header tells.
    fn until(&self, text: &str) -> Option<Duration> {
        let at = quell_model::parse_timestamp(text)
            .or_else(|| quell_model::parse_timestamp(&text.replace('Z', ":00Z")))?;
        let seconds = at.as_second().saturating_sub(self.clock.now().as_second());
        u64::try_from(seconds.clamp(1, LONGEST_PAUSE)).ok().map(Duration::from_secs)
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({})", self.url)
    }
}

/// A question that failed in passing may be put again: it changed nothing, so nothing is in doubt.
fn again(error: SinkError) -> SinkError {
    let SinkError::Http(http) = &error else { return error };
    let wait = match http.verdict() {
        Verdict::Later(wait) => wait,
        Verdict::GiveUp if http.may_have_arrived() => None,
        Verdict::GiveUp | Verdict::NeedsHuman => return error,
    };
    SinkError::Busy { wait, said: http.to_string() }
}

/// What a refusal says: its sentences, and for each field what is wrong with it.
fn said(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let mut all: Vec<String> = Vec::new();
    let sentences = body.get("errorMessages").and_then(Value::as_array).into_iter().flatten();
    all.extend(sentences.filter_map(Value::as_str).map(str::to_owned));
    all.extend(fields_of(&body).into_iter().map(|(field, why)| format!("`{field}`: {why}")));
    let single = ["errorMessage", "message", "i18nErrorMessage"];
    let single = single.iter().filter_map(|name| body.get(name)?.as_str().map(str::to_owned));
    if all.is_empty() {
        all.extend(single.take(1));
    }
    let listed = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    for error in listed {
        let parts = ["code", "title", "detail"].iter().filter_map(|name| error.get(name)?.as_str());
        all.push(parts.collect::<Vec<_>>().join(": "));
    }
    all.retain(|text| !text.is_empty());
    (!all.is_empty()).then(|| capped(&all.join("; ")))
}

/// Fields that a refusal names, each with what is wrong with it.
fn fields_of(body: &Value) -> Vec<(String, String)> {
    let fields = body.get("errors").and_then(Value::as_object).into_iter().flatten();
    fields
        .map(|(field, why)| {
            (field.clone(), why.as_str().map_or_else(|| why.to_string(), str::to_owned))
        })
        .collect()
}

fn capped(text: &str) -> String {
    quell_model::shown(text, false).chars().take(MOST_SAID).collect()
}

/// An id that stands in a path: letters, digits, `-` and `_`.
pub(super) fn segment(id: &str) -> Result<&str, SinkError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !id.is_empty() && id.len() <= 128 && id.chars().all(fits) {
        return Ok(id);
    }
    Err(SinkError::Refused("what stands there has no id that can be asked for".to_owned()))
}
