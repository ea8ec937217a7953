//! Incidents: what belongs together, riskiest first.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::IncidentKey;
use quell_pipeline::govern::Happened;
use quell_pipeline::query::{self, IncidentPage, IncidentQuery};
use quell_report::IncidentStory;

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::told;
use crate::access::Caller;
use crate::state::App;

/// List incidents
///
/// They are made after each change. Until then those of before are told, with `current: false`.
#[utoipa::path(get, operation_id = "list_incidents", path = "/incidents", tag = "incidents", params(IncidentQuery), responses(
    (status = 200, description = "A page of incidents", body = IncidentPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<IncidentQuery>,
) -> Result<Json<IncidentPage>, Problem> {
    told(&app, caller, move |view, cache| query::incidents(view, cache, &asked)).await
}

/// Show an incident
///
/// That a person opened it is kept with its times. A token counts as a person where it may decide.
#[utoipa::path(get, operation_id = "show_incident", path = "/incidents/{id}", tag = "incidents",
    params(("id" = String, Path, description = "The incident's id, or its first characters")), responses(
    (status = 200, description = "The incident with its issues, assets, explanation and fixes", body = IncidentStory),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<IncidentStory>, Problem> {
    let asking = Arc::clone(&app);
    let (tenant, is_person) = (caller.tenant.clone(), caller.is_person(&app));
    let story = told(&app, caller, move |view, cache| query::incident(view, cache, &id)).await?;
    if is_person && let Ok(key) = story.incident.id.parse::<IncidentKey>() {
        let opened = [(key, asking.clock.now())].into();
        asking.tenants.of(&tenant)?.note(Happened { opened, ..Happened::default() });
    }
    Ok(story)
}
