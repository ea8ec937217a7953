//! Exceptions: asked for, looked at on what is stored, reviewed, and taken back.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_govern::exception::{Exception, State as Stands};
use quell_pipeline::govern::{
    Answer, Draft, ExceptionPlan, ListTaken, Preview, Told, Wish, exception_decide,
    exception_draft, exception_import, exception_list, exception_preview, exception_request,
    exception_show, find_exception, limits,
};
use quell_pipeline::query::{self, QueryError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use super::people::{check, person};
use crate::access::{Caller, Right};
use crate::state::App;

/// Most ids of one decision.
const MOST_IDS: usize = 1_000;
/// Bytes of a list of another tool.
const MOST_LIST_BYTES: usize = 8 << 20;

/// Which exceptions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionQuery {
    /// Only those that stand so.
    #[param(inline)]
    state: Option<Stands>,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// How many stand before the page.
    #[param(minimum = 0)]
    skip: Option<usize>,
}

/// A page of exceptions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExceptionPage {
    /// Those that wait for a reviewer first, then those that end next.
    items: Vec<Told>,
    /// How many fit on all pages together.
    total: u64,
}

/// An exception that was asked for, and what it would hide.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExceptionAsked {
    /// The exception.
    exception: Exception,
    /// What it would hide now.
    preview: Preview,
}

/// Which issues.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionScope {
    /// An expression; all open issues where it is left out.
    #[param(min_length = 1, max_length = 16384)]
    scope: Option<String>,
}

/// What is decided, of which exceptions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionDecision {
    /// Their ids, or the first characters of them.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<String>,
    /// What.
    wish: Wish,
    /// Why; a refusal has to say it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExceptionAnswers {
    /// In the order of the ids.
    items: Vec<Answer>,
}

/// A list of what another tool leaves out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionList {
    /// The name of the file.
    #[schema(min_length = 1, max_length = 1024)]
    name: String,
    /// What it holds.
    text: String,
    /// Who answers for what it leaves out.
    #[schema(min_length = 1, max_length = 2000)]
    owner: String,
    /// When an entry ends that names no day itself.
    #[serde(default)]
    until: Option<String>,
}

/// Exceptions as they stand, those that wait first, and how many there are.
pub(crate) fn exceptions_seen(
    app: &App,
    caller: &Caller,
    states: &[Stands],
    (skip, limit): (usize, usize),
) -> Result<(Vec<Told>, u64), Problem> {
    let now = app.clock.now();
    let findings = app.tenants.of(&caller.tenant)?;
    let all = findings.read(|store| exception_list(store, states, now))?;
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    Ok((all.into_iter().skip(skip).take(limit).collect(), total))
}

/// An exception, what it hides or would hide, and what who looks may say of it.
#[derive(Debug)]
pub(crate) struct ExceptionSeen {
    pub(crate) told: Told,
    /// What it is about now; none where it hides nothing any more.
    pub(crate) preview: Option<Preview>,
    /// Whether they review what others ask for.
    pub(crate) may_review: bool,
    /// Whether they may ask for one.
    pub(crate) may_ask: bool,
    /// The one that waits to take its place.
    pub(crate) renewal: Option<String>,
}

/// One exception as who looks sees it.
pub(crate) fn exception_seen(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<ExceptionSeen, Problem> {
    let (now, limits) = (app.clock.now(), limits(&app.config.exceptions));
    let may_review = check(app, caller, Right::Approve).is_ok();
    let may_ask = check(app, caller, Right::Decide).is_ok();
    app.tenants.of(&caller.tenant)?.read(|store| {
        let told = exception_show(store, id, now)?;
        let is_live = told.exception.state.waits() || told.in_force;
        let scope = told.exception.request.scope.as_str();
        let preview = is_live.then(|| exception_preview(store, &limits, scope, now)).transpose()?;
        let waiting = match told.exception.state.is_renewable() {
            true => store.exception_list(&[Stands::Requested, Stands::Reviewed])?,
            false => Vec::new(),
        };
        let renews = |one: &Exception| one.request.renews.as_ref() == Some(&told.exception.id);
        let renewal = waiting.into_iter().find(renews).map(|one| one.id);
        Ok(ExceptionSeen { told, preview, may_review, may_ask, renewal })
    })
}

/// One exception as it stands.
pub(crate) fn exception_told(app: &App, caller: &Caller, id: &str) -> Result<Told, Problem> {
    let now = app.clock.now();
    app.tenants.of(&caller.tenant)?.read(|store| Ok(exception_show(store, id, now)?))
}

/// The whole id of an exception, given its first characters.
pub(crate) fn exception_named(app: &App, caller: &Caller, id: &str) -> Result<String, Problem> {
    app.tenants.of(&caller.tenant)?.read(|store| Ok(find_exception(store, id)?))
}

/// The open issues of an incident, as far as who looks sees them.
pub(crate) fn issues_of_incident(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<Vec<String>, Problem> {
    let (findings, now) = (app.tenants.of(&caller.tenant)?, app.clock.now());
    let story = findings.view_as::<_, QueryError>(caller.by(app), now, |view, cache| {
        query::incident(view, cache, id)
    })?;
    Ok(story.incident.issues)
}

/// What somebody would ask for, and all that is wrong with it.
pub(crate) fn exception_drafted(
    app: &App,
    caller: &Caller,
    plan: &ExceptionPlan,
) -> Result<Draft, Problem> {
    let (now, limits) = (app.clock.now(), limits(&app.config.exceptions));
    let findings = app.tenants.of(&caller.tenant)?;
    findings.read(|store| Ok(exception_draft(store, &limits, plan, now)?))
}

/// Asks for an exception; what it would hide.
pub(crate) fn ask_exception(
    app: &App,
    caller: &Caller,
    plan: &ExceptionPlan,
) -> Result<(Exception, Preview), Problem> {
    let (by, limits) = (person(caller), limits(&app.config.exceptions));
    let (findings, now) = (app.tenants.of(&caller.tenant)?, app.clock.now());
    Ok(findings.write(|store| exception_request(store, &limits, plan, (now, &by)))?)
}

/// Decides on exceptions, each for itself. Only who may approve everywhere reviews; who asked takes
/// back what they asked for.
pub(crate) fn decide_exceptions(
    app: &App,
    caller: &Caller,
    (ids, wish, note): (&[String], Wish, &str),
) -> Result<Vec<Answer>, Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let (by, limits) = (person(caller), limits(&app.config.exceptions));
    let reviews = match check(app, caller, Right::Approve) {
        Ok(()) => true,
        Err(_) if wish == Wish::Withdraw => false,
        Err(refused) => return Err(refused),
    };
    let (now, wish) = (app.clock.now(), (ids, wish, note));
    Ok(findings.write(|store| exception_decide(store, &limits, wish, (now, &by), reviews))?)
}

/// List exceptions
#[utoipa::path(get, operation_id = "list_exceptions", path = "/exceptions", tag = "exceptions", params(ExceptionQuery), responses(
    (status = 200, description = "A page of exceptions", body = ExceptionPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<ExceptionQuery>,
) -> Result<Json<ExceptionPage>, Problem> {
    let limit = asked.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::invalid("`limit` is 1 to 500"));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let states: Vec<Stands> = asked.state.into_iter().collect();
        let page = (asked.skip.unwrap_or(0), limit);
        let (items, total) = exceptions_seen(&asking, &caller, &states, page)?;
        Ok(Json(ExceptionPage { items, total }))
    })
    .await
}

