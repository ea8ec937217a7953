//! Answering from a caller's own findings: lists, and what has an id.

use std::sync::Arc;

use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use quell_pipeline::query::{IncidentCache, QueryError, Reach, View};
use serde::Serialize;

use super::Problem;
use crate::access::{Caller, Right};
use crate::data::Target;
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
        let asked = (question, asking.clock.now());
        findings.answer::<_, QueryError>(caller.by(&asking), asked, answer).map_err(Problem::from)
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
        let told = findings.view_as::<_, QueryError>(caller.by(&asking), now, answer)?;
        Ok(axum::Json(told))
    })
    .await
}

/// Refuses what somebody may not do about something that they name: what they do not see is not there,
/// and what they see in part only they may not change.
pub(super) fn check_reach(
    app: &App,
    caller: &Caller,
    right: Right,
    target: Target<'_>,
) -> Result<(), Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let what = match target {
        Target::Issue(_) => "issue",
        Target::Incident(_) => "incident",
    };
    match findings.reach((caller.by(app), right), app.clock.now(), target)? {
        Reach::Open => Ok(()),
        Reach::Seen => Err(Problem::beyond(what, right)),
        Reach::Hidden => Err(Problem::not_found(&format!("{what} of that id"))),
    }
}

/// Declares the two routes of a resource: its list, and one of it by its id.
macro_rules! resource {
    (
        $tag:literal at $path:literal and $one:literal, $list_name:literal and $show_name:literal;
        $(#[$list_about:meta])* list($query:ident) -> $page:ty = $list:path $(, or $none:ident)?;
        $(#[$show_about:meta])* show($id:literal) -> $story:ty = $show:path, $told:literal;
    ) => {
        $(#[$list_about])*
        #[utoipa::path(get, operation_id = $list_name, path = $path, tag = $tag, params($query), responses(
            (status = 200, description = "A page of them", body = $page),
            Refused, $($none,)?
        ))]
        pub(super) async fn list(
            State(app): State<Arc<App>>,
            Extension(caller): Extension<Caller>,
            OriginalUri(address): OriginalUri,
            Asked(asked): Asked<$query>,
        ) -> Result<Response, Problem> {
            view(&app, caller, address, move |view| $list(view, &asked)).await
        }

        $(#[$show_about])*
        #[utoipa::path(get, operation_id = $show_name, path = $one, tag = $tag,
            params(("id" = String, Path, description = $id)), responses(
            (status = 200, description = $told, body = $story),
            Refused, Missing,
        ))]
        pub(super) async fn show(
            State(app): State<Arc<App>>,
            Extension(caller): Extension<Caller>,
            OriginalUri(address): OriginalUri,
            Id(id): Id,
        ) -> Result<Response, Problem> {
            view(&app, caller, address, move |view| $show(view, &id)).await
        }
    };
}

pub(super) use resource;
