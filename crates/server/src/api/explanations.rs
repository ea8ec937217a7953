//! Incidents explained: by a model where one may be asked, else by the rules.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_analyst::Audience;
use quell_pipeline::analyst::incident::Details;
use quell_pipeline::query::{self, QueryError};
use quell_report::{Explained, IncidentStory};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use super::view::check_reach;
use crate::access::{Caller, Right};
use crate::analyst;
use crate::data::Target;
use crate::explain::{Wanted, Wish, explained};
use crate::state::App;

/// How an incident is explained.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExplanationQuery {
    /// Whom it is written for; `owner` where it is not said.
    #[serde(rename = "as")]
    #[param(inline, required = false)]
    to: Audience,
    /// The task, where it is not the one that fits: `runtime` where something was seen to happen,
    /// else `incident`.
    task: Option<String>,
}

/// How an incident is to be explained.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExplanationPlan {
    /// Whom it is written for; `owner` where it is not said.
    #[serde(rename = "as")]
    to: Audience,
    /// The task, where it is not the one that fits: `runtime` where something was seen to happen,
    /// else `incident`.
    task: Option<String>,
    /// Whether what would be sent is shown. Then nobody is asked.
    show_payload: bool,
}

/// Show an explanation of an incident
///
/// An answer of a model where one was kept, else what the rules say. Nobody is asked, and nothing
/// is spent.
#[utoipa::path(get, operation_id = "show_explanation", path = "/incidents/{id}/explanation", tag = "incidents",
    params(("id" = String, Path, description = "The incident's id, or its first characters"), ExplanationQuery),
    responses((status = 200, description = "What is written, by whom, and the records behind it", body = Explained),
        Refused, Missing))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Asked(asked): Asked<ExplanationQuery>,
) -> Result<Json<Explained>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let found = found(&asking, &caller, &id)?;
        let (to, task) = (asked.to, asked.task);
        tell(&asking, &caller, &found, (to, task.as_deref(), Wish::Kept))
    })
    .await
}

/// Have an incident explained
///
/// A model is asked where the configuration gives it the task, and every budget and limit allows
/// it; else, and where it is slow, down or refuses, the rules speak and it is said why. With
/// `show_payload` nobody is asked, and what would be sent is shown, byte for byte.
#[utoipa::path(post, operation_id = "explain_incident", path = "/incidents/{id}/explanation", tag = "incidents",
    request_body = ExplanationPlan,
    params(("id" = String, Path, description = "The incident's id, or its first characters"), OnceKey),
    responses((status = 200, description = "What is written, by whom, and the records behind it", body = Explained),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn explain(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(plan): Given<ExplanationPlan>,
) -> Result<Json<Explained>, Problem> {
    let (asking, by) = (Arc::clone(&app), caller.clone());
    let found = app.quick(move || {
        check_reach(&asking, &by, Right::Decide, Target::Incident(&id))?;
        found(&asking, &by, &id)
    });
    let found = found.await?;
    let asking = Arc::clone(&app);
    app.explaining(move || {
        let wish = if plan.show_payload { Wish::Payload } else { Wish::Asked };
        tell(&asking, &caller, &found, (plan.to, plan.task.as_deref(), wish))
    })
    .await
}

/// The incident as its caller sees it.
fn found(app: &App, caller: &Caller, id: &str) -> Result<(IncidentStory, Details), Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let now = app.clock.now();
    let found = findings.view_as::<_, QueryError>(caller.by(app), now, |view, cache| {
        let story = query::incident(view, cache, id)?;
        let details = Details::read(view.store, &story)?;
        Ok((story, details))
    })?;
    Ok(found)
}

fn tell(
    app: &App,
    caller: &Caller,
    (story, details): &(IncidentStory, Details),
    (to, task, wish): (Audience, Option<&str>, Wish),
) -> Result<Json<Explained>, Problem> {
    let wanted = Wanted { by: analyst::Given::of(caller, to), task, wish };
    let told = explained(app, (story, details), app.setup.catalog(), wanted);
    told.map(Json).map_err(|error| Problem::invalid(error.to_string()))
}
