//! The page for people: what is open, and how the sources are.
//!
//! A browser asks for a name and a password; the password is a token. The page holds no script and
//! changes nothing, so nothing can be done in somebody's name by leading their browser here.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_report::FORMATS;

use crate::access::{Right, find};
use crate::api::{Problem, write_report};
use crate::serve::page;
use crate::state::App;

/// Incidents of the page.
const INCIDENTS: usize = 50;
/// What the page may do: show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/", get(show))
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(password);
    let asking = Arc::clone(&app);
    let made = app.quick(move || {
        let caller = find(&asking, token.as_deref())?.ok_or_else(Problem::unauthorized)?;
        if !caller.role.may(Right::Read) {
            return Err(Problem::forbidden(caller.role, Right::Read));
        }
        asking.rates.token(&caller.token).map_err(Problem::too_many)?;
        let html = FORMATS.iter().find(|format| format.name == "html");
        let html = html.ok_or_else(|| Problem::not_found("such page"))?;
        write_report(&asking, &caller, INCIDENTS, html)
    });
    match made.await {
        Ok(html) => page(StatusCode::OK, String::from_utf8_lossy(&html).into_owned(), POLICY),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let mut response = problem.into_response();
            let ask = "Basic realm=\"quell: any name, and a token as the password\"";
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(ask));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The password of a `Basic` header.
fn password(header: &str) -> Option<String> {
    let (scheme, pair) = header.split_once(' ')?;
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| password.to_owned())
}
