//! Containments: tried, asked for, looked at, undone. Looking at one never does anything.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_contain::Action;
use quell_govern::Person;
use quell_govern::approval::Plan;
use quell_pipeline::contain::{
    Containment, ContainmentAsked, ContainmentTold, Move, Undo, containment_told,
    retry as to_retry, undo_asked,
};
use quell_pipeline::govern::{find_plan, plan_told};
use quell_store::{ContainmentRow, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Outside, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use super::people::{person, ruling, standing};
use crate::access::{Caller, Right};
use crate::contain::{Wish, ask, may};
use crate::state::App;

/// Longest reason.
const MOST_REASON: usize = 2000;

/// Most containments that stand before a page.
const MOST_SKIPPED: u32 = 1_000_000_000;

/// Which containments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ContainmentQuery {
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// How many stand before the page.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    skip: Option<u32>,
}

/// A page of containments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContainmentPage {
    /// The newest first.
    items: Vec<ContainmentTold>,
    /// How many there are on all pages together.
    total: u64,
}

/// What is to be contained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContainmentWish {
    /// The action: `do`, and what it takes. docs/containment.md lists them.
    #[schema(value_type = Object)]
    action: serde_json::Value,
    /// The incident for which it is done.
    #[serde(default)]
    #[schema(max_length = 200)]
    incident: Option<String>,
    /// Issues for which it is done.
    #[serde(default)]
    #[schema(max_items = 500)]
    issues: Vec<String>,
    /// Whether it is only tried.
    #[serde(default)]
    dry_run: bool,
}

/// Why something is to be undone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackWish {
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// A containment with its plan.
fn of(store: &Store, id: &str) -> Result<(ContainmentRow, Containment, Plan), Problem> {
    let missing = || Problem::not_found("containment of that id");
    let id = find_plan(store, id).map_err(|_| missing())?;
    let row = store.containment_get(&id)?.ok_or_else(missing)?;
    let (plan, _) = store.plan_get(&id)?.ok_or_else(missing)?;
    let kept = Containment::read(&row)?;
    Ok((row, kept, plan))
}

/// A containment as people see it, with its plan.
fn told(app: &App, caller: &Caller, id: &str) -> Result<ContainmentTold, Problem> {
    let (ruling, now) = (ruling(app, &caller.tenant)?, app.clock.now());
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    app.tenants.of(&caller.tenant)?.read(|store: &Store| {
        let (row, kept, plan) = of(store, id)?;
        let whole = store.plan_get(&row.plan)?;
        let whole = whole.map(|whole| plan_told(store, &ruling, whole, (now, &known)));
        Ok(containment_told(&kept, &plan, whole.transpose()?))
    })
}

fn listed(store: &Store, row: &ContainmentRow) -> Result<Option<ContainmentTold>, Problem> {
    let Some((plan, _)) = store.plan_get(&row.plan)? else { return Ok(None) };
    Ok(Some(containment_told(&Containment::read(row)?, &plan, None)))
}

/// List containments
#[utoipa::path(get, operation_id = "list_containments", path = "/containment", tag = "containment", params(ContainmentQuery), responses(
    (status = 200, description = "A page of containments", body = ContainmentPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<ContainmentQuery>,
) -> Result<Json<ContainmentPage>, Problem> {
    let limit = asked.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::invalid("`limit` is 1 to 500"));
    }
    if asked.skip.is_some_and(|skip| skip > MOST_SKIPPED) {
        return Err(Problem::invalid(format!("`skip` is 0 to {MOST_SKIPPED}")));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        asking.tenants.of(&caller.tenant)?.read(|store: &Store| {
            let page = (asked.skip.unwrap_or(0), limit);
            let (rows, total) = store.containment_list(page)?;
            let told = rows.iter().map(|row| listed(store, row)).collect::<Result<Vec<_>, _>>()?;
            Ok(Json(ContainmentPage { items: told.into_iter().flatten().collect(), total }))
        })
    })
    .await
}

