//! One request to a host of code, and what a refusal means with all of them.

use std::future::Future;
use std::time::Duration;

use http::Method;
use quell_http::{HttpError, Remote, Request, Response, Retry};
use serde_json::Value;

use crate::SinkError;
use crate::common::multipart::Form;

/// Longest wait that is believed, in seconds.
pub(crate) const LONGEST: u64 = 7_200;
/// Most characters kept of what a host says.
const MOST_SAID: usize = 400;
/// What changes something is sent once; when it is sent again is decided outside.
const ONCE: Retry = Retry {
    attempts: 1,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(60),
    total: Duration::from_secs(120),
};

/// A call of the API.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    path: &'a str,
    /// What the login needs for it, in the host's words.
    right: &'static str,
    body: Sent<'a>,
}

/// What a call sends.
#[derive(Debug)]
enum Sent<'a> {
    Nothing,
    Json(&'a Value),
    Form(&'a Form),
}

impl<'a> Call<'a> {
    /// One that changes nothing.
    pub(crate) const fn read(path: &'a str, right: &'static str) -> Self {
        Self { method: Method::GET, path, right, body: Sent::Nothing }
    }

    /// One that makes something.
    pub(crate) const fn post(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::POST, path, right, body: Sent::Json(body) }
    }

    /// One that sends a file.
    pub(crate) const fn form(path: &'a str, right: &'static str, form: &'a Form) -> Self {
        Self { method: Method::POST, path, right, body: Sent::Form(form) }
    }

    /// One that changes parts of something.
    pub(crate) const fn patch(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::PATCH, path, right, body: Sent::Json(body) }
    }

    /// One that changes something.
    pub(crate) const fn put(path: &'a str, right: &'static str, body: &'a Value) -> Self {
        Self { method: Method::PUT, path, right, body: Sent::Json(body) }
    }

    /// The request, yet without a login.
    pub(crate) fn request(&self, url: &str) -> Result<Request, SinkError> {
        let request =
            Request::new(self.method.clone(), &format!("{url}{}", self.path))?.same_method();
        let request = match self.body {
            Sent::Nothing => request,
            Sent::Json(body) => request.json(body)?,
            Sent::Form(form) => request.body(&form.content_type, form.body.clone())?,
        };
        Ok(if self.changes() { request.retry(ONCE) } else { request })
    }

    fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

/// An API that is asked with a login.
pub(crate) trait Api: Sync {
    /// Sends a call. A login that ended is renewed once, and the call sent again.
    fn send(&self, call: &Call<'_>) -> impl Future<Output = Result<Response, SinkError>> + Send;

    /// Sends a call and reads what it answers.
    fn ask(&self, call: &Call<'_>) -> impl Future<Output = Result<Value, SinkError>> + Send {
        async { Ok(self.send(call).await?.json()?) }
    }

    /// Reads something.
    fn get(
        &self,
        path: &str,
        right: &'static str,
    ) -> impl Future<Output = Result<Value, SinkError>> + Send {
        async move { self.ask(&Call::read(path, right)).await }
    }

    /// Reads something that may not be there.
    fn get_if_there(
        &self,
        path: &str,
        right: &'static str,
    ) -> impl Future<Output = Result<Option<Value>, SinkError>> + Send {
        async move {
            match self.get(path, right).await {
                Ok(value) => Ok(Some(value)),
                Err(SinkError::Gone(_)) => Ok(None),
                Err(error) => Err(error),
            }
        }
    }
}

/// A host, as it is named in errors.
#[derive(Debug)]
pub(crate) struct Host {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it calls a place for code: a repository, a project.
    pub(crate) place: &'static str,
}

/// What a host told with a refusal that is no limit.
#[derive(Debug)]
pub(crate) struct Told {
    /// What it said, see [`said`].
    pub(crate) said: String,
    /// How long it asks to wait.
    pub(crate) wait: Option<Duration>,
    /// The right that is missing, where it names another one than the call.
    pub(crate) right: Option<String>,
}

/// What a host said, without the secret, and cut.
pub(crate) fn said(text: &str, secret: &str) -> String {
    let text = text.replace(secret, "[hidden]");
    text.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect()
}

/// A header of an answer.
pub(crate) fn header<'r>(remote: &'r Remote, name: &str) -> Option<&'r str> {
    remote.headers().get(name)?.to_str().ok()
}

/// How long a host asks to wait.
pub(crate) fn retry_after(remote: &Remote) -> Option<Duration> {
    let seconds: u64 = header(remote, "retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, LONGEST)))
}

/// What it means that no answer came. Where nothing was to change, nothing is in doubt.
pub(crate) fn unanswered(error: HttpError, call: &Call<'_>) -> SinkError {
    if !call.changes() && error.may_have_arrived() {
        SinkError::Busy { wait: None, said: error.to_string() }
    } else {
        error.into()
    }
}

/// What a refusal means that is no limit.
pub(crate) fn refused(
    error: HttpError,
    status: u16,
    call: &Call<'_>,
    told: Told,
    host: &Host,
) -> SinkError {
    let Told { said, wait, right } = told;
    match status {
        401 => SinkError::Login(said),
        403 if said.to_lowercase().contains("archived") => SinkError::Refused(said),
        403 => SinkError::Forbidden { right: right.unwrap_or_else(|| call.right.to_owned()), said },
        404 | 410 => SinkError::Gone(format!(
            "{said}; {} says the same where the login has not the right `{}` or may not see the {}",
            host.name, call.right, host.place
        )),
        400..=499 if !matches!(status, 408 | 425) => SinkError::Refused(said),
        _ if !call.changes() => SinkError::Busy { wait, said: error.to_string() },
        _ => error.into(),
    }
}
