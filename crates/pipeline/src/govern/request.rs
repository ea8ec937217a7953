//! Asking for an exception.

use jiff::tz::TimeZone;
use quell_govern::Person;
use quell_govern::exception::{Exception, Limits, Request, end_of_day};
use quell_model::{Date, KeyHasher, Timestamp};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::preview::{Preview, exception_preview};
use crate::PipelineError;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionPlan {
    /// Which issues: an expression.
    #[schema(min_length = 1, max_length = 16384)]
    pub scope: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    /// What is done in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensating_controls: Vec<String>,
    /// Who answers for it.
    #[schema(min_length = 1, max_length = 2000)]
    pub owner: String,
    /// When it ends: a moment, or the last day on which it holds, in UTC.
    pub until: String,
}

/// When a text says that something ends: a moment, or the last day, in UTC.
pub(super) fn end(text: &str) -> Result<Timestamp, PipelineError> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let day = text.parse::<Date>().ok().and_then(|day| end_of_day(day, &TimeZone::UTC));
    day.ok_or_else(|| {
        let said = "`until` is a day as 2027-01-31, or a moment as 2027-01-31T18:00:00+01:00";
        PipelineError::Refused(said.to_owned())
    })
}

/// Asks for an exception, and says what it would hide. It hides nothing until reviewers agree. The
/// same request again is the same exception.
///
/// # Errors
/// When a part of it is missing, too long or over, or the store refuses.
pub fn exception_request(
    store: &mut Store,
    limits: &Limits,
    plan: &ExceptionPlan,
    (now, by): (Timestamp, &Person),
) -> Result<(Exception, Preview), PipelineError> {
    let preview = exception_preview(store, limits, &plan.scope, now)?;
    let request = Request {
        scope: preview.scope.clone(),
        reason: plan.reason.trim().to_owned(),
        compensating_controls: plan.compensating_controls.clone(),
        owner: plan.owner.trim().to_owned(),
        until: end(&plan.until)?,
    };
    let exception = asked(request, limits, (&preview, "request"), (now, by))?;
    store.exception_add(std::slice::from_ref(&exception))?;
    let kept = store.exception_get(&exception.id)?.unwrap_or(exception);
    Ok((kept, preview))
}

/// The exception of a request that is within its bounds.
pub(super) fn asked(
    request: Request,
    limits: &Limits,
    (preview, origin): (&Preview, &str),
    (now, by): (Timestamp, &Person),
) -> Result<Exception, PipelineError> {
    request
        .check(limits, preview.worst, now)
        .map_err(|refusal| PipelineError::Refused(refusal.to_string()))?;
    let key = KeyHasher::new("exception")
        .part(origin)
        .part(&request.scope)
        .part(&request.reason)
        .part(&request.owner)
        .part(&request.until.to_string())
        .part(&by.id);
    let id = key.finish::<()>().to_string();
    Ok(Exception::requested(id, request, (origin, preview.reviewers), (by, now)))
}
