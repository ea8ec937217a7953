//! Answering from a caller's own findings.

use std::sync::Arc;

use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use quell_pipeline::query::{IncidentCache, QueryError, View};
use serde::Serialize;

use super::Problem;
use crate::access::Caller;
use crate::state::App;

/// Answers a question about the findings of a caller's tenant, and of no other. The address says
/// all that is asked, so the same address has the same answer while nothing changes.
pub(super) async fn view<T: Serialize>(
    app: &Arc<App>,
    caller: Caller,
    address: Uri,
    answer: impl FnOnce(&View<'_>) -> Result<T, QueryError> + Send + 'static,
) -> Result<Response, Problem> {
    let asking = Arc::clone(app);
    let json = app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let question = address.path_and_query().map_or("", |question| question.as_str());
        Ok(findings.answer((question, asking.clock.now()), answer)?)
    });
    Ok(([(CONTENT_TYPE, "application/json")], json.await?).into_response())
}

/// Answers a question about the incidents, which are made beside the findings.
pub(super) async fn told<T: Serialize + Send + 'static>(
    app: &Arc<App>,
    caller: Caller,
    answer: impl FnOnce(&View<'_>, &IncidentCache) -> Result<T, QueryError> + Send + 'static,
) -> Result<axum::Json<T>, Problem> {
    let asking = Arc::clone(app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let now = asking.clock.now();
        Ok(axum::Json(findings.view(now, |view| answer(view, findings.incidents()))?))
    })
    .await
}
