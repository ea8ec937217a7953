//! What the pages on which people decide have in common: who looks, and what a form has to bring
//! before it counts.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::{Deserialize, Deserializer};

use super::{caller, html};
use crate::access::{Caller, Right, everywhere, require};
use crate::api::{Asked, Id, Problem, read};
use crate::audit::audited;
use crate::serve::page as send;
use crate::signin::asking_for;
use crate::state::App;

/// Longest form.
const MOST_FORM_BYTES: usize = 16 << 10;
/// Longest id in an address that is taken.
const MOST_ID_BYTES: usize = 64;

/// What a form is sent to: it counts from a session with the session's token, by somebody who may
/// decide in all of their tenant, and is written down before anything is done.
pub(super) fn acting(app: &Arc<App>, done: MethodRouter<Arc<App>>) -> MethodRouter<Arc<App>> {
    let state = || (Arc::clone(app), Right::Decide);
    done.layer(from_fn_with_state(Arc::clone(app), audited))
        .layer(from_fn_with_state(state(), everywhere))
        .layer(from_fn_with_state(state(), require))
        .layer(from_fn_with_state(Arc::clone(app), form_token))
}

/// Which part of a list is looked at.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Part {
    /// What is decided or over too.
    #[serde(default, deserialize_with = "said")]
    pub(super) all: bool,
    /// How many stand before the page.
    #[serde(default)]
    pub(super) skip: usize,
}

/// That it is said at all counts: `all=yes`.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    String::deserialize(from).map(|_| true)
}

/// The page of a list.
pub(super) fn listing(
    make: fn(&App, &Caller, Part) -> Result<String, Problem>,
) -> MethodRouter<Arc<App>> {
    let show = move |State(app), Asked(part), headers| {
        shown(app, headers, move |app, caller| make(app, caller, part))
    };
    get(show)
}

/// The page of one thing, by its id.
pub(super) fn showing(
    make: fn(&App, &Caller, &str) -> Result<String, Problem>,
) -> MethodRouter<Arc<App>> {
    let show = move |State(app), Id(id): Id, headers| {
        shown(app, headers, move |app, caller| make(app, caller, cut(&id)))
    };
    get(show)
}

/// Shows a page to who may oversee their tenant.
pub(super) async fn shown(
    app: Arc<App>,
    headers: HeaderMap,
    make: impl FnOnce(&App, &Caller) -> Result<String, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let asking = Arc::clone(&app);
    let made = app.quick(move || {
        let caller = looker(&asking, &headers, Right::Oversee)?;
        make(&asking, &caller)
    });
    Ok(send(StatusCode::OK, made.await?, html::policy()))
}

/// Leads on to a page. Another look is another request, so that loading it again sends nothing
/// again.
pub(super) fn led_to(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// An id of an address, as far as one is looked at.
fn cut(id: &str) -> &str {
    id.get(..id.floor_char_boundary(MOST_ID_BYTES)).unwrap_or(id)
}

/// Who looks, where they may.
pub(super) fn looker(app: &App, headers: &HeaderMap, right: Right) -> Result<Caller, Problem> {
    let caller = caller(app, headers)?.ok_or_else(Problem::unauthorized)?;
    if !caller.by(app).may(right) {
        return Err(Problem::forbidden(caller.role, right));
    }
    app.rates.token(&caller.token).map_err(Problem::too_many)?;
    Ok(caller)
}

/// Whether a browser asks that holds no token: it is shown pages, and led to where people sign in.
pub(crate) fn is_browser(headers: &HeaderMap) -> bool {
    let kinds = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    kinds.is_some_and(|kinds| kinds.contains("text/html")) && !headers.contains_key(AUTHORIZATION)
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

/// Says as a page what was not done: a browser shows it. Who looks and is not known is led to where
/// people sign in, and from there back. A program that asks for JSON gets what the API answers.
pub(crate) async fn as_page(request: Request<Body>, next: Next) -> Response {
    let (is_browser, asks_json) = (is_browser(request.headers()), asks_json(request.headers()));
    let (looks, address) = (request.method().is_safe(), request.uri().clone());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let is_unknown = problem.status() == StatusCode::UNAUTHORIZED;
    if looks && is_unknown && is_browser {
        return led_to(&sign_in_for(&address));
    }
    if asks_json || (looks && is_unknown) {
        return response;
    }
    let mut page = html::refused(problem, (!looks).then_some(address.path()));
    if let Some(wait) = response.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    page
}

/// Whether JSON is asked for, and no page.
fn asks_json(headers: &HeaderMap) -> bool {
    let kinds = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    kinds.contains("json") && !kinds.contains("text/html")
}

/// Where people sign in who then go on to a page of these.
fn sign_in_for(address: &Uri) -> String {
    let wanted = address.path_and_query().map_or("", PathAndQuery::as_str);
    format!("/sign-in{}", html::page_here(wanted).map(asking_for).unwrap_or_default())
}

/// What a form says.
#[derive(Debug, Clone)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    fn of(bytes: &[u8]) -> Self {
        // A browser sends each line end as two characters.
        let plain = |text: Cow<'_, str>| text.replace("\r\n", "\n");
        let fields = url::form_urlencoded::parse(bytes);
        Self(fields.map(|(name, value)| (plain(name), plain(value))).collect())
    }

    /// A field that stands once; empty where it stands never, or more than once.
    pub(super) fn field(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.as_str());
        first.filter(|_| found.next().is_none()).unwrap_or_default()
    }

    /// Refuses who did not say that they looked.
    pub(super) fn looked(&self, at: &str) -> Result<(), Problem> {
        if self.field("looked") == "yes" {
            return Ok(());
        }
        Err(Problem::unprocessable(format!("say that you looked at {at} before you agree to it")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_looked_at_as_far_as_one_is_long() {
        assert_eq!(cut("4v8k2m9x"), "4v8k2m9x");
        assert_eq!(cut(&"a".repeat(65)), "a".repeat(64));
        assert_eq!(cut(&format!("a{}", "é".repeat(9_000))), format!("a{}", "é".repeat(31)));
    }
}
