//! The pages on which people review exceptions. Looking does nothing: what counts is a form that is
//! sent by a session, with the session's token.

mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use quell_govern::exception::State as Stands;
use quell_pipeline::govern::Wish;
use serde::Deserialize;

use super::forms::{Form, acting, id as shortened, led_to, shown};
use crate::access::Caller;
use crate::api::{Problem, decide_exceptions, exception_seen, exceptions_seen};
use crate::state::App;

/// Exceptions on a page.
const AT_ONCE: usize = 50;
/// Those that are listed where nobody asks for all.
const LIVE: [Stands; 3] = [Stands::Requested, Stands::Reviewed, Stands::Granted];

/// The routes of the pages.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let say = acting(app, post(say));
    Router::new().route("/exceptions", get(list)).route("/exceptions/{id}", get(show).merge(say))
}

/// Which exceptions.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Those that hide nothing any more too.
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
    shown(app, headers, move |app, caller| {
        let all = asked.all.is_some();
        let states: &[Stands] = if all { &[] } else { &LIVE };
        let found = exceptions_seen(app, caller, states, (asked.skip, AT_ONCE))?;
        Ok(page::list(caller, (&found.0, found.1), (all, asked.skip)))
    })
    .await
}

async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    shown(app, headers, move |app, caller| {
        Ok(page::exception(caller, &exception_seen(app, caller, shortened(&id))?))
    })
    .await
}

/// What a form says of an exception.
fn wish(form: &Form) -> Result<Wish, Problem> {
    match form.field("word") {
        "approve" => form.looked("what it hides").map(|()| Wish::Approve),
        "refuse" => Ok(Wish::Refuse),
        "withdraw" => Ok(Wish::Withdraw),
        _ => Err(Problem::unprocessable("the form says neither yes nor no")),
    }
}

async fn say(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let wish = wish(&form)?;
    let asking = Arc::clone(&app);
    let id = app.quick(move || {
        // Only one that is named whole, or by its beginning, is decided on.
        let id = exception_seen(&asking, &caller, &id)?.told.exception.id;
        let ids = [id.clone()];
        let answers = decide_exceptions(&asking, &caller, (&ids, wish, form.field("note")))?;
        match answers.into_iter().find_map(|answer| answer.refused) {
            Some(refused) => Err(Problem::unprocessable(refused)),
            None => Ok(id),
        }
    });
    Ok(led_to(&format!("/exceptions/{}", id.await?)))
}
