//! Who asks, as governance knows people, what they may do now, and the rules that hold.
//!
//! The only place where governance looks at callers.

use std::collections::BTreeSet;

use quell_govern::approval::Plan;
use quell_govern::phase::Rule;
use quell_govern::{Person, Standing};
use quell_model::TenantId;
use quell_pipeline::govern::{Ruling, plan_issues};

use quell_pipeline::query::QueryError;

use super::Problem;
use crate::access::{Caller, Right, known_now};
use crate::contain::place_of;
use crate::state::App;

/// The person behind a caller. A token that is nobody's is a person of its own.
pub(crate) fn person(caller: &Caller) -> Person {
    let own = || Person::new(&caller.token, &caller.name);
    caller.person.clone().unwrap_or_else(own)
}

/// A person of a tenant as they are now, and whether they may act; none where nobody knows them.
fn now_known(app: &App, tenant: &TenantId, person: &Person) -> Option<(Caller, bool)> {
    let (caller, counts) = known_now(app, &person.id).ok().flatten()?;
    // Who is limited to some places speaks for none of what reaches all.
    let active = counts && caller.tenant == *tenant && !caller.is_limited();
    Some((caller, active))
}

/// A person of a tenant by their id, where they may act now.
pub(crate) fn known_person(app: &App, tenant: &TenantId, id: &str) -> Option<Person> {
    let (caller, active) = now_known(app, tenant, &Person::new(id, id))?;
    active.then(|| person(&caller))
}

/// What a person of a tenant may do now about what a plan changes; none where nobody knows them.
/// Whether they may approve there is asked of the policies each time.
pub(crate) fn standing(
    app: &App,
    tenant: &TenantId,
    (person, plan): (&Person, &Plan),
) -> Option<Standing> {
    let (caller, active) = now_known(app, tenant, person)?;
    let approves = active && may_approve(app, &caller, plan);
    Some(Standing { role: caller.role.as_str().to_owned(), active, approves })
}

fn may_approve(app: &App, caller: &Caller, plan: &Plan) -> bool {
    let asked = (caller.by(app), Right::Approve);
    let findings = app.tenants.of(&caller.tenant);
    let (issues, now) = (plan_issues(&plan.evidence), app.clock.now());
    let may = findings.map_err(Into::into).and_then(|findings| {
        // What changes something outside is asked of the place of its target, too.
        let at_target = match place_of(plan) {
            Some(place) => findings.may_act_at(asked, (&place, &issues), now)?,
            None => true,
        };
        Ok(at_target && findings.may_act_on(asked, &issues, now)?)
    });
    may.unwrap_or_else(|error: QueryError| {
        // What cannot be judged is not allowed.
        tracing::warn!(%error, plan = plan.id, "it cannot be judged who may approve a plan");
        false
    })
}

/// The rules that hold for a tenant. They are read anew each time, so a change counts at once, and
/// so does that somebody who stands behind one may not any more.
pub(crate) fn ruling(app: &App, tenant: &TenantId) -> Result<Ruling, Problem> {
    let ruling = quell_pipeline::govern::ruling(&app.config.approvals)?;
    if ruling.rules.is_empty() {
        return Ok(ruling);
    }
    let backers = app.tenants.of(tenant)?.read(|store| {
        let of = |rule: &Rule| store.rule_backers(&rule.hash());
        ruling.rules.iter().map(of).collect::<Result<Vec<_>, _>>()
    })?;
    let mut former: BTreeSet<String> = backers.into_iter().flatten().collect();
    former.retain(|id| !may_back(app, tenant, id));
    Ok(Ruling { former, ..ruling })
}

/// Whether somebody may stand behind rules now.
fn may_back(app: &App, tenant: &TenantId, id: &str) -> bool {
    let known = now_known(app, tenant, &Person::new(id, id));
    known.is_some_and(|(caller, active)| active && check(app, &caller, Right::Manage).is_ok())
}

/// Refuses who has not a right in all of their tenant. By a person's token, they need it themselves
/// too.
pub(crate) fn check(app: &App, caller: &Caller, right: Right) -> Result<(), Problem> {
    let themselves = |person: &Person| {
        let known = now_known(app, &caller.tenant, person);
        known.is_some_and(|(one, active)| active && one.by(app).may_everywhere(right))
    };
    let may = caller.by(app).may_everywhere(right) && caller.person.as_ref().is_none_or(themselves);
    match may {
        true => Ok(()),
        false => Err(Problem::forbidden(caller.role, right)),
    }
}
