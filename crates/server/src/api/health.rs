//! Whether the server lives, whether it is ready, and its numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::access::{Right, bearer, find};
use crate::state::App;

use super::Problem;
use super::status::why_not_ready;

fn health(status: StatusCode, word: &str, output: Option<&str>) -> Response {
    let mut body = json!({"status": word});
    if let (Some(output), Some(body)) = (output, body.as_object_mut()) {
        body.insert("output".to_owned(), json!(output));
    }
    let mut response = (status, Json(body)).into_response();
    let kind = axum::http::HeaderValue::from_static("application/health+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether the process answers at all.
pub(crate) async fn live() -> Response {
    health(StatusCode::OK, "pass", None)
}

/// Whether it takes work: everything is open, the intake log works, and it is not stopping.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    match why_not_ready(&app) {
        None => health(StatusCode::OK, "pass", None),
        Some(why) => health(StatusCode::SERVICE_UNAVAILABLE, "fail", Some(why)),
    }
}

/// The numbers, for any token that is not limited to some places.
pub(crate) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    let text = given.and_then(bearer).map(str::to_owned);
    let asking = Arc::clone(&app);
    let found = app.quick(move || {
        let caller = find(&asking, text.as_deref())?.ok_or_else(Problem::unauthorized)?;
        // They count what all places have together.
        if caller.is_limited() {
            return Err(Problem::forbidden(caller.role, Right::Oversee));
        }
        let counts = asking.office().job_counts(None)?;
        for state in [quell_store::JobState::Queued, quell_store::JobState::Running] {
            let count = counts.iter().find(|(known, _)| *known == state).map_or(0, |(_, n)| *n);
            asking.metrics.waiting(state.as_str(), count);
        }
        asking.metrics.clock_ahead_seconds.set(asking.steady.ahead().as_secs());
        Ok(asking.metrics.text())
    });
    match found.await {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, kind)], text).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
