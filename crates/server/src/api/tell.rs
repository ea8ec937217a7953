//! Telling a platform about one of its findings.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::Untrusted;
use quell_pipeline::query::{Listing, QueryError, finding, listings};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Outside, Refused, Unchanged};
use super::extract::{Given, Id};
use crate::access::Caller;
use crate::state::App;
use crate::sync::{Listed, Tell, Told};

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToldReport {
    /// The platform, and the stream that lists the finding.
    #[serde(flatten)]
    place: Listing,
    /// What the platform calls the finding.
    #[schema(value_type = String)]
    native_id: Untrusted,
    /// Whether the platform took it, or it was so already.
    told: Told,
}

impl ToldReport {
    pub(crate) fn of(listed: Listed, told: Told) -> Self {
        let Listed { platform, target } = listed;
        Self {
            place: Listing { source: platform.name.clone(), stream: target.stream },
            native_id: Untrusted::from(target.id),
            told,
        }
    }
}

/// Tell a platform about one of its findings
///
/// A comment, a change of its status or a ticket's link goes to the platform that lists it, which
/// is then asked how the finding stands. What a platform has no call for is refused.
#[utoipa::path(post, path = "/findings/{id}/tell", tag = "findings", request_body = Tell,
    params(("id" = String, Path, description = "The finding's id, or its first characters"), OnceKey),
    responses((status = 200, description = "What became of it", body = ToldReport),
        Refused, Missing, Unchanged, BadBody, Outside))]
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(tell): Given<Tell>,
) -> Result<Json<ToldReport>, Problem> {
    let asking = Arc::clone(&app);
    let listed = app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let (by, now) = (caller.by(&asking), asking.clock.now());
        let found = findings.view_as::<_, QueryError>(by, now, |view, _| {
            // What they do not see is not there.
            finding(view, &id)?;
            listings(view.store, &id)
        })?;
        Ok(Listed::of(&asking.platforms, &caller.tenant, found)?)
    });
    let listed = listed.await?;
    let told = listed.tell(tell, app.clock.now()).await?;
    Ok(Json(ToldReport::of(listed, told)))
}
