//! What people decide: taking a wrong merge apart, and putting together what belongs together.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::{IncidentKey, IssueKey, Timestamp};
use quell_pipeline::{
    PipelineError, Setup, join_incidents, reset_incident, split_incident, split_issue,
};
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
    let asking = Arc::clone(&app);
    app.quick(move || {
        check_reach(&asking, &caller, Right::Decide, Target::Issue(&id))?;
        let findings = asking.tenants.of(&caller.tenant)?;
        let now = asking.clock.now();
        let issue = findings
            .write(|store| split_issue(store, findings.setup(), (&id, &body.finding), now))?;
        Ok(Json(IssueMade { issue }))
    })
    .await
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

/// What goes with an incident.
enum Named {
    /// Issues of it.
    Issues(Vec<String>),
    /// Incidents beside it.
    Incidents(Vec<String>),
}

/// What is decided about an incident and others: issues of it, or incidents beside it.
type Decide = fn(
    &mut Store,
    &Setup,
    (&str, &[String], Option<&FilePath>),
    (Timestamp, &str),
) -> Result<IncidentKey, PipelineError>;

/// Decides about an incident and the ids that go with it, signed by who asks.
async fn decide(
    app: &Arc<App>,
    caller: Caller,
    (id, named): (String, Named),
    how: Decide,
) -> Result<Json<IncidentMade>, Problem> {
    let asking = Arc::clone(app);
    app.quick(move || {
        let (ids, others) = match named {
            Named::Issues(ids) => (ids, Vec::new()),
            Named::Incidents(ids) => (ids.clone(), ids),
        };
        check_ids(&ids)?;
        for id in std::iter::once(&id).chain(&others) {
            check_reach(&asking, &caller, Right::Decide, Target::Incident(id))?;
        }
        let findings = asking.tenants.of(&caller.tenant)?;
        let (now, by) = (asking.clock.now(), caller.signature());
        let incident =
            findings.write(|store| how(store, findings.setup(), (&id, &ids, None), (now, &by)))?;
        Ok(Json(IncidentMade { incident }))
    })
    .await
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
    decide(&app, caller, (id, Named::Issues(body.issues)), split_incident).await
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
    decide(&app, caller, (id, Named::Incidents(body.incidents)), join_incidents).await
}

/// How many decisions were taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionsRemoved {
    /// So many.
    removed: u64,
}

impl DecisionsRemoved {
    pub(super) const fn of(removed: u64) -> Self {
        Self { removed }
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
    let asking = Arc::clone(&app);
    app.quick(move || {
        check_reach(&asking, &caller, Right::Decide, Target::Incident(&id))?;
        let findings = asking.tenants.of(&caller.tenant)?;
        let now = asking.clock.now();
        let removed =
            findings.write(|store| reset_incident(store, findings.setup(), (&id, None), now));
        let removed = removed.map_err(|error| match &error {
            // Whether there is such an incident is not told by what was decided about it.
            PipelineError::Refused(_) | PipelineError::NotFound { .. } => {
                Problem::not_found("incident of that id about which somebody decided")
            }
            PipelineError::Store(_)
            | PipelineError::Body(_)
            | PipelineError::Repository { .. }
            | PipelineError::Unwritten { .. }
            | PipelineError::HalfWritten { .. }
            | PipelineError::Git { .. }
            | PipelineError::Intelligence { .. }
            | PipelineError::Inventory { .. }
            | PipelineError::Interrupted => error.into(),
        })?;
        Ok(Json(DecisionsRemoved::of(u64::try_from(removed).unwrap_or(u64::MAX))))
    })
    .await
}
