//! The page for people: what is open, and how the sources are.
//!
//! A browser shows a session, or a name and a password of which the password is a token. The page
//! holds no script and changes nothing, so nothing can be done in somebody's name by leading their
//! browser here.

mod approvals;
mod delegations;
mod exceptions;
mod forms;
mod html;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_report::{FORMATS, Options};

pub(crate) use forms::{as_page, is_browser};
pub(crate) use html::{escaped, page_here, refused};

use crate::access::{Caller, Right, find, who};
use crate::api::{Problem, write_report};
use crate::serve::page;
use crate::signin::bar;
use crate::state::App;

/// Incidents of the page.
const INCIDENTS: usize = 50;
/// What the page may do: show itself, and send its form to sign out.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// Where the page begins; who is signed in stands there.
const BEGIN: &str = "<body><main>";

/// How the line about who is signed in stands here.
const INLINE: &str = " style=\"display:inline\"";
/// Where plans wait for people.
const APPROVALS: &str = " <p>What waits for people: <a href=\"/approvals\">plans</a>, \
                         <a href=\"/exceptions\">exceptions</a></p>";

/// The routes of the pages.
pub(crate) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/", get(show))
        .merge(approvals::routes(app))
        .merge(delegations::routes(app))
        .merge(exceptions::routes(app))
        .layer(from_fn(as_page))
}

async fn show(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let signs_in = is_browser(&headers) && query.as_deref() != Some("token");
    let asking = Arc::clone(&app);
    let made = app.quick(move || {
        let caller = forms::looker(&asking, &headers, Right::Read)?;
        let html = FORMATS.iter().find(|format| format.name == "html");
        let html = html.ok_or_else(|| Problem::not_found("such page"))?;
        let asks = caller.by(&asking).may_everywhere(Right::Decide);
        let options = Options { asks, serves: true, ..Options::default() };
        let html = write_report(&asking, &caller, (INCIDENTS, 0), (html, options))?;
        let html = String::from_utf8_lossy(&html);
        let above = format!("{BEGIN}{}{}", bar(&caller, INLINE), APPROVALS);
        Ok(html.replacen(BEGIN, &above, 1))
    });
    match made.await {
        Ok(html) => page(StatusCode::OK, html, POLICY),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED && !signs_in => {
            let mut response = problem.into_response();
            // As it stands it has a browser ask for a token.
            response.extensions_mut().remove::<Problem>();
            let ask = "Basic realm=\"quell: any name, and a token as the password\"";
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(ask));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who asks: by a session, or by a token as the password of a `Basic` header.
fn caller(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let Some(given) = headers.get(AUTHORIZATION) else { return who(app, headers, true) };
    find(app, given.to_str().ok().and_then(password).as_deref())
}

/// The password of a `Basic` header.
fn password(header: &str) -> Option<String> {
    let (scheme, pair) = header.split_once(' ')?;
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| password.to_owned())
}
