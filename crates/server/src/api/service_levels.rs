//! By when issues are to be dealt with, and how many are late.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_pipeline::govern::{ServiceLevelsReport, service_levels};

use super::Problem;
use super::errors::Refused;
use crate::access::Caller;
use crate::state::App;

/// Count open issues by how their clocks stand
#[utoipa::path(get, operation_id = "show_service_levels", path = "/service-levels", tag = "statistics", responses(
    (status = 200, description = "Late, due soon, paused and restarted", body = ServiceLevelsReport),
    Refused,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<ServiceLevelsReport>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let now = asking.clock.now();
        Ok(Json(findings.read(|store| service_levels(store, findings.setup(), now))?))
    })
    .await
}
