//! One question: sent with the token, and once more with a new one where the token is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use quell_http::{HttpError, Request, Response};
use quell_model::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Wiz;
use super::fault::{self, Fault};
use super::login::Token;
use crate::live::LiveError;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The GraphQL document.
    pub(super) document: &'a str,
    /// Its variables.
    pub(super) variables: &'a Value,
    /// The right that it needs, for an answer that does not name one.
    pub(super) right: &'static str,
    /// Whether it goes on from a cursor.
    pub(super) goes_on: bool,
    /// Whether it changes something, so that it may not be sent twice.
    pub(super) changes: bool,
}

impl<'a> Question<'a> {
    /// A question that only reads.
    pub(super) const fn reading(
        document: &'a str,
        variables: &'a Value,
        right: &'static str,
    ) -> Self {
        Self { document, variables, right, goes_on: false, changes: false }
    }
}

/// An answer without errors that would make it void.
pub(super) struct Reply {
    text: String,
    /// Errors beside the data: parts that could not be read.
    pub(super) beside: Vec<Fault>,
    pub(super) time: Option<Timestamp>,
    pub(super) tenant: Option<String>,
}

/// The members of an answer, read only as far as needed.
#[derive(Debug, serde::Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    data: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(default)]
    errors: Option<Vec<Fault>>,
}

/// How sending ended.
enum Sent {
    Reply(Reply),
    /// The token is not taken, in the vendor's words.
    Token(String),
}

impl Reply {
    /// The JSON text of what a root field was answered with.
    pub(super) fn root(&self, field: &str) -> Result<&RawValue, LiveError> {
        let body: Body<'_> = read(&self.text)?;
        let root = body.data.and_then(|mut data| data.remove(field));
        root.filter(|raw| raw.get() != "null")
            .ok_or_else(|| LiveError::shape(format!("$.data.{field}"), "is missing or null"))
    }
}

fn read(text: &str) -> Result<Body<'_>, LiveError> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        LiveError::shape("$", format!("is no GraphQL answer at line {line} column {column}"))
    })
}

impl Wiz {
    /// Asks, renewing the token once where it is refused.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Reply, LiveError> {
        let first = self.token().await?;
        if let Sent::Reply(reply) = self.send(&first, question).await? {
            return Ok(reply);
        }
        // Tokens end early, and are revoked: a new one is had without anybody having to act.
        self.token.refused(&first);
        let second = self.token().await?;
        match self.send(&second, question).await? {
            Sent::Reply(reply) => Ok(reply),
            Sent::Token(said) => {
                self.token.refused(&second);
                Err(LiveError::Login(format!("a new token is not taken either: {said}")))
            }
        }
    }

    pub(super) async fn token(&self) -> Result<Arc<Token>, LiveError> {
        Ok(self.token.get(|_| self.log_in()).await?)
    }

    async fn send(&self, token: &Token, question: &Question<'_>) -> Result<Sent, LiveError> {
        let body = json!({"query": question.document, "variables": question.variables});
        let secret = token.text.expose_secret();
        let request = Request::post(&token.url)?.bearer(secret)?.json(&body)?;
        let request = if question.changes { request } else { request.idempotent() };
        let response = match self.client.send(&request).await {
            Ok(response) => response,
            Err(error) => return self.failed(error, question, secret),
        };
        let time = time_of(&response);
        let text = text_of_body(response);
        let body = read(&text)?;
        let faults = body.errors.unwrap_or_default();
        if let Some(said) = fault::refuses_token(&faults) {
            return Ok(Sent::Token(fault::shown(said, secret)));
        }
        self.note_rights(&faults);
        let is_void = body.data.is_none_or(|data| data.values().all(|raw| raw.get() == "null"));
        if (is_void && !faults.is_empty()) || fault::any_busy(&faults) {
            return Err(fault::meaning(&faults, question, secret));
        }
        let beside = faults;
        Ok(Sent::Reply(Reply { text, beside, time, tenant: token.tenant.clone() }))
    }

    /// An answer that is no success. Some servers tell errors of the document with status 400.
    fn failed(
        &self,
        error: HttpError,
        question: &Question<'_>,
        secret: &str,
    ) -> Result<Sent, LiveError> {
        let Some(remote) = error.remote() else { return Err(error.into()) };
        if remote.status() == 401 {
            return Ok(Sent::Token(remote.to_string()));
        }
        let told: Option<Body<'_>> = serde_json::from_slice(remote.body()).ok();
        let faults = told.and_then(|body| body.errors).unwrap_or_default();
        if matches!(error, HttpError::Remote(_)) && !faults.is_empty() {
            self.note_rights(&faults);
            return Err(fault::meaning(&faults, question, secret));
        }
        if remote.status() == 403 {
            let said = remote.to_string();
            return Err(LiveError::Forbidden { right: question.right.to_owned(), said });
        }
        Err(error.into())
    }

    /// Remembers what a denial tells of the login's rights.
    fn note_rights(&self, faults: &[Fault]) {
        if let Some(rights) = fault::held(faults) {
            *self.rights_told() = Some(rights);
        }
    }

    /// The rights that the last denial told.
    pub(super) fn rights_told(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.rights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body as text. A byte that is no UTF-8 becomes the character that stands for one.
fn text_of_body(response: Response) -> String {
    let body = response.into_body();
    let text = String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The vendor's clock.
fn time_of(response: &Response) -> Option<Timestamp> {
    let date = response.header("date")?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}
