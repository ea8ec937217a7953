//! Answering from a caller's own findings.

use std::sync::Arc;

use axum::Json;
use quell_pipeline::query::{QueryError, View};

use super::Problem;
use crate::access::Caller;
use crate::state::App;

/// Answers a question about the findings of a caller's tenant, and of no other.
pub(super) async fn view<T: Send + 'static>(
    app: &Arc<App>,
    caller: Caller,
    answer: impl FnOnce(&View<'_>) -> Result<T, QueryError> + Send + 'static,
) -> Result<Json<T>, Problem> {
    let asking = Arc::clone(app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        Ok(Json(findings.view(asking.clock.now(), answer)?))
    })
    .await
}