/// Show an exception
#[utoipa::path(get, operation_id = "show_exception", path = "/exceptions/{id}", tag = "exceptions",
    params(("id" = String, Path, description = "The exception's id, or its first characters")), responses(
    (status = 200, description = "The exception with all that happened to it", body = Told),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<Told>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(exception_told(&asking, &caller, &id)?))).await
}

/// Say what an exception would hide, on what is stored now
///
/// Nothing is changed.
#[utoipa::path(get, operation_id = "preview_exception", path = "/exception-preview", tag = "exceptions", params(ExceptionScope), responses(
    (status = 200, description = "What it would hide", body = Preview),
    (status = 422, description = "The expression cannot be read", body = Problem, content_type = "application/problem+json"),
    Refused,
))]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<ExceptionScope>,
) -> Result<Json<Preview>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let (now, limits) = (asking.clock.now(), limits(&asking.config.exceptions));
        let scope = asked.scope.as_deref().unwrap_or("severity >= informational");
        Ok(Json(findings.read(|store| exception_preview(store, &limits, scope, now))?))
    })
    .await
}

/// Ask for an exception
///
/// It hides nothing until reviewers agree, and who asks is none of them. The same request again
/// is the same exception.
#[utoipa::path(post, operation_id = "request_exception", path = "/exceptions", tag = "exceptions", params(OnceKey), request_body = ExceptionPlan,
    responses((status = 200, description = "It waits for a reviewer", body = ExceptionAsked), Refused, Missing, Unchanged, BadBody))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(plan): Given<ExceptionPlan>,
) -> Result<Json<ExceptionAsked>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (exception, preview) = ask_exception(&asking, &caller, &plan)?;
        Ok(Json(ExceptionAsked { exception, preview }))
    })
    .await
}

/// Decide on exceptions
///
/// Each for itself: what is refused for one does not stop the others. Only approvers and admins
/// approve and refuse, and nobody what they asked for themselves. Whoever asked may take it back.
#[utoipa::path(post, operation_id = "decide_exceptions", path = "/exceptions/decide", tag = "exceptions", params(OnceKey), request_body = ExceptionDecision,
    responses((status = 200, description = "What became of each", body = ExceptionAnswers), Refused, Unchanged, BadBody))]
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(body): Given<ExceptionDecision>,
) -> Result<Json<ExceptionAnswers>, Problem> {
    if body.ids.is_empty() || body.ids.len() > MOST_IDS {
        return Err(Problem::unprocessable(format!("name 1 to {MOST_IDS} ids")));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let wish = (body.ids.as_slice(), body.wish, body.note.as_str());
        Ok(Json(ExceptionAnswers { items: decide_exceptions(&asking, &caller, wish)? }))
    })
    .await
}

/// Ask for what another tool leaves out as exceptions
///
/// `.trivyignore`, `.trivyignore.yaml`, Prowler's mutelists and Checkov's `skip-check`. Each entry
/// waits for a reviewer; what cannot be taken over is told with its line.
#[utoipa::path(post, operation_id = "import_exceptions", path = "/exceptions/import", tag = "exceptions", params(OnceKey), request_body = ExceptionList,
    responses((status = 200, description = "What became of the list", body = ListTaken), Refused, Unchanged, BadBody))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(body): Given<ExceptionList, MOST_LIST_BYTES>,
) -> Result<Json<ListTaken>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let (by, limits) = (person(&caller), limits(&asking.config.exceptions));
        let now = asking.clock.now();
        let (file, owner) = ((body.name.as_str(), body.text.as_str()), body.owner.as_str());
        let owned = (owner, body.until.as_deref());
        let taken =
            findings.write(|store| exception_import(store, &limits, file, owned, (now, &by)))?;
        Ok(Json(taken))
    })
    .await
}
