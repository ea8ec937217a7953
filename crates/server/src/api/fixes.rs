//! Fixes that were proposed, each with its proof.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use quell_pipeline::query::{self, FixQuery};

use super::Problem;
use super::errors::{Missing, Refused};
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// List fixes
#[utoipa::path(get, path = "/fixes", tag = "fixes", params(FixQuery), responses(
    (status = 200, description = "A page of fixes: `items`, `total`, `next` and `facets`", body = Object),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    asked: Result<Query<FixQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, address, move |view| query::fixes(view, &asked)).await
}

/// Show a fix
#[utoipa::path(get, path = "/fixes/{id}", tag = "fixes",
    params(("id" = String, Path, description = "The fix's id")), responses(
    (status = 200, description = "The fix with its proof, as docs/report.schema.json has it", body = Object),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::fix(view, &id)).await
}