/// Show a containment
///
/// How far it is, how it would be undone, and the plan that people agree to.
#[utoipa::path(get, operation_id = "show_containment", path = "/containment/{id}", tag = "containment",
    params(("id" = String, Path, description = "The id of its plan, or its first characters")), responses(
    (status = 200, description = "The containment with its plan", body = ContainmentTold),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<ContainmentTold>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || told(&asking, &caller, &id).map(Json)).await
}

/// Try a containment, or ask for it
///
/// The target is looked at and the change is tried, where the platform can do that without keeping
/// it. Then it waits for people: `POST /approvals/{id}` agrees. It is carried out by the server.
#[utoipa::path(post, operation_id = "request_containment", path = "/containment", tag = "containment", params(OnceKey), request_body = ContainmentWish,
    responses((status = 200, description = "What rules say, what would be done, and the plan", body = ContainmentAsked),
        Refused, Missing, Unchanged, BadBody, Outside))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(wish): Given<ContainmentWish>,
) -> Result<Json<ContainmentAsked>, Problem> {
    let ContainmentWish { action, incident, issues, dry_run } = wish;
    let action: Action = serde_json::from_value(action)
        .map_err(|error| Problem::unprocessable(format!("`action`: {error}")))?;
    Ok(Json(ask(&app, caller, Wish { action, incident, issues, dry_run }).await?))
}

/// Moves a containment on, where its caller may do that there.
async fn moved(
    app: &Arc<App>,
    (caller, right): (Caller, Right),
    id: String,
    to: impl FnOnce(&App, &Caller, Containment) -> Option<Move> + Send + 'static,
) -> Result<Json<ContainmentTold>, Problem> {
    let asking = Arc::clone(app);
    let told = app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let (row, kept, plan) = findings.read(|store: &Store| of(store, &id))?;
        if !may(&asking, &caller, (&plan, right))? {
            return Err(Problem::beyond("containment", right));
        }
        let stage = kept.stage.as_str();
        let moved = to(&asking, &caller, kept);
        let moved = moved.ok_or_else(|| Problem::conflict(format!("it is {stage}")))?;
        let is_kept = findings.write(|store| {
            let is_kept = moved.keep(store, &row)?;
            store.sync()?;
            Ok::<_, Problem>(is_kept)
        })?;
        if !is_kept {
            return Err(Problem::conflict("somebody else moved it meanwhile; look again"));
        }
        told(&asking, &caller, &row.plan)
    });
    let told = told.await?;
    app.containing.notify_one();
    Ok(Json(told))
}

/// Undo a containment
///
/// It opens again what was closed, so it takes a right of its own at the target.
#[utoipa::path(post, operation_id = "roll_back_containment", path = "/containment/{id}/rollback", tag = "containment", request_body = RollbackWish,
    params(("id" = String, Path, description = "The id of its plan, or its first characters"), OnceKey),
    responses((status = 200, description = "It is being undone", body = ContainmentTold), Refused, Missing, Unchanged, BadBody))]
pub(super) async fn rollback(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(wish): Given<RollbackWish>,
) -> Result<Json<ContainmentTold>, Problem> {
    let reason = wish.reason.trim().to_owned();
    if reason.is_empty() || reason.len() > MOST_REASON {
        return Err(Problem::unprocessable(format!("say why, in at most {MOST_REASON} bytes")));
    }
    moved(&app, (caller, Right::RollBack), id, |app, caller, kept| {
        let now = app.clock.now();
        undo_asked(kept, Undo { by: person(caller), reason, at: now }, now)
    })
    .await
}

/// Let a containment go on that was held back, or have a failed one looked at again
#[utoipa::path(post, operation_id = "retry_containment", path = "/containment/{id}/retry", tag = "containment",
    params(("id" = String, Path, description = "The id of its plan, or its first characters"), OnceKey),
    responses((status = 200, description = "It goes on", body = ContainmentTold), Refused, Missing, Unchanged))]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<ContainmentTold>, Problem> {
    moved(&app, (caller, Right::Approve), id, |app, _, kept| to_retry(kept, app.clock.now())).await
}
