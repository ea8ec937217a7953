//! Local people, who sign in with a password.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use quell_audit::Action;
use quell_store::UserRow;
use secrecy::SecretString;

use super::{field, form, page, redirect};
use crate::access::{from_elsewhere, hats_of, is_password, noted, turned_away};
use crate::api::Problem;
use crate::state::App;

/// What is said of every sign-in that fails, whatever the reason.
const WRONG: &str = "Name or password is wrong.";

pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut to = page::FIRST.to_owned();
    match try_it(&app, (peer, &headers), body, &mut to).await {
        Ok(response) => response,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            page::page(&app, StatusCode::FORBIDDEN, Some(WRONG), &to)
        }
        Err(problem) => problem.into_response(),
    }
}

async fn try_it(
    app: &Arc<App>,
    (peer, headers): (SocketAddr, &HeaderMap),
    body: Body,
    to: &mut String,
) -> Result<Response, Problem> {
    // Nobody is signed in as somebody else by a page elsewhere.
    if from_elsewhere(headers) || !app.config.sign_in.passwords {
        return Err(Problem::forged());
    }
    app.sign_in.throttle.address(peer.ip()).map_err(Problem::too_many)?;
    let form = form(app, body).await?;
    let name = field(&form, "name").to_owned();
    let password = SecretString::from(field(&form, "password").to_owned());
    app.sign_in.throttle.name(&name).map_err(Problem::too_many)?;
    let busy = |_| Problem::unavailable("too many people sign in at once", 1);
    let hashing = app.sign_in.hashing.try_acquire().map_err(busy)?;
    page::goes_on_to(field(&form, "to")).clone_into(to);
    let (asking, headers, to) = (Arc::clone(app), headers.clone(), to.clone());
    let signed_in = app.quick(move || {
        let user = check(&asking, &name, &password)?;
        noted(&asking, (Action::SignIn, "password"), &user)?;
        let begun = asking.sessions.begin(&asking, &user, &headers)?;
        Ok(redirect(&to, [begun.cookie]))
    });
    let signed_in = signed_in.await;
    drop(hashing);
    signed_in
}

/// The person with that name and password, if they may sign in.
fn check(app: &App, name: &str, password: &SecretString) -> Result<UserRow, Problem> {
    let found = app.access().user_named(name)?;
    let stored = found.as_ref().and_then(|row| row.password.as_deref());
    let is_right = is_password(stored, password);
    let now = app.clock.now();
    let may = |row: &UserRow| is_right && row.disabled_at.is_none();
    let Some(row) = found.as_ref().filter(|row| may(row)).cloned() else {
        turned_away(app, "password", found.as_ref());
        return Err(Problem::unauthorized());
    };
    let groups = app.access().group_list(&row.tenant)?;
    if hats_of(&row, &groups, &app.config.sign_in.roles).is_empty() {
        turned_away(app, "no-role", Some(&row));
        return Err(Problem::unauthorized());
    }
    let row = UserRow { signed_in_at: Some(now), ..row };
    app.access().user_save(&row)?;
    Ok(row)
}
