//! One address with one key: calls, and nothing of what they say.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Deadlines, HttpError, Request, Response, Retry, Sizes, Streamed};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::error::tame;
use crate::left::Left;
use crate::refusal::{Whose, of_event, of_http};
use crate::{Keys, LlmError, Settings};

/// Longest pause within a streamed answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How the key goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// As `Authorization: Bearer`.
    Bearer,
    /// In a header of the vendor's own.
    Header(&'static str),
}

/// One address with one key.
pub(crate) struct Connection {
    client: Client,
    base: String,
    keys: Arc<dyn Keys>,
    auth: Auth,
    headers: &'static [(&'static str, &'static str)],
    account: String,
    timeout: Duration,
    most_bytes: u64,
}

impl Connection {
    pub(crate) fn new(
        settings: &Settings,
        (base, auth): (String, Auth),
        headers: &'static [(&'static str, &'static str)],
        (client, keys): (Client, Arc<dyn Keys>),
    ) -> Self {
        Self {
            client,
            base,
            keys,
            auth,
            headers,
            account: settings.name.clone(),
            timeout: settings.timeout,
            most_bytes: settings.most_bytes,
        }
    }

    /// Asks for JSON, and gets JSON.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        model: &str,
    ) -> Result<(Value, Left), LlmError> {
        let (request, key) = self.dressed(Request::post(&self.url(path))?).await?;
        let whose = Whose { model, key: key.as_ref() };
        let answer = self.client.send(&request.json(body)?).await;
        let answer = answer.map_err(|error| of_http(error, whose))?;
        let value = json(&answer)?;
        match of_event(&value, whose) {
            Some(error) => Err(error),
            None => Ok((value, Left::read(answer.headers()))),
        }
    }

    /// Asks for JSON, and gets the body as it comes, with the key that it must not repeat.
    pub(crate) async fn open(
        &self,
        path: &str,
        body: &Value,
        model: &str,
    ) -> Result<(Streamed, Option<SecretString>), LlmError> {
        let (request, key) = self.dressed(Request::post(&self.url(path))?).await?;
        let text = serde_json::to_vec(body)
            .map_err(|_| LlmError::shape("request", "cannot be written"))?;
        let request = request
            .body("application/json", text)?
            .header("accept", "text/event-stream, application/x-ndjson, application/json")?
            .raw();
        let opened = self.client.open(&request).await;
        match opened {
            Ok(body) => Ok((body, key)),
            Err(error) => Err(of_http(error, Whose { model, key: key.as_ref() })),
        }
    }

    /// Sends a body of another type.
    pub(crate) async fn put_form(
        &self,
        path: &str,
        (kind, body): (&str, Vec<u8>),
    ) -> Result<Value, LlmError> {
        let (request, key) = self.dressed(Request::post(&self.url(path))?).await?;
        let answer = self.client.send(&request.body(kind, body)?).await;
        let whose = Whose { model: "", key: key.as_ref() };
        json(&answer.map_err(|error| of_http(error, whose))?)
    }

    /// Reads JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, LlmError> {
        json(&self.fetch(path, self.most_bytes).await?)
    }

    /// Reads JSON lines, at most so many bytes.
    pub(crate) async fn lines(&self, path: &str, bytes: u64) -> Result<Vec<u8>, LlmError> {
        Ok(self.fetch(path, bytes).await?.into_body())
    }

    async fn fetch(&self, path: &str, bytes: u64) -> Result<Response, LlmError> {
        let sizes = sizes(bytes);
        let (request, key) = self.dressed(Request::get(&self.url(path))?).await?;
        let answer = self.client.send(&request.sizes(sizes)).await;
        answer.map_err(|error| of_http(error, Whose { model: "", key: key.as_ref() }))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// With the key, the caps, and no second try: whoever asks decides that.
    async fn dressed(&self, request: Request) -> Result<(Request, Option<SecretString>), LlmError> {
        let key = self.keys.read().await?;
        let request = match (&key, self.auth) {
            (None, _) => request,
            (Some(key), Auth::Bearer) => request.bearer(key.expose_secret().trim())?,
            (Some(key), Auth::Header(name)) => {
                request.secret_header(name, key.expose_secret().trim())?
            }
        };
        let deadlines = Deadlines {
            connect: Duration::from_secs(10),
            first_byte: self.timeout,
            idle: LONGEST_PAUSE.min(self.timeout),
            whole: self.timeout,
        };
        let total = self.timeout.saturating_add(Duration::from_secs(15));
        let once = Retry { attempts: 1, total, ..Retry::default() };
        let mut request = request
            .account(&self.account)
            .deadlines(deadlines)
            .sizes(sizes(self.most_bytes))
            .retry(once)
            .stays();
        for (name, value) in self.headers {
            request = request.header(name, value)?;
        }
        Ok((request, key))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.account)
    }
}

const fn sizes(bytes: u64) -> Sizes {
    Sizes { received_bytes: bytes, decoded_bytes: bytes, ratio: 200 }
}

fn json(answer: &Response) -> Result<Value, LlmError> {
    if let Ok(value) = answer.json() {
        return Ok(value);
    }
    let kind = answer.header("content-type").unwrap_or_default();
    if kind.contains("json") {
        return match answer.json::<Value>() {
            Err(HttpError::Broken { why, .. }) => Err(LlmError::shape("$", why)),
            Err(error) => Err(error.into()),
            Ok(value) => Ok(value),
        };
    }
    Err(not_the_api(kind))
}

/// What is told where something else answers than an API.
pub(crate) fn not_the_api(content_type: &str) -> LlmError {
    let kind = if content_type.is_empty() { "no type" } else { content_type };
    LlmError::NotTheApi { said: format!("an answer of {}", tame(kind)) }
}
