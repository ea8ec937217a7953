//! The pages on which people ask for exceptions and review them. Looking does nothing: what counts
//! is a form that is sent by a session, with the session's token.

mod ask;
mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use quell_govern::exception::State as Stands;
use quell_pipeline::govern::Wish;

use super::forms::{Form, Part, acting, led_to, listing, showing};
use crate::access::Caller;
use crate::api::{
    Id, Problem, decide_exceptions, exception_named, exception_seen, exceptions_seen,
};
use crate::state::App;

/// Exceptions on a page.
const AT_ONCE: usize = 50;
/// Those that are listed where nobody asks for all.
const LIVE: [Stands; 3] = [Stands::Requested, Stands::Reviewed, Stands::Granted];

/// The routes of the pages.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let say = acting(app, post(say));
    Router::new()
        .route("/exceptions", listing(list).merge(acting(app, post(ask::ask))))
        .route("/exceptions/new", get(ask::new))
        .route("/exceptions/{id}", showing(show).merge(say))
}

fn list(app: &App, caller: &Caller, part: Part) -> Result<String, Problem> {
    let states: &[Stands] = if part.all { &[] } else { &LIVE };
    let (told, total) = exceptions_seen(app, caller, states, (part.skip, AT_ONCE))?;
    Ok(page::list(caller, (&told, total), part))
}

fn show(app: &App, caller: &Caller, id: &str) -> Result<String, Problem> {
    Ok(page::exception(caller, &exception_seen(app, caller, id)?))
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
    Id(id): Id,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let wish = wish(&form)?;
    let asking = Arc::clone(&app);
    let id = app.quick(move || {
        // Only one that is named whole, or by its beginning, is decided on.
        let id = exception_named(&asking, &caller, &id)?;
        let ids = [id.clone()];
        let answers = decide_exceptions(&asking, &caller, (&ids, wish, form.field("note")))?;
        match answers.into_iter().find_map(|answer| answer.refused) {
            Some(refused) => Err(Problem::unprocessable(refused)),
            None => Ok(id),
        }
    });
    Ok(led_to(&format!("/exceptions/{}", id.await?)))
}
