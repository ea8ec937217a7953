//! Signing in and out: at an identity provider by OpenID Connect, or with a password here.
//!
//! | file | what |
//! |---|---|
//! | `oidc.rs` | the way to the provider and back |
//! | `page.rs` | the page, which holds no script |
//! | `password.rs` | local people |
//! | `pending.rs` | sign-ins that were begun and not ended |
//! | `provider.rs` | what the provider says of itself, its keys and its tokens |
//! | `throttle.rs` | how often somebody may try |

mod oidc;
mod page;
mod password;
mod pending;
mod provider;
mod throttle;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use quell_audit::Action;
use tokio::sync::Semaphore;

use crate::access::{from_elsewhere, noted};
use crate::api::{Problem, read};
use crate::state::App;
use crate::web::as_page;

pub(crate) use page::{asking_for, bar};

/// Longest form.
const MOST_FORM_BYTES: usize = 8 << 10;

/// Passwords that are hashed at once. Each takes 19 MiB and a core for a moment, which is not to be
/// taken from those who are signed in.
const MOST_HASHED: usize = 2;

/// What signing in keeps in memory.
#[derive(Debug)]
pub(crate) struct SignIns {
    hashing: Semaphore,
    pending: pending::Pendings,
    provider: provider::Provider,
    throttle: throttle::Throttle,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            hashing: Semaphore::new(MOST_HASHED),
            pending: pending::Pendings::default(),
            provider: provider::Provider::default(),
            throttle: throttle::Throttle::default(),
        }
    }
}

/// The routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in", get(page::show).post(password::sign_in))
        .route("/sign-in/start", get(oidc::start))
        .route("/sign-in/return", get(oidc::come_back))
        .route("/sign-out", post(sign_out))
        .layer(from_fn(as_page))
}

/// Ends the session. The form repeats what the session knows, so no page elsewhere can.
async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = form(&app, body).await?;
    let asking = Arc::clone(&app);
    let given = field(&form, "csrf").to_owned();
    app.quick(move || {
        let found = asking.sessions.find(&asking, &headers)?;
        if let Some(found) = &found {
            if from_elsewhere(&headers) || !found.is_csrf(&given) {
                return Err(Problem::forged());
            }
            noted(&asking, (Action::SignOut, "person"), &found.user)?;
            asking.sessions.end(&asking, &headers)?;
        }
        let gone = asking.sessions.cookie("session", "", 0);
        Ok(redirect("/sign-in", [gone]))
    })
    .await
}

/// The fields of a form.
async fn form(app: &App, body: Body) -> Result<Vec<(String, String)>, Problem> {
    let body = read(app, body, MOST_FORM_BYTES).await?;
    Ok(url::form_urlencoded::parse(&body.bytes).into_owned().collect())
}

/// A field that stands once; empty where it stands never, or more than once.
fn field<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    let mut found = form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    found.next().filter(|_| found.next().is_none()).unwrap_or_default()
}

/// Sends a browser on, with cookies.
fn redirect<const N: usize>(to: &str, cookies: [String; N]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(LOCATION, to);
    }
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
    response
}
