//! What people decide: taking a wrong merge apart, and putting together what belongs together.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::{IncidentKey, IssueKey};
use quell_pipeline::query::{Decider, IncidentCache};
use quell_pipeline::{PipelineError, split_issue};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Given, Id};
use super::view::check_reach;
use crate::access::{Caller, Right};
use crate::data::Target;
use crate::state::App;

/// What a decision is about.
#[derive(Debug)]
pub(super) enum About {
    /// An issue.
    Issue(String),
    /// Incidents.
    Incidents(Vec<String>),
}

impl About {
    /// Refuses what the caller may not decide about.
    fn check(&self, app: &App, caller: &Caller) -> Result<(), Problem> {
        let check = |target| check_reach(app, caller, Right::Decide, target);
        match self {
            Self::Issue(id) => check(Target::Issue(id)),
            Self::Incidents(ids) => ids.iter().try_for_each(|id| check(Target::Incident(id))),
        }
    }
}

/// Decides on the caller's findings, at this moment and signed by them.
pub(super) async fn decided<T: Send + 'static, E: Into<Problem>>(
    app: &Arc<App>,
    (caller, about): (Caller, About),
    decide: impl FnOnce(&IncidentCache, &mut Store, Decider<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    let asking = Arc::clone(app);
    app.quick(move || {
        about.check(&asking, &caller)?;
        let findings = asking.tenants.of(&caller.tenant)?;
        let by = caller.signature();
        let by = (findings.setup(), asking.clock.now(), by.as_str());
        let done = findings.write(|store| decide(findings.incidents(), store, by));
        let done = done.map_err(Into::into)?;
        findings.catch_up()?;
        Ok(done)
    })
    .await
}

/// Most ids of one decision.
const MOST_IDS: usize = 10_000;

/// Which finding is taken out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueSplit {
    /// The finding's id, or its first characters.
    finding: String,
}

/// The issue that came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssueMade {
    /// Its id.
    issue: IssueKey,
}

/// Take a finding out of its issue, for good
#[utoipa::path(post, path = "/issues/{id}/split", tag = "issues", request_body = IssueSplit,
    params(("id" = String, Path, description = "The issue's id, or its first characters"),
        OnceKey),
    responses((status = 200, description = "The finding is an issue of its own", body = IssueMade),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn split_one_issue(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(body): Given<IssueSplit>,
) -> Result<Json<IssueMade>, Problem> {
    let about = About::Issue(id.clone());
    let issue = decided(&app, (caller, about), move |_, store, (setup, now, _)| {
        split_issue(store, setup, (&id, &body.finding), now)
    });
    Ok(Json(IssueMade { issue: issue.await? }))
}

/// Which issues are taken out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentSplit {
    /// The issues' ids, or their first characters: not none and not all.
    #[schema(min_items = 1, max_items = 10000)]
    issues: Vec<String>,
}

/// Which incidents become part of this one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentJoin {
    /// The incidents' ids, or their first characters.
    #[schema(min_items = 1, max_items = 10000)]
    incidents: Vec<String>,
}

/// The incident that came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IncidentMade {
    /// Its id.
    incident: IncidentKey,
}

fn check_ids(ids: &[String]) -> Result<(), Problem> {
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(Problem::unprocessable(format!("name 1 to {MOST_IDS} ids")));
    }
    Ok(())
}

/// What is decided about an incident and others: issues of it, or incidents beside it.
type Decide = fn(
    &IncidentCache,
    &mut Store,
    (&str, &[String]),
    Decider<'_>,
) -> Result<IncidentKey, PipelineError>;

/// Decides about an incident and the ids that go with it, signed by who asks.
async fn decide(
    app: &Arc<App>,
    caller: Caller,
    (id, ids, others): (String, Vec<String>, Option<Vec<String>>),
    how: Decide,
) -> Result<Json<IncidentMade>, Problem> {
    check_ids(&ids)?;
    let named = others.iter().flatten().chain([&id]).cloned().collect();
    let about = (caller, About::Incidents(named));
    let incident =
        decided(app, about, move |incidents, store, by| how(incidents, store, (&id, &ids), by));
    Ok(Json(IncidentMade { incident: incident.await? }))
}

/// Take issues out of an incident into one of their own
///
/// Later imports keep them apart.
#[utoipa::path(post, path = "/incidents/{id}/split", tag = "incidents", request_body = IncidentSplit,
    params(("id" = String, Path, description = "The incident's id, or its first characters"),
        OnceKey),
    responses((status = 200, description = "They are an incident of their own", body = IncidentMade),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn split_one_incident(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(body): Given<IncidentSplit>,
) -> Result<Json<IncidentMade>, Problem> {
    decide(&app, caller, (id, body.issues, None), IncidentCache::split).await
}

/// Make incidents part of another
///
/// What comes to them later belongs to it too.
#[utoipa::path(post, path = "/incidents/{id}/join", tag = "incidents", request_body = IncidentJoin,
    params(("id" = String, Path, description = "The incident's id, or its first characters"),
        OnceKey),
    responses((status = 200, description = "They are one incident", body = IncidentMade),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn join_one_incident(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(body): Given<IncidentJoin>,
) -> Result<Json<IncidentMade>, Problem> {
    let others = Some(body.incidents.clone());
    decide(&app, caller, (id, body.incidents, others), IncidentCache::join).await
}

/// How many decisions were taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionsRemoved {
    /// So many.
    removed: u64,
}

impl DecisionsRemoved {
    pub(super) fn of(removed: usize) -> Self {
        Self { removed: u64::try_from(removed).unwrap_or(u64::MAX) }
    }
}

/// Take back what was decided about an incident
#[utoipa::path(post, path = "/incidents/{id}/reset", tag = "incidents",
    params(("id" = String, Path, description = "The incident's id, or its first characters"),
        OnceKey),
    responses((status = 200, description = "Its issues are joined by what is known again", body = DecisionsRemoved),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn reset_one_incident(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<DecisionsRemoved>, Problem> {
    let about = About::Incidents(vec![id.clone()]);
    let removed = decided(&app, (caller, about), move |incidents, store, (setup, now, _)| {
        incidents.reset(store, &id, (setup, now)).map_err(|error| match &error {
            // Whether there is such an incident is not told by what was decided about it.
            PipelineError::Refused(_) | PipelineError::NotFound { .. } => {
                Problem::not_found("incident of that id about which somebody decided")
            }
            PipelineError::Store(_)
            | PipelineError::Threads(_)
            | PipelineError::Unread(_)
            | PipelineError::Body(_)
            | PipelineError::Repository { .. }
            | PipelineError::Unwritten { .. }
            | PipelineError::HalfWritten { .. }
            | PipelineError::Journal { .. }
            | PipelineError::Git { .. }
            | PipelineError::Intelligence { .. }
            | PipelineError::Inventory { .. }
            | PipelineError::Interrupted => error.into(),
        })
    });
    Ok(Json(DecisionsRemoved::of(removed.await?)))
}
