//! Controls: the catalogue, with what is open of each.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use quell_pipeline::query::{self, ControlQuery};

use super::Problem;
use super::errors::{Missing, Refused};
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// List controls
#[utoipa::path(get, path = "/controls", tag = "controls", params(ControlQuery), responses(
    (status = 200, description = "A page of controls: `items`, `total`, `next` and `facets`", body = Object),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    asked: Result<Query<ControlQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
    view(&app, caller, address, move |view| query::controls(view, &asked)).await
}

/// Show a control
#[utoipa::path(get, path = "/controls/{id}", tag = "controls",
    params(("id" = String, Path, description = "The control's id")), responses(
    (status = 200, description = "The control, with its open issues and who knows it", body = Object),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::control(view, &id)).await
}
