//! Statistics: how much of what is open.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, StatisticsReport};

use super::Problem;
use super::errors::Refused;
use super::view::view;
use crate::access::Caller;
use crate::state::App;

/// Count what is open
#[utoipa::path(get, operation_id = "show_statistics", path = "/statistics", tag = "findings", responses(
    (status = 200, description = "Findings, issues and assets, by severity, status, tool, account and day", body = StatisticsReport),
    Refused,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
) -> Result<Response, Problem> {
    view(&app, caller, address, query::statistics).await
}
