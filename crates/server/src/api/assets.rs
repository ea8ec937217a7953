//! Assets: what is affected.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quell_pipeline::query::{self, AssetItem, AssetQuery, AssetStory, Page};

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
    asked: Result<Query<AssetQuery>, QueryRejection>,
) -> Result<Json<Page<AssetItem>>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, move |view| query::assets(view, &asked)).await
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
    Path(id): Path<String>,
) -> Result<Json<AssetStory>, Problem> {
    view(&app, caller, move |view| query::asset(view, &id)).await
}
