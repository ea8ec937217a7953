//! Asking for an exception.

use jiff::tz::TimeZone;
use quell_govern::Person;
use quell_govern::exception::{Exception, Limits, Refusal, Request, State, end_of_day};
use quell_govern::expression::Expression;
use quell_model::{Date, KeyHasher, Severity, Timestamp};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::preview::{Preview, exception_preview};
use super::told::find_exception;
use crate::PipelineError;

/// What somebody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// The exception that it takes the place of once it is granted, by its id or the first
    /// characters of it. That one stays as it is until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub renews: Option<String>,
}

impl ExceptionPlan {
    /// What is asked for in the place of an exception, where nothing else is said: all that was asked
    /// for then, but for when it ends.
    #[must_use]
    pub fn renewing(old: &Exception) -> Self {
        let Request { scope, reason, compensating_controls, owner, until: _, renews: _ } =
            old.request.clone();
        let renews = Some(old.id.clone());
        Self { scope, reason, compensating_controls, owner, until: String::new(), renews }
    }
}

/// When a text says that something ends: a moment, or the last day, in UTC.
///
/// # Errors
/// When it says neither.
pub fn end_said(text: &str) -> Result<Timestamp, PipelineError> {
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

/// The parts of a request, in the order in which people are asked for them.
const ORDER: [&str; 5] = ["scope", "until", "reason", "owner", "compensating_controls"];

/// What is wrong with a part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The part, as [`ExceptionPlan`] has it.
    pub field: &'static str,
    /// What.
    pub said: String,
}

/// A request before it is made.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it would hide; none where its expression cannot be read.
    pub preview: Option<Preview>,
    /// When it would end; none where that is not said.
    pub until: Option<Timestamp>,
    /// What is wrong with it, once for each part, in the order in which people are asked for them.
    pub wrong: Vec<Wrong>,
}

/// What somebody would ask for, and all that is wrong with it. Nothing is changed.
///
/// # Errors
/// When there is no such exception to renew, or the store refuses.
pub fn exception_draft(
    store: &Store,
    limits: &Limits,
    plan: &ExceptionPlan,
    now: Timestamp,
) -> Result<Draft, PipelineError> {
    let readable = plan.scope.parse::<Expression>().is_ok();
    let preview = readable.then(|| exception_preview(store, limits, &plan.scope, now));
    let preview = preview.transpose()?;
    let renews = plan.renews.as_ref().map(|id| renewable(store, id)).transpose()?;
    let (until, mut wrong) = match end_said(&plan.until) {
        Ok(until) => (Some(until), Vec::new()),
        Err(error) => (None, vec![Wrong { field: "until", said: error.to_string() }]),
    };
    let scope = preview.as_ref().map_or(&plan.scope, |preview| &preview.scope);
    let request = request_of(plan, scope, until.unwrap_or(Timestamp::MAX), renews);
    let worst = preview.as_ref().and_then(|preview| preview.worst);
    for refusal in request.refusals(limits, worst, now) {
        match refusal.field() {
            Some("until") if until.is_none() => {}
            // How long it may last is not known either.
            Some(_) if preview.is_none() && matches!(refusal, Refusal::TooLong { .. }) => {}
            Some(field) => wrong.push(Wrong { field, said: refusal.to_string() }),
            None => return Err(PipelineError::Refused(refusal.to_string())),
        }
    }
    wrong.sort_by_key(|one| ORDER.iter().position(|field| *field == one.field));
    Ok(Draft { preview, until, wrong })
}

fn request_of(
    plan: &ExceptionPlan,
    scope: &str,
    until: Timestamp,
    renews: Option<String>,
) -> Request {
    Request {
        scope: scope.to_owned(),
        reason: plan.reason.trim().to_owned(),
        compensating_controls: plan.compensating_controls.clone(),
        owner: plan.owner.trim().to_owned(),
        until,
        renews,
    }
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
    let renews = plan.renews.as_ref().map(|id| renewable(store, id)).transpose()?;
    let request = request_of(plan, &preview.scope, end_said(&plan.until)?, renews);
    let exception = asked(request, limits, (preview.worst, "request"), (now, by))?;
    store.exception_add(std::slice::from_ref(&exception))?;
    let kept = store.exception_get(&exception.id)?.unwrap_or(exception);
    Ok((kept, preview))
}

/// The whole id of an exception that can be renewed: one that is granted, or has come to its end.
fn renewable(store: &Store, id: &str) -> Result<String, PipelineError> {
    let full = find_exception(store, id)?;
    let state = store.exception_get(&full)?.map(|one| one.state);
    if state.is_some_and(State::is_renewable) {
        return Ok(full);
    }
    let state = state.map_or("gone", State::as_str);
    let said = format!("the exception {full} is {state}; what was granted can be renewed");
    Err(PipelineError::Refused(said))
}

/// The exception of a request that is within its bounds, given the worst severity that it would hide.
pub(super) fn asked(
    request: Request,
    limits: &Limits,
    (worst, origin): (Option<Severity>, &str),
    (now, by): (Timestamp, &Person),
) -> Result<Exception, PipelineError> {
    request
        .check(limits, worst, now)
        .map_err(|refusal| PipelineError::Refused(refusal.to_string()))?;
    let key = KeyHasher::new("exception")
        .part(origin)
        .part(&request.scope)
        .part(&request.reason)
        .part(&request.owner)
        .part(&request.until.to_string())
        .part(&by.id);
    // One without it has the id that it had before there were renewals.
    let key = request.renews.iter().fold(key, |key, renews| key.part("renews").part(renews));
    let id = key.finish::<()>().to_string();
    Ok(Exception::requested(id, request, (origin, limits.reviewers(worst)), (by, now)))
}
