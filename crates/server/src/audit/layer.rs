//! A record before each request that changes something, and its end after it.
//!
//! It stands inside of what looks at the caller's rights and at repeats: who may not ask changes
//! nothing, and an answer that is given again does nothing again.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use quell_audit::{Actor, AuditError, Leaf, Outcome, Stage};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::actions::{action_of, kind_of};
use crate::access::{Caller, Credential};
use crate::api::{Problem, read};
use crate::data::locked;
use crate::state::App;

/// Longest body that is looked at before the request is done; a longer one is hashed meanwhile.
const MOST_LOOKED_AT: u64 = 64 << 10;

/// Writes down what a request is about to change, lets it, and writes down what came of it.
pub(crate) async fn audited(
    State(app): State<Arc<App>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match write_first(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn write_first(
    app: &Arc<App>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().ok_or_else(Problem::unauthorized)?.clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let Some(action) = action_of(request.method().as_str(), route) else {
        return Err(Problem::internal(&format!("`{route}` has no action for the audit log")));
    };
    let now = app.clock.now();
    let leaf = Leaf::new((action, Stage::Begun), &actor(&caller), &caller.tenant, now);
    let leaf = named(leaf, route, request.uri().path());
    let leaf = asked(leaf, request.uri().query().unwrap_or_default());
    let (parts, body) = request.into_parts();
    let hasher = Arc::new(Mutex::new(Sha256::new()));
    let (leaf, body, whole) = if is_small(&parts.headers) {
        let most = usize::try_from(MOST_LOOKED_AT).unwrap_or(usize::MAX);
        let read = read(app, body, most).await?;
        let leaf = said(leaf, is_form(&parts.headers), &read.bytes);
        (leaf, Body::from(read.bytes), true)
    } else {
        (leaf, Body::new(Hashed { body, hasher: Arc::clone(&hasher) }), false)
    };
    let writing = Arc::clone(app);
    let begun = app.quick(move || Ok(writing.audit.begin(leaf)?)).await?;
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(begun.committed());
    let response = next.run(request).await;
    let status = response.status();
    let made = made_of(route, response.headers());
    begun.end(app.clock.now(), outcome(status), |leaf| {
        let leaf = leaf.fact("status", i64::from(status.as_u16()));
        let leaf = made.into_iter().fold(leaf, |leaf, (kind, id)| leaf.object(kind, &id));
        if whole {
            return leaf;
        }
        let hash = std::mem::take(&mut *locked(&hasher)).finalize();
        leaf.hash("request", hash.into())
    });
    Ok(response)
}

/// Who asks, as the log names them.
pub(crate) fn actor(caller: &Caller) -> Actor {
    Actor {
        kind: match caller.by {
            Credential::Token => "token",
            Credential::Session => "user",
        },
        id: caller.token.clone(),
        role: Some(caller.role.as_str().to_owned()),
        name: Some(caller.name.clone()),
    }
}

fn outcome(status: StatusCode) -> Outcome {
    // A form that is done leads on to a page.
    if status.is_success() || status.is_redirection() {
        Outcome::Done
    } else if status.is_client_error() {
        Outcome::Refused
    } else {
        Outcome::Failed
    }
}

/// What an address names: `{id}` behind `issues` is an issue.
fn named<'a>(leaf: Leaf, route: &'a str, path: &'a str) -> Leaf {
    let mut before = "";
    let mut leaf = leaf;
    // Whether the address still has the part before all routes is the router's affair.
    let below = |text: &'a str| text.strip_prefix("/api/v1").unwrap_or(text).split('/');
    for (pattern, part) in below(route).zip(below(path)) {
        if pattern == "{action}" {
            leaf = leaf.word("decision", part);
        } else if pattern.starts_with('{') {
            leaf = leaf.object(kind_of(before), part);
        }
        before = pattern;
    }
    leaf
}

/// What the query says.
fn asked(leaf: Leaf, query: &str) -> Leaf {
    url::form_urlencoded::parse(query.as_bytes()).fold(leaf, |leaf, (name, value)| {
        match name.as_ref() {
            "name" => leaf.beside("file", &value),
            "source" => leaf.object("source", &value),
            "format" => leaf.word("format", &value),
            _ => leaf,
        }
    })
}

/// What a body says, as far as the log keeps it: ids, how it is decided, and beside the tree why.
fn said(leaf: Leaf, is_form: bool, body: &Bytes) -> Leaf {
    let leaf = leaf.hash("request", quell_audit::sha256(body));
    let members = if is_form {
        let fields = url::form_urlencoded::parse(body).into_owned();
        fields.map(|(name, value)| (name, Value::String(value))).collect()
    } else {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return leaf };
        members
    };
    members.iter().fold(leaf, |leaf, (name, value)| match (name.as_str(), value) {
        ("reason" | "note", Value::String(text)) => leaf.rationale(text),
        ("as" | "decision" | "word" | "wish", Value::String(word)) => leaf.decision(word),
        ("until", Value::String(word)) => leaf.word("until", word),
        ("to" | "for_whom", Value::String(id)) if !id.is_empty() => leaf.object("person", id),
        ("task", Value::String(word)) => leaf.word("task", word),
        ("what", Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            leaf.word("what", &words.join("+"))
        }
        (name, Value::String(id)) if kind_of(name) != "id" => leaf.object(kind_of(name), id),
        (name, Value::Array(ids)) if kind_of(name) != "id" => {
            leaf.objects(kind_of(name), ids.iter().filter_map(Value::as_str))
        }
        (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_))
        | (_, Value::String(_) | Value::Array(_)) => leaf,
    })
}

