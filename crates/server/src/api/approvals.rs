//! Plans: asked for, looked at, agreed to, refused. Looking at one never does anything.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use quell_govern::Person;
use quell_govern::approval::{Delegation, Plan};
use quell_model::Timestamp;
use quell_pipeline::govern::{
    Happened, PlanAsked, PlanTold, Ruling, Saying, Word, find_plan, plan_issues, plan_request,
    plan_say, plan_told,
};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use super::people::{is_active, person, ruling, standing};
use crate::access::Caller;
use crate::data::Findings;
use crate::state::App;

/// Most days for which somebody may speak in another's place.
const MOST_DAYS: u32 = 90;

/// Which plans.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanQuery {
    /// Those that are decided too.
    #[serde(default)]
    all: bool,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// How many stand before the page.
    #[param(minimum = 0)]
    skip: Option<usize>,
}

/// A page of plans.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanPage {
    /// The newest first.
    items: Vec<PlanTold>,
    /// How many fit on all pages together.
    total: u64,
}

/// What is to be carried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanWish {
    /// The fix, by its id or the first characters of it.
    #[schema(min_length = 1, max_length = 200)]
    fix: String,
}

/// Who may speak in your place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DelegationPlan {
    /// Their id.
    #[schema(min_length = 1, max_length = 200)]
    to: String,
    /// For how many days, 0 to 90; 0 ends it now.
    days: u32,
}

/// Asks something of plans, with what is known of people and rules now.
async fn of_plans<T: Send + 'static>(
    app: &Arc<App>,
    caller: Caller,
    ask: impl FnOnce(&App, &Caller, &Ruling) -> Result<T, Problem> + Send + 'static,
) -> Result<Json<T>, Problem> {
    let asking = Arc::clone(app);
    app.quick(move || {
        let ruling = ruling(&asking)?;
        ask(&asking, &caller, &ruling).map(Json)
    })
    .await
}

/// Notes with the incidents of a plan that enough people agree to it, or none have to.
fn note_ready(findings: &Findings, plan: Option<&PlanTold>, now: Timestamp) {
    let Some(plan) = plan.filter(|plan| plan.ready) else { return };
    let issues = plan_issues(&plan.evidence).into_iter();
    let approved = issues.map(|issue| (issue, now)).collect();
    findings.note(Happened { approved, ..Happened::default() });
}

/// Which plans are looked at.
#[derive(Debug)]
pub(crate) struct PlansAsked {
    /// Those that are decided too.
    pub(crate) all: bool,
    /// How many stand before them.
    pub(crate) skip: usize,
    /// At most so many.
    pub(crate) limit: usize,
}

/// A plan, and whether who looks may approve it.
#[derive(Debug)]
pub(crate) struct PlanSeen {
    pub(crate) plan: PlanTold,
    pub(crate) may_approve: bool,
}

/// Plans as who looks sees them, and how many there are.
pub(crate) fn plans_seen(
    app: &App,
    caller: &Caller,
    asked: &PlansAsked,
) -> Result<(Vec<PlanTold>, u64), Problem> {
    let ruling = ruling(app)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let now = app.clock.now();
    app.tenants.of(&caller.tenant)?.read(|store| {
        let all = store.plan_list(!asked.all)?;
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let page = all.into_iter().skip(asked.skip).take(asked.limit);
        let told = page.map(|row| plan_told(store, &ruling, row, (now, &known)));
        Ok((told.collect::<Result<Vec<_>, _>>()?, total))
    })
}

/// One plan as who looks sees it.
pub(crate) fn plan_seen(app: &App, caller: &Caller, id: &str) -> Result<PlanSeen, Problem> {
    let ruling = ruling(app)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let now = app.clock.now();
    app.tenants.of(&caller.tenant)?.read(|store: &Store| {
        let id = find_plan(store, id)?;
        let row = store.plan_get(&id)?.ok_or_else(|| Problem::not_found("plan of that id"))?;
        let may = known(&person(caller), &row.0);
        let may = may.filter(|may| row.0.quorum.takes(&may.role));
        let may_approve = may.is_some_and(|may| may.active && may.approves);
        Ok(PlanSeen { plan: plan_told(store, &ruling, row, (now, &known))?, may_approve })
    })
}

