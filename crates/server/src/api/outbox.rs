//! The outbox: what is delivered, what waits, and what a person does about it.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_store::{OutboxFilter, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{Missing, OnceKey, Outside, Refused, Unchanged};
use super::extract::{Asked, Id};
use crate::access::Caller;
use crate::deliver::{DeliveryReport, LetterReport, OutboxAct, RowReport, SinkReport, SinkTest};
use crate::state::App;

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OutboxQuery {
    /// In this state: `held`, `waiting`, `sending`, `doubt`, `sent`, `parked` or `cancelled`.
    state: Option<String>,
    /// For this sink.
    sink: Option<String>,
    /// About this subject: `fix:ID`, `incident:ID`.
    subject: Option<String>,
    /// Older than the row of this number, for the next page.
    #[param(minimum = 0)]
    before: Option<i64>,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutboxPage {
    /// The newest first.
    items: Vec<RowReport>,
    /// How many there are in each state, on all pages together.
    states: std::collections::BTreeMap<String, u64>,
}

/// What stands at sinks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    /// By sink and subject.
    items: Vec<DeliveryReport>,
}

/// The sinks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkPage {
    /// By name.
    items: Vec<SinkReport>,
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| Problem::not_found("row of that number"))
}

/// List the outbox
#[utoipa::path(get, operation_id = "list_outbox", path = "/outbox", tag = "delivery", params(OutboxQuery), responses(
    (status = 200, description = "A page of rows", body = OutboxPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<OutboxQuery>,
) -> Result<Json<OutboxPage>, Problem> {
    let most = asked.limit.unwrap_or(50);
    if !(1..=500).contains(&most) {
        return Err(Problem::invalid("`limit` is 1 to 500"));
    }
    if asked.before.is_some_and(|before| before < 0) {
        return Err(Problem::invalid("`before` is 0 or more"));
    }
    let filter = OutboxFilter {
        state: asked.state,
        sink: asked.sink,
        subject: asked.subject,
        before: asked.before,
        most,
    };
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (rows, counts) =
            asking.tenants.of(&caller.tenant)?.outbox::<_, StoreError>(|store| {
                Ok((store.outbox_list(&filter)?, store.outbox_counts()?))
            })?;
        let items = rows.into_iter().map(RowReport::of).collect();
        Ok(Json(OutboxPage { items, states: counts.into_iter().collect() }))
    })
    .await
}

/// Show a row of the outbox
///
/// What it says as plain text, and exactly what would be sent, without logins.
#[utoipa::path(get, operation_id = "show_outbox", path = "/outbox/{id}", tag = "delivery",
    params(("id" = String, Path, description = "The row's number")), responses(
    (status = 200, description = "The row with what it says", body = LetterReport),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<LetterReport>, Problem> {
    let id = number(&id)?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let found = asking.tenants.of(&caller.tenant)?.outbox::<_, StoreError>(|store| {
            let Some(row) = store.outbox_get(id)? else { return Ok(None) };
            let delivery = store.delivery_get(&row.sink, &row.subject)?;
            let act = store.outbox_act(id)?;
            Ok(Some((row, act, delivery)))
        })?;
        let (row, act, delivery) = found.ok_or_else(|| Problem::not_found("row of that number"))?;
        let remote = delivery.and_then(|delivery| delivery.remote);
        Ok(Json(LetterReport::of(row, &act, remote.as_ref(), &asking.sinks)))
    })
    .await
}

/// Let a row go, try it again, cancel it, or send it once more
///
/// `release`, `retry`, `cancel` or `replay`. What may have arrived is not cancelled; where it is not known
/// whether something arrived, a sink that can be asked is asked first. What was sent is sent once
/// more as the same message, to a sink that takes that as one; the answer is the new row.
#[utoipa::path(post, operation_id = "act_on_outbox", path = "/outbox/{id}/{action}", tag = "delivery",
    params(("id" = String, Path, description = "The row's number"),
        ("action" = inline(OutboxAct), Path, description = "What is done"), OnceKey),
    responses((status = 200, description = "The row as it is now", body = RowReport),
        Refused, Missing, Unchanged))]
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id((id, action)): Id<(String, OutboxAct)>,
) -> Result<Json<RowReport>, Problem> {
    let id = number(&id)?;
    let asking = Arc::clone(&app);
    let row = app.quick(move || {
        let now = asking.clock.now();
        let findings = asking.tenants.of(&caller.tenant)?;
        let moved = findings
            .outbox(|store| action.apply(store, (&asking.sinks, &findings.tenant), id, now))?;
        match moved {
            None => Err(Problem::not_found("row of that number")),
            Some(Ok(row)) => Ok(row),
            Some(Err(row)) => Err(Problem::conflict(action.refusal(&row))),
        }
    });
    let row = row.await?;
    app.outbox_waiting.notify_one();
    Ok(Json(RowReport::of(row)))
}

/// List what stands at sinks
#[utoipa::path(get, operation_id = "list_deliveries", path = "/deliveries", tag = "delivery", responses(
    (status = 200, description = "What stands at sinks, and what is not in step", body = DeliveryPage),
    Refused,
))]
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<DeliveryPage>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let all = asking.tenants.of(&caller.tenant)?.outbox_reader()?.delivery_list()?;
        Ok(Json(DeliveryPage { items: all.into_iter().map(DeliveryReport::of).collect() }))
    })
    .await
}

/// List the sinks
#[utoipa::path(get, operation_id = "list_sinks", path = "/sinks", tag = "delivery", responses(
    (status = 200, description = "The sinks that are switched on", body = SinkPage),
    Refused,
))]
pub(super) async fn sinks(State(app): State<Arc<App>>) -> Json<SinkPage> {
    Json(SinkPage { items: app.sinks.all().map(|place| SinkReport::of(place)).collect() })
}

/// Ask a sink what its login may do
///
/// It logs in and looks, and changes nothing.
#[utoipa::path(post, operation_id = "test_sink", path = "/sinks/{name}/test", tag = "delivery",
    params(("name" = String, Path, description = "The sink's name"), OnceKey),
    responses((status = 200, description = "What its login may do", body = SinkTest),
        Refused, Missing, Unchanged, Outside))]
pub(super) async fn test(
    State(app): State<Arc<App>>,
    Id(name): Id,
) -> Result<Json<SinkTest>, Problem> {
    let place = app.sinks.get(&name).ok_or_else(|| Problem::not_found("sink of that name"))?;
    Ok(Json(SinkTest::of(place).await))
}
