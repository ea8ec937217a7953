//! Findings: what one tool says of one asset.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use quell_pipeline::query::{self, FindingQuery};

use super::Problem;
use super::errors::{Missing, Refused};
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// List findings
#[utoipa::path(get, path = "/findings", tag = "findings", params(FindingQuery), responses(
    (status = 200, description = "A page of findings: `items`, `total`, `next` and `facets`", body = Object),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    asked: Result<Query<FindingQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, address, move |view| query::findings(view, &asked)).await
}

/// Show a finding
#[utoipa::path(get, path = "/findings/{id}", tag = "findings",
    params(("id" = String, Path, description = "The finding's id, or its first characters")), responses(
    (status = 200, description = "The finding as its tool reported it, and its issue", body = Object),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::finding(view, &id)).await
}
