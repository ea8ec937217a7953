//! Issues: the same fault on the same asset, whoever sees it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use quell_pipeline::query::{self, IssueItem, IssueQuery, Page};
use quell_report::{IssueStory, RiskStory};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use super::view::{resource, view};
use crate::access::Caller;
use crate::state::App;

resource! {
    "issues" at "/issues" and "/issues/{id}", "list_issues" and "show_issue";
    /// List issues
    list(IssueQuery) -> Page<IssueItem> = query::issues;
    /// Show an issue
    show("The issue's id, or its first characters") -> IssueStory = query::issue, "The issue with its findings, its asset, its risk and its explanation";
}

/// Explain the risk of an issue
///
/// Its parts, the records they rest on, and what would change it.
#[utoipa::path(get, operation_id = "explain_risk", path = "/issues/{id}/risk", tag = "issues",
    params(("id" = String, Path, description = "The issue's id, or its first characters")), responses(
    (status = 200, description = "The parts of the score, and what would change it", body = RiskStory),
    Refused, Missing,
))]
pub(super) async fn risk(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Id(id): Id,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::risk(view, &id)).await
}
