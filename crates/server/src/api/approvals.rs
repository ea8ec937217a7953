//! Plans: asked for, looked at, agreed to, refused. Looking at one never does anything.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_govern::approval::{Approvals, Blocked, Glass, Plan};
use quell_govern::{Person, Standing};
use quell_model::{Timestamp, shown};
use quell_pipeline::govern::{
    Happened, PlanAsked, PlanTold, PreviewIssue, Saying, Word, find_plan, issues_named,
    plan_issues, plan_request, plan_say, plan_told, waits_for_review,
};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use super::people::{person, ruling, standing};
use crate::access::Caller;
use crate::data::Findings;
use crate::state::App;

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

/// A plan, and what who looks may say of it.
#[derive(Debug)]
pub(crate) struct PlanSeen {
    pub(crate) plan: PlanTold,
    /// Whether they may approve it for themselves, where they have not asked for it.
    pub(crate) may_approve: bool,
    /// In whose place they may speak.
    pub(crate) speaks_for: Vec<Person>,
    /// Whether they need not wait for others.
    pub(crate) glass: GlassSeen,
    /// The riskiest of the issues that it is about, as they are now.
    pub(crate) issues: Vec<PreviewIssue>,
}

/// Whether somebody need not wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GlassSeen {
    /// They have to.
    No,
    /// They would not, but what they did so before has not been looked at.
    Unreviewed,
    /// They need not.
    Yes,
}

/// A plan of which somebody did not wait for others, and at which nobody has looked since.
#[derive(Debug)]
pub(crate) struct PlanAlarm {
    /// The plan's id.
    pub(crate) id: String,
    /// Its title, written out.
    pub(crate) title: String,
    /// Who did not wait, and why.
    pub(crate) glass: Glass,
}

/// Plans as who looks sees them, and how many there are.
pub(crate) fn plans_seen(
    app: &App,
    caller: &Caller,
    asked: &PlansAsked,
) -> Result<(Vec<PlanTold>, u64), Problem> {
    let ruling = ruling(app, &caller.tenant)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let now = app.clock.now();
    app.tenants.of(&caller.tenant)?.read(|store| {
        let (page, total) = store.plan_page(!asked.all, (asked.skip, asked.limit))?;
        let told = page.into_iter().map(|row| plan_told(store, &ruling, row, (now, &known)));
        Ok((told.collect::<Result<Vec<_>, _>>()?, total))
    })
}

/// The plans of which somebody did not wait for others, and at which nobody has looked since.
pub(crate) fn plans_unreviewed(app: &App, caller: &Caller) -> Result<Vec<PlanAlarm>, Problem> {
    let all = app.tenants.of(&caller.tenant)?.read(|store| store.plan_unreviewed())?;
    let told = |(plan, approvals): (Plan, Approvals)| {
        let title = shown(&plan.title, false);
        Some(PlanAlarm { id: plan.id, title, glass: approvals.glass? })
    };
    Ok(all.into_iter().filter_map(told).collect())
}

/// One plan as who looks sees it.
pub(crate) fn plan_seen(app: &App, caller: &Caller, id: &str) -> Result<PlanSeen, Problem> {
    let ruling = ruling(app, &caller.tenant)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let (now, by) = (app.clock.now(), person(caller));
    app.tenants.of(&caller.tenant)?.read(|store: &Store| {
        let id = find_plan(store, id)?;
        let row = store.plan_get(&id)?.ok_or_else(|| Problem::not_found("plan of that id"))?;
        let may = known(&by, &row.0).filter(|may| may.active);
        let agrees = |may: &Standing| may.active && may.approves && row.0.quorum.takes(&may.role);
        let may_approve = may.as_ref().is_some_and(agrees);
        // Who asks, or spoke, speaks in nobody's place.
        let speaks_for = match may.is_some() && row.0.requested_by != by {
            true => spoken_for(store, (&row.0, &row.1), (&by, now), |other| {
                known(other, &row.0).as_ref().is_some_and(agrees)
            })?,
            false => Vec::new(),
        };
        let is_admin = may.is_some_and(|may| may.approves && may.role == "admin");
        let issues = issues_named(store, &plan_issues(&row.0.evidence))?;
        let plan = plan_told(store, &ruling, row, (now, &known))?;
        let is_refused = plan.blocked == Some(Blocked::Rules.to_string());
        let glass = match is_admin && plan.approvals.glass.is_none() && !is_refused {
            false => GlassSeen::No,
            true if waits_for_review(store, &by)? => GlassSeen::Unreviewed,
            true => GlassSeen::Yes,
        };
        Ok(PlanSeen { plan, may_approve, speaks_for, glass, issues })
    })
}

/// In whose place a person may speak of a plan.
fn spoken_for(
    store: &Store,
    (plan, said): (&Plan, &Approvals),
    (by, now): (&Person, Timestamp),
    agrees: impl Fn(&Person) -> bool,
) -> Result<Vec<Person>, Problem> {
    let has_spoken = |person: &Person| {
        said.votes.iter().any(|vote| vote.by == *person || vote.for_whom.as_ref() == Some(person))
    };
    let given = store.delegation_list()?.into_iter();
    let given = given.filter(|one| one.holds_at(now) && one.to == *by).map(|one| one.from);
    let may = |from: &Person| {
        *from != plan.requested_by && !has_spoken(from) && !has_spoken(by) && agrees(from)
    };
    Ok(given.filter(may).collect())
}

/// Says something of a plan; the plan as it stands then.
pub(crate) fn say_of_plan(
    app: &App,
    caller: &Caller,
    (id, saying): (&str, &Saying),
) -> Result<PlanTold, Problem> {
    let ruling = ruling(app, &caller.tenant)?;
    let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
    let (now, by) = (app.clock.now(), person(caller));
    let findings = app.tenants.of(&caller.tenant)?;
    let told =
        findings.write(|store| plan_say(store, &ruling, (id, saying), (now, &by), &known))?;
    if saying.word == Word::Approve {
        note_ready(&findings, Some(&told), now);
    }
    app.containing.notify_one();
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
    let asking = Arc::clone(&app);
    app.quick(move || {
        let (app, ruling) = (&*asking, ruling(&asking, &caller.tenant)?);
        let known = |person: &Person, plan: &Plan| standing(app, &caller.tenant, (person, plan));
        let (now, by) = (app.clock.now(), person(&caller));
        let of = (caller.tenant.as_str(), wish.fix.as_str());
        let findings = app.tenants.of(&caller.tenant)?;
        let asked = findings.write(|store| plan_request(store, &ruling, of, (now, &by), &known))?;
        // One that runs by a rule waits for nobody.
        note_ready(&findings, asked.plan.as_ref(), now);
        Ok(Json(asked))
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
