//! The pages on which people approve. Looking does nothing: what counts is a form that is sent by
//! a session, with the session's token and the hash of the plan that was looked at.

mod page;
mod said;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use quell_govern::approval::Hash;
use quell_pipeline::govern::{Saying, Word};

use super::forms::{Form, Part, acting, led_to, listing, showing};
use crate::access::Caller;
use crate::api::{Id, PlansAsked, Problem, plan_seen, plans_seen, plans_unreviewed, say_of_plan};
use crate::state::App;

/// Plans on a page.
const AT_ONCE: usize = 50;

/// The routes of the pages.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let say = acting(app, post(say));
    Router::new()
        .route("/approvals", listing(list))
        .route("/approvals/{id}", showing(show).merge(say))
}

fn list(app: &App, caller: &Caller, part: Part) -> Result<String, Problem> {
    let which = PlansAsked { all: part.all, skip: part.skip, limit: AT_ONCE };
    let (plans, total) = plans_seen(app, caller, &which)?;
    let alarms = plans_unreviewed(app, caller)?;
    Ok(page::list(caller, (&plans, total), &alarms, part))
}

fn show(app: &App, caller: &Caller, id: &str) -> Result<String, Problem> {
    Ok(page::plan(caller, &plan_seen(app, caller, id)?, app.clock.now()))
}

/// What a form says of a plan.
fn saying(form: &Form) -> Result<Saying, Problem> {
    let word = match form.field("word") {
        "approve" => Word::Approve,
        "refuse" => Word::Refuse,
        "withdraw" => Word::Withdraw,
        "break_glass" => Word::BreakGlass,
        "review" => Word::Review,
        _ => return Err(Problem::unprocessable("the form says neither yes nor no")),
    };
    match word {
        Word::Approve | Word::BreakGlass => form.looked("the change")?,
        Word::Refuse | Word::Withdraw | Word::Review => {}
    }
    let given = |name| Some(form.field(name)).filter(|text| !text.is_empty());
    let hash = given("hash").map(|hash| serde_json::from_value::<Hash>(hash.into()));
    Ok(Saying {
        word,
        hash: hash.transpose().map_err(|_| Problem::unprocessable("the hash is none"))?,
        note: form.field("note").to_owned(),
        for_whom: given("for_whom").map(str::to_owned),
    })
}

async fn say(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Extension(caller): Extension<Caller>,
    Extension(form): Extension<Form>,
) -> Result<Response, Problem> {
    let saying = saying(&form)?;
    let asking = Arc::clone(&app);
    let told = app.quick(move || say_of_plan(&asking, &caller, (&id, &saying))).await?;
    Ok(led_to(&format!("/approvals/{}", told.id)))
}
