//! Who speaks in whose place.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use quell_govern::Person;
use quell_govern::approval::Delegation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::errors::{BadBody, OnceKey, Refused, Unchanged};
use super::extract::Given;
use super::people::{known_person, person};
use crate::access::Caller;
use crate::state::App;

/// Most days for which somebody may speak in another's place.
pub(crate) const MOST_DAYS: u32 = 90;
/// People that are offered.
const MOST_OFFERED: usize = 200;

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

/// Who speaks in whose place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DelegationPage {
    /// Those that hold now, by the ids of those in whose place it is.
    items: Vec<Delegation>,
}

/// Who speaks in whose place now.
pub(crate) fn delegations_now(app: &App, caller: &Caller) -> Result<Vec<Delegation>, Problem> {
    let now = app.clock.now();
    let all = app.tenants.of(&caller.tenant)?.read(|store| store.delegation_list())?;
    Ok(all.into_iter().filter(|one| one.holds_at(now)).collect())
}

/// People whom somebody may let speak in their place: at most 200, and whether there are more.
pub(crate) fn may_be_given(app: &App, caller: &Caller) -> Result<(Vec<Person>, bool), Problem> {
    let all = app.access().user_list(&caller.tenant)?.into_iter();
    let me = person(caller).id;
    let others = all.filter(|row| row.disabled_at.is_none() && row.id != me);
    let mut others = others.filter_map(|row| known_person(app, &caller.tenant, &row.id));
    let offered = others.by_ref().take(MOST_OFFERED).collect();
    Ok((offered, others.next().is_some()))
}

/// Lets another person speak in somebody's place for some days; none ends it now.
pub(crate) fn give_place(
    app: &App,
    caller: &Caller,
    (to, days): (&str, u32),
) -> Result<Delegation, Problem> {
    if days > MOST_DAYS {
        return Err(Problem::unprocessable(format!("`days` is 0 to {MOST_DAYS}")));
    }
    let (now, from) = (app.clock.now(), person(caller));
    let findings = app.tenants.of(&caller.tenant)?;
    let known = findings.read(|store| store.delegation_list())?;
    let known = known.into_iter().find(|one| one.from == from && one.to.id == to);
    // Whoever may do nothing any more is taken their place away all the same.
    let to = match known_person(app, &caller.tenant, to) {
        Some(to) if to != from => to,
        None if days == 0 && known.is_some() => Person::new(to, to),
        Some(_) | None => {
            return Err(Problem::unprocessable("`to` is the id of another person"));
        }
    };
    let hours = SignedDuration::from_hours(24 * i64::from(days));
    let until = now.checked_add(hours).unwrap_or(now);
    let given = Delegation { from, to, since: now, until };
    findings.write(|store| store.delegation_save(&given))?;
    Ok(given)
}

/// List who speaks in whose place
///
/// Those that hold now.
#[utoipa::path(get, operation_id = "list_delegations", path = "/delegations", tag = "approvals", responses(
    (status = 200, description = "Who speaks in whose place", body = DelegationPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<DelegationPage>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(DelegationPage { items: delegations_now(&asking, &caller)? }))).await
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
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(give_place(&asking, &caller, (&plan.to, plan.days))?))).await
}
