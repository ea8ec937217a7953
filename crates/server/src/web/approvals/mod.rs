//! The pages on which people approve. Looking does nothing: what counts is a form that is sent by
//! a session, with the session's token and the hash of the plan that was looked at.

mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use quell_govern::approval::Hash;
use quell_pipeline::govern::{Saying, Word};
use serde::Deserialize;

use super::{caller, html};
use crate::access::{Caller, Right, everywhere, require};
use crate::api::{PlansAsked, Problem, plan_seen, plans_seen, read, say_of_plan};
use crate::audit::audited;
use crate::serve::page as send;
use crate::state::App;

/// Plans on a page.
const AT_ONCE: usize = 50;
/// Longest form.
const MOST_FORM_BYTES: usize = 16 << 10;
/// Longest address or id that is taken.
const MOST_ID_BYTES: usize = 64;

/// The routes of the pages.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let state = || (Arc::clone(app), Right::Decide);
    let say = axum::routing::post(say)
        .layer(from_fn_with_state(Arc::clone(app), audited))
        .layer(from_fn_with_state(state(), everywhere))
        .layer(from_fn_with_state(state(), require))
        .layer(from_fn_with_state(Arc::clone(app), form_token))
        .layer(from_fn(as_page));
    Router::new().route("/approvals", get(list)).route("/approvals/{id}", get(show).merge(say))
}

/// Which plans.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Those that are decided too.
    #[serde(default)]
    all: Option<String>,
    /// How many stand before the page.
    #[serde(default)]
    skip: usize,
}

async fn list(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let asking = Arc::clone(&app);
    let signs_in = signs_in(&headers);
    let made = app.quick(move || {
        let caller = looker(&asking, &headers)?;
        let which = PlansAsked { all: asked.all.is_some(), skip: asked.skip, limit: AT_ONCE };
        let (plans, total) = plans_seen(&asking, &caller, &which)?;
        Ok(page::list(&caller, (&plans, total), &which))
    });
    answer(made.await, signs_in)
}

async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let asking = Arc::clone(&app);
    let signs_in = signs_in(&headers);
    let made = app.quick(move || {
        let caller = looker(&asking, &headers)?;
        let seen = plan_seen(&asking, &caller, id.get(..MOST_ID_BYTES).unwrap_or(&id))?;
        Ok(page::plan(&caller, &seen, asking.clock.now()))
    });
    answer(made.await, signs_in)
}

/// Who looks.
fn looker(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let caller = caller(app, headers)?.ok_or_else(Problem::unauthorized)?;
    if !caller.by(app).may(Right::Oversee) {
        return Err(Problem::forbidden(caller.role, Right::Oversee));
    }
    app.rates.token(&caller.token).map_err(Problem::too_many)?;
    Ok(caller)
}

/// Whether who is not known is led to where people sign in.
fn signs_in(headers: &HeaderMap) -> bool {
    let kinds = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    kinds.is_some_and(|kinds| kinds.contains("text/html")) && !headers.contains_key(AUTHORIZATION)
}

fn answer(made: Result<String, Problem>, signs_in: bool) -> Response {
    match made {
        Ok(made) => send(StatusCode::OK, made, html::policy()),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED && signs_in => {
            (StatusCode::SEE_OTHER, [(LOCATION, "/sign-in")]).into_response()
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => problem.into_response(),
        Err(problem) => html::refused(&problem),
    }
}

/// Moves the session's token from the form to where every request by a session has it.
async fn form_token(
    State(app): State<Arc<App>>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::media("this address takes the form of its page"));
    }
    let (mut parts, body) = request.into_parts();
    let whole = read(&app, body, MOST_FORM_BYTES).await?;
    let bytes = whole.bytes.clone();
    drop(whole);
    let form = Form::of(&bytes);
    parts.headers.remove("x-csrf-token");
    if let Ok(token) = HeaderValue::from_str(form.field("csrf")) {
        parts.headers.insert("x-csrf-token", token);
    }
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(form);
    Ok(next.run(request).await)
}

/// Says as a page what was not done: a browser shows it.
async fn as_page(request: Request<Body>, next: Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) => html::refused(problem),
        None => response,
    }
}

/// What a form says.
#[derive(Debug, Clone)]
struct Form(Vec<(String, String)>);

impl Form {
    fn of(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// A field that stands once; empty where it stands never, or more than once.
    fn field(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.as_str());
        first.filter(|_| found.next().is_none()).unwrap_or_default()
    }

    /// What is said of the plan.
    fn saying(&self) -> Result<Saying, Problem> {
        let word = match self.field("word") {
            "approve" => Word::Approve,
            "refuse" => Word::Refuse,
            "withdraw" => Word::Withdraw,
            "review" => Word::Review,
            _ => return Err(Problem::unprocessable("the form says neither yes nor no")),
        };
        if word == Word::Approve && self.field("looked") != "yes" {
            let said = "say that you looked at the change before you agree to it";
            return Err(Problem::unprocessable(said));
        }
        let hash = Some(self.field("hash")).filter(|hash| !hash.is_empty());
        let hash = hash.map(|hash| serde_json::from_value::<Hash>(hash.into()));
        Ok(Saying {
            word,
            hash: hash.transpose().map_err(|_| Problem::unprocessable("the hash is none"))?,
            note: self.field("note").to_owned(),
            for_whom: None,
        })
    }
}

async fn say(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let saying = form.saying()?;
    let asking = Arc::clone(&app);
    let told = app.quick(move || say_of_plan(&asking, &caller, (&id, &saying))).await?;
    // Another look is another request, so that loading the page again sends nothing again.
    let to = format!("/approvals/{}", told.id);
    Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
}
