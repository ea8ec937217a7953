//! Marking: what a person says of issues. It is shown beside what the tools say, and closes none.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::{Date, IssueKey, Mark, MarkKind};
use quell_pipeline::{Marking, mark_issue, unmark_issue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::decisions::{About, DecisionsRemoved, decided};
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Given, Id};
use crate::access::Caller;
use crate::state::App;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkPlan {
    /// How it is marked.
    #[serde(rename = "as")]
    kind: MarkKind,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
    /// The last day on which it holds: today or later. Without one it holds until it is taken back.
    #[serde(default)]
    until: Option<Date>,
}

impl MarkPlan {
    fn marking(self) -> Marking {
        Marking { kind: self.kind, reason: self.reason, until: self.until }
    }
}

/// An issue and how it is marked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssueMarked {
    /// Its id.
    issue: IssueKey,
    /// How it is marked.
    mark: Mark,
}

/// How many issues are marked so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IncidentMarked {
    /// So many: all that the incident has.
    issues: u64,
}

/// Mark an issue
///
/// The same mark again changes nothing; another one takes its place. Whatever the mark, the issue
/// stays open while a tool says that it is.
#[utoipa::path(post, path = "/issues/{id}/mark", tag = "issues", request_body = MarkPlan,
    params(("id" = String, Path, description = "The issue's id, or its first characters"), OnceKey),
    responses((status = 200, description = "How it is marked", body = IssueMarked),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn mark_one_issue(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(plan): Given<MarkPlan>,
) -> Result<Json<IssueMarked>, Problem> {
    let about = About::Issue(id.clone());
    let marked = decided(&app, (caller, about), move |_, store, (_, now, by)| {
        mark_issue(store, (&id, &plan.marking()), (now, by))
    });
    let (issue, mark) = marked.await?;
    Ok(Json(IssueMarked { issue, mark }))
}

/// Take the mark of an issue back
#[utoipa::path(delete, path = "/issues/{id}/mark", tag = "issues",
    params(("id" = String, Path, description = "The issue's id, or its first characters"), OnceKey),
    responses((status = 200, description = "It is not marked; 0 where it was not before", body = DecisionsRemoved),
        Refused, Missing, Unchanged))]
pub(super) async fn unmark_one_issue(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<DecisionsRemoved>, Problem> {
    let about = About::Issue(id.clone());
    let removed = decided(&app, (caller, about), move |_, store, _| unmark_issue(store, &id));
    let (_, was_marked) = removed.await?;
    Ok(Json(DecisionsRemoved::of(usize::from(was_marked))))
}

/// Mark all issues of an incident
///
/// Those that come to it later are not marked.
#[utoipa::path(post, path = "/incidents/{id}/mark", tag = "incidents", request_body = MarkPlan,
    params(("id" = String, Path, description = "The incident's id, or its first characters"), OnceKey),
    responses((status = 200, description = "Its issues are marked so", body = IncidentMarked),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn mark_one_incident(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(plan): Given<MarkPlan>,
) -> Result<Json<IncidentMarked>, Problem> {
    let about = About::Incidents(vec![id.clone()]);
    let marked = decided(&app, (caller, about), move |incidents, store, by| {
        incidents.mark(store, (&id, &plan.marking()), by)
    });
    Ok(Json(IncidentMarked { issues: u64::try_from(marked.await?).unwrap_or(u64::MAX) }))
}

/// Take the marks of all issues of an incident back
#[utoipa::path(delete, path = "/incidents/{id}/mark", tag = "incidents",
    params(("id" = String, Path, description = "The incident's id, or its first characters"), OnceKey),
    responses((status = 200, description = "None of its issues is marked", body = DecisionsRemoved),
        Refused, Missing, Unchanged))]
pub(super) async fn unmark_one_incident(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<DecisionsRemoved>, Problem> {
    let about = About::Incidents(vec![id.clone()]);
    let removed = decided(&app, (caller, about), move |incidents, store, (setup, now, _)| {
        incidents.unmark(store, &id, (setup, now))
    });
    Ok(Json(DecisionsRemoved::of(removed.await?)))
}