fn is_small(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let length = text(CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    let json = text(CONTENT_TYPE).is_some_and(|kind| kind.contains("json"));
    (json || is_form(headers)) && length.is_some_and(|length| length <= MOST_LOOKED_AT)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.contains("x-www-form-urlencoded"))
}

/// What was made: the job that does the rest, a grant, or an exception that a form asked for.
fn made_of(route: &str, headers: &HeaderMap) -> Option<(&'static str, String)> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let below = |part| location.strip_prefix(part).map(str::to_owned);
    let job = below("/api/v1/jobs/").map(|id| ("job", id));
    let grant = || below("/api/v1/llm/grants/").map(|id| ("grant", id));
    let exception = || below("/exceptions/").map(|id| ("exception", id));
    job.or_else(grant).or_else(|| exception().filter(|_| route == "/exceptions"))
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::NoSuchLeaf { .. } | AuditError::NoLog(_) => Self::not_found("such record"),
            AuditError::Io { .. }
            | AuditError::Full
            | AuditError::Held
            | AuditError::Slow(_)
            | AuditError::Key { .. }
            | AuditError::Damaged(_)
            | AuditError::Refused(_)
            | AuditError::Broken(_)
            | AuditError::Closed
            | AuditError::TooLong(_)
            | AuditError::Random(_) => {
                tracing::error!(%error, "nothing is changed, since it cannot be written down");
                let said = "the audit log cannot be written, so nothing was changed";
                Self::unavailable(format!("{said}: {}", reason(&error)), 30)
            }
        }
    }
}

/// What a client may know of it: no path of the server.
fn reason(error: &AuditError) -> String {
    match error {
        AuditError::Io { source, .. } => source.kind().to_string(),
        AuditError::Key { .. } => "its key cannot be used; `quell audit key` says more".to_owned(),
        AuditError::Full
        | AuditError::Held
        | AuditError::Slow(_)
        | AuditError::Damaged(_)
        | AuditError::Refused(_)
        | AuditError::Broken(_)
        | AuditError::Closed
        | AuditError::TooLong(_)
        | AuditError::NoSuchLeaf { .. }
        | AuditError::NoLog(_)
        | AuditError::Random(_) => error.to_string(),
    }
}

/// A body that is hashed while it is read.
struct Hashed {
    body: Body,
    hasher: Arc<Mutex<Sha256>>,
}

impl HttpBody for Hashed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            locked(&self.hasher).update(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
