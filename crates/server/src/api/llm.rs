//! Language models: what they cost, and what may leave for them as it stands.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use quell_analyst::Audience;
use quell_pipeline::analyst::incident::Details;
use quell_pipeline::query::{self, IncidentQuery, QueryError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use crate::access::Caller;
use crate::analyst;
use crate::explain::{HandedInTask, hand_in};
use crate::models::{
    LlmGrant, LlmGrantError, LlmGrantPlan, MOST_DAYS, SpendReport, SpendWish, SpentBy,
    llm_grant_add, llm_grant_list, llm_grant_remove, spend_limits, spend_report,
};
use crate::state::App;

/// How long, and by what it is told apart.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SpendQuery {
    /// Days, today among them, 1 to 400; 7 where it is not said.
    #[param(minimum = 1, maximum = 400)]
    days: Option<u32>,
    /// By what it is told apart; by `day` where it is not said.
    #[param(inline)]
    by: Option<SpentBy>,
}

/// The grants.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LlmGrantPage {
    /// Those that hold and those that ended within 400 days, the newest first.
    items: Vec<LlmGrant>,
}

/// Show what language models cost
///
/// And what is left of today's limits. Money is in millionths.
#[utoipa::path(get, operation_id = "show_llm_spend", path = "/llm/spend", tag = "llm", params(SpendQuery), responses(
    (status = 200, description = "What was spent, and what is left", body = SpendReport),
    Refused,
))]
pub(super) async fn spend(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<SpendQuery>,
) -> Result<Json<SpendReport>, Problem> {
    let wish = SpendWish { days: asked.days.unwrap_or(7), by: asked.by.unwrap_or_default() };
    if !(1..=MOST_DAYS).contains(&wish.days) {
        return Err(Problem::invalid(format!("`days` is 1 to {MOST_DAYS}")));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let limits = spend_limits(&asking.config.analyst);
        let whose = (&caller.tenant, Some(caller.token.as_str()));
        let now = asking.clock.now();
        Ok(Json(spend_report(Some(&*asking.office()), &limits, whose, wish, now)?))
    })
    .await
}

/// List what may leave for language models as it stands
#[utoipa::path(get, operation_id = "list_llm_grants", path = "/llm/grants", tag = "llm", responses(
    (status = 200, description = "The grants", body = LlmGrantPage),
    Refused,
))]
pub(super) async fn grants(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<LlmGrantPage>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let items = llm_grant_list(&asking.office(), &caller.tenant, asking.clock.now())?;
        Ok(Json(LlmGrantPage { items }))
    })
    .await
}

/// Let something leave for language models as it stands
///
/// For a task or for every one, with a reason, for at most 90 days. Secrets and numbers of people
/// never leave.
#[utoipa::path(post, operation_id = "add_llm_grant", path = "/llm/grants", tag = "llm", params(OnceKey), request_body = LlmGrantPlan,
    responses((status = 200, description = "It holds", body = LlmGrant), Refused, Unchanged, BadBody))]
pub(super) async fn grant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(plan): Given<LlmGrantPlan>,
) -> Result<Response, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (by, now) = (caller.signature(), asking.clock.now());
        let made = llm_grant_add(&mut asking.office(), &caller.tenant, (&plan, &by), now)?;
        let place = format!("/api/v1/llm/grants/{}", made.id);
        Ok(([(LOCATION, place)], Json(made)).into_response())
    })
    .await
}

/// Take a grant back
#[utoipa::path(delete, operation_id = "remove_llm_grant", path = "/llm/grants/{id}", tag = "llm",
    params(("id" = String, Path, description = "The grant's number"), OnceKey),
    responses((status = 200, description = "It holds no longer", body = LlmGrant), Refused, Missing, Unchanged))]
pub(super) async fn take_back(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<LlmGrant>, Problem> {
    let id: i64 = id.parse().map_err(|_| Problem::not_found("grant of that number"))?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (by, now) = (caller.signature(), asking.clock.now());
        let taken = llm_grant_remove(&mut asking.office(), &caller.tenant, (id, &by), now)?;
        Ok(Json(taken))
    })
    .await
}

/// Which incidents are explained in batches.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LlmBatchPlan {
    /// So many of the riskiest, 1 to 500; 50 where it is not said.
    #[schema(minimum = 1, maximum = 500)]
    top: Option<usize>,
    /// Whom they are written for; `owner` where it is not said.
    #[serde(rename = "as")]
    to: Audience,
}

/// What became of the calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LlmBatches {
    /// One row for each task that fits some of the incidents.
    items: Vec<HandedInTask>,
}

/// Have many incidents explained in batches
///
/// Providers answer batches within a day, for less. Nothing is handed in that no budget allows or
/// whose answer is there. What comes back is kept, and explanations show it.
#[utoipa::path(post, operation_id = "add_llm_batches", path = "/llm/batches", tag = "llm", params(OnceKey), request_body = LlmBatchPlan,
    responses((status = 200, description = "What was handed in", body = LlmBatches), Refused, Unchanged, BadBody))]
pub(super) async fn batches(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(plan): Given<LlmBatchPlan>,
) -> Result<Json<LlmBatches>, Problem> {
    let top = plan.top.unwrap_or(50);
    if !(1..=500).contains(&top) {
        return Err(Problem::unprocessable("`top` is 1 to 500".to_owned()));
    }
    let asking = Arc::clone(&app);
    app.explaining(move || hand_in_top(&asking, &caller, top, plan.to).map(Json)).await
}

fn hand_in_top(
    app: &App,
    caller: &Caller,
    top: usize,
    to: Audience,
) -> Result<LlmBatches, Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let now = app.clock.now();
    let query = IncidentQuery { limit: Some(top), ..IncidentQuery::default() };
    let stories = findings.view_as::<_, QueryError>(caller.by(app), now, |view, cache| {
        let page = query::incidents(view, cache, &query)?;
        let read = page.page.items.iter().map(|one| {
            let story = match query::incident(view, cache, &one.id.to_string()) {
                Ok(story) => story,
                // It became part of another while they were listed.
                Err(QueryError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let details = Details::read(view.store, &story)?;
            Ok(Some((story, details)))
        });
        let read = read.collect::<Result<Vec<_>, QueryError>>()?;
        Ok(read.into_iter().flatten().collect::<Vec<_>>())
    })?;
    let by = analyst::Given::of(caller, to);
    Ok(LlmBatches { items: hand_in(app, &stories, app.setup.catalog(), by) })
}

impl From<LlmGrantError> for Problem {
    fn from(error: LlmGrantError) -> Self {
        match error {
            LlmGrantError::Said(_) | LlmGrantError::Refused(_) | LlmGrantError::NoTask(..) => {
                Self::unprocessable(error.to_string())
            }
            LlmGrantError::NotFound(_) => Self::not_found("grant of that number"),
            LlmGrantError::Store(error) => error.into(),
        }
    }
}
