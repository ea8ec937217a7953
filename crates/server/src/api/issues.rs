//! Issues: the same fault on the same asset, whoever sees it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use quell_pipeline::explain_risk;
use quell_pipeline::query::{self, IssueQuery, QueryError};

use super::Problem;
use super::errors::{Missing, Refused};
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// List issues
#[utoipa::path(get, path = "/issues", tag = "issues", params(IssueQuery), responses(
    (status = 200, description = "A page of issues: `items`, `total`, `next` and `facets`", body = Object),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    asked: Result<Query<IssueQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, address, move |view| query::issues(view, &asked)).await
}

/// Show an issue
#[utoipa::path(get, path = "/issues/{id}", tag = "issues",
    params(("id" = String, Path, description = "The issue's id, or its first characters")), responses(
    (status = 200, description = "The issue with its findings, its asset, its risk and its explanation", body = Object),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::issue(view, &id)).await
}

/// Explain the risk of an issue
///
/// Its parts, the records they rest on, and what would change it.
#[utoipa::path(get, path = "/issues/{id}/risk", tag = "issues",
    params(("id" = String, Path, description = "The issue's id, or its first characters")), responses(
    (status = 200, description = "The parts of the score, and what would change it", body = Object),
    Refused, Missing,
))]
pub(super) async fn risk(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| {
        explain_risk(view.store, view.setup, &id, view.now).map_err(QueryError::from)
    })
    .await
}