/// Says something of a plan; the plan as it stands then.
pub(crate) fn say_of_plan(
    app: &App,
    caller: &Caller,
    (id, saying): (&str, &Saying),
) -> Result<PlanTold, Problem> {
    let ruling = ruling(app)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let (now, by) = (app.clock.now(), person(caller));
    let findings = app.tenants.of(&caller.tenant)?;
    let told =
        findings.write(|store| plan_say(store, &ruling, (id, saying), (now, &by), &known))?;
    if saying.word == Word::Approve {
        note_ready(&findings, Some(&told), now);
    }
    if saying.word == Word::BreakGlass {
        let (plan, by) = (told.id.as_str(), by.name.as_str());
        tracing::error!(plan, by, "somebody did not wait for others: review it");
    }
    Ok(told)
}

/// List plans that wait for people
#[utoipa::path(get, operation_id = "list_approvals", path = "/approvals", tag = "approvals", params(PlanQuery), responses(
    (status = 200, description = "A page of plans", body = PlanPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<PlanQuery>,
) -> Result<Json<PlanPage>, Problem> {
    let limit = asked.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::invalid("`limit` is 1 to 500"));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let asked = PlansAsked { all: asked.all, skip: asked.skip.unwrap_or(0), limit };
        let (items, total) = plans_seen(&asking, &caller, &asked)?;
        Ok(Json(PlanPage { items, total }))
    })
    .await
}

/// Show a plan
///
/// All that is agreed to, with its hash. What could turn text round is written out.
#[utoipa::path(get, operation_id = "show_approval", path = "/approvals/{id}", tag = "approvals",
    params(("id" = String, Path, description = "The plan's id, or its first characters")), responses(
    (status = 200, description = "The plan with what people said of it", body = PlanTold),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<PlanTold>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(plan_seen(&asking, &caller, &id)?.plan))).await
}

/// Ask for a fix to be carried out
///
/// Rules say whether it waits for people, runs by rule, or is refused.
#[utoipa::path(post, operation_id = "request_approval", path = "/approvals", tag = "approvals", params(OnceKey), request_body = PlanWish,
    responses((status = 200, description = "What rules say, and the plan", body = PlanAsked), Refused, Missing, Unchanged, BadBody))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(wish): Given<PlanWish>,
) -> Result<Json<PlanAsked>, Problem> {
    of_plans(&app, caller, move |app, caller, ruling| {
        let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
        let (now, by) = (app.clock.now(), person(caller));
        let of = (caller.tenant.as_str(), wish.fix.as_str());
        let findings = app.tenants.of(&caller.tenant)?;
        let asked = findings.write(|store| plan_request(store, ruling, of, (now, &by), &known))?;
        // One that runs by a rule waits for nobody.
        note_ready(&findings, asked.plan.as_ref(), now);
        Ok(asked)
    })
    .await
}

/// Say something of a plan
///
/// Yes, no, taking it back, not waiting for others, or reviewing that. A yes and a no name the hash
/// of the plan that was looked at, so nobody agrees to another one.
#[utoipa::path(post, operation_id = "decide_approval", path = "/approvals/{id}", tag = "approvals", request_body = Saying,
    params(("id" = String, Path, description = "The plan's id, or its first characters"), OnceKey),
    responses((status = 200, description = "The plan as it stands now", body = PlanTold), Refused, Missing, Unchanged, BadBody))]
pub(super) async fn say(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(saying): Given<Saying>,
) -> Result<Json<PlanTold>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(say_of_plan(&asking, &caller, (&id, &saying))?))).await
}

/// Let another person speak in your place
///
/// They cannot pass it on, and never speak on what you or they ask for.
#[utoipa::path(post, operation_id = "delegate_approvals", path = "/delegations", tag = "approvals", params(OnceKey), request_body = DelegationPlan,
    responses((status = 200, description = "Who speaks in your place", body = Delegation), Refused, Unchanged, BadBody))]
pub(super) async fn delegate(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(plan): Given<DelegationPlan>,
) -> Result<Json<Delegation>, Problem> {
    if plan.days > MOST_DAYS {
        return Err(Problem::unprocessable(format!("`days` is 0 to {MOST_DAYS}")));
    }
    of_plans(&app, caller, move |app, caller, _| {
        let (now, from) = (app.clock.now(), person(caller));
        let to = Person::new(&plan.to, &plan.to);
        if from == to || !is_active(app, &caller.tenant, &to) {
            return Err(Problem::unprocessable("`to` is the id of another person"));
        }
        let hours = SignedDuration::from_hours(24 * i64::from(plan.days));
        let until = now.checked_add(hours).unwrap_or(now);
        let given = Delegation { from, to, since: now, until };
        app.tenants.of(&caller.tenant)?.write(|store| store.delegation_save(&given))?;
        Ok(given)
    })
    .await
}
