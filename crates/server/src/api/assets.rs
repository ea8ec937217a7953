//! Assets: what is affected.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use quell_pipeline::query::{self, AssetQuery};

use super::Problem;
use super::errors::{Missing, Refused};
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// List assets
#[utoipa::path(get, path = "/assets", tag = "assets", params(AssetQuery), responses(
    (status = 200, description = "A page of assets: `items`, `total`, `next` and `facets`", body = Object),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    asked: Result<Query<AssetQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, address, move |view| query::assets(view, &asked)).await
}

/// Show an asset
#[utoipa::path(get, path = "/assets/{id}", tag = "assets",
    params(("id" = String, Path, description = "The asset's id")), responses(
    (status = 200, description = "The asset with its issues and what is related to it", body = Object),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::asset(view, &id)).await
}
