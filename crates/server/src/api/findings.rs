//! Findings: what one tool says of one asset.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quell_pipeline::query::{self, FindingItem, FindingQuery, FindingStory, Page};

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
    asked: Result<Query<FindingQuery>, QueryRejection>,
) -> Result<Json<Page<FindingItem>>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, move |view| query::findings(view, &asked)).await
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
    Path(id): Path<String>,
) -> Result<Json<FindingStory>, Problem> {
    view(&app, caller, move |view| query::finding(view, &id)).await
}
