//! The page on which people let others speak in their place. Looking does nothing: what counts is a
//! form that is sent by a session, with the session's token.

mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::forms::{Form, acting, led_to, shown};
use crate::access::{Caller, Right};
use crate::api::{Problem, delegations_now, give_place, may_be_given};
use crate::state::App;

/// The routes of the page.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new().route("/delegations", get(show).merge(acting(app, post(give))))
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    shown(app, headers, move |app, caller| {
        let held = delegations_now(app, caller)?;
        // Who may decide nothing has no place to give.
        let may_give = caller.csrf.is_some() && caller.by(app).may_everywhere(Right::Decide);
        let offered = if may_give { Some(may_be_given(app, caller)?) } else { None };
        Ok(page::delegations(caller, &held, offered.as_ref()))
    })
    .await
}

async fn give(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let days = form.field("days").parse::<u32>();
    let days = days.map_err(|_| Problem::unprocessable("`days` is a number of days"))?;
    let asking = Arc::clone(&app);
    app.quick(move || give_place(&asking, &caller, (form.field("to"), days)).map(drop)).await?;
    Ok(led_to("/delegations"))
}
