//! A button that somebody pressed at a sink, as one vote of a person who is known here.
//!
//! The sink's signature says only that the sink sent it. Whose press counts stands in the
//! configuration, and whether that person may agree is asked as for any other vote.

use std::sync::Arc;

use quell_audit::{Leaf, Outcome, Stage};
use quell_deliver::outbox::Row;
use quell_deliver::route::Subject;
use quell_govern::approval::Hash;
use quell_model::TenantId;
use quell_pipeline::govern::{Saying, Word};
use quell_sinks::Pressed;
use quell_store::StoreError;

use super::sinks::Place;
use crate::access::{Caller, Right, known_now};
use crate::api::{Problem, say_of_plan};
use crate::audit::actor;
use crate::state::App;

/// What is said with a no: a button has no room for a reason.
const DENIED: &str = "denied by a button";

/// Votes as the person says who pressed it.
pub(super) fn vote(app: &Arc<App>, place: &Place, pressed: &Pressed) -> Result<(), Problem> {
    check_app(place, pressed)?;
    let caller = person(app, place, pressed)?;
    let (key, hash) = pressed.names().ok_or_else(nothing)?;
    let id = plan_of(app, (&caller.tenant, place), (key, pressed))?;
    if !caller.by(app).may_everywhere(Right::Decide) {
        return Err(Problem::forbidden(caller.role, Right::Decide));
    }
    app.rates.token(&caller.token).map_err(Problem::too_many)?;
    let now = app.clock.now();
    let action = quell_audit::Action::ApprovalChange;
    let leaf = Leaf::new((action, Stage::Begun), &actor(&caller), &caller.tenant, now)
        .object("approval", &id)
        .object("sink", &place.name)
        .object("pressed_by", &pressed.person)
        .decision(if pressed.agrees { "approve" } else { "refuse" });
    let begun = app.audit.begin(leaf)?;
    let hash: Result<Hash, _> = serde_json::from_value(serde_json::Value::String(hash.to_owned()));
    let saying = Saying {
        word: if pressed.agrees { Word::Approve } else { Word::Refuse },
        hash: hash.ok(),
        note: if pressed.agrees { String::new() } else { DENIED.to_owned() },
        for_whom: None,
    };
    let said = say_of_plan(app, &caller, (&id, &saying));
    let outcome = match &said {
        Ok(_) => Outcome::Done,
        Err(problem) if problem.is_client() => Outcome::Refused,
        Err(_) => Outcome::Failed,
    };
    begun.end(app.clock.now(), outcome, |leaf| leaf);
    said.map(drop)
}

/// The same for whatever does not fit, so that nothing is learned by trying.
fn nothing() -> Problem {
    Problem::not_found("plan that this button asks about")
}

/// A press counts only in the workspace and for the app that the configuration names.
fn check_app(place: &Place, pressed: &Pressed) -> Result<(), Problem> {
    let is_own = |option: &str, given: &str| {
        place.config.options.get(option).is_some_and(|known| known == given)
    };
    let fits = is_own("team", &pressed.team) && is_own("app", &pressed.app);
    if fits { Ok(()) } else { Err(nothing()) }
}

/// Who pressed it, as far as the configuration says whom the sink means.
fn person(app: &App, place: &Place, pressed: &Pressed) -> Result<Caller, Problem> {
    let unknown = || {
        Problem::unprocessable(format!(
            "nobody is named for `{}` in `[sinks.{}.people]`",
            quell_model::shown(&pressed.person, false),
            place.name
        ))
    };
    let name = place.config.people.get(&pressed.person).ok_or_else(unknown)?;
    let row = app.access().user_named(name)?.ok_or_else(unknown)?;
    match known_now(app, &row.id)? {
        Some((caller, true)) => Ok(caller),
        Some((_, false)) | None => Err(unknown()),
    }
}

/// The plan that a delivery with a key asks about, where the button stands in that very message.
fn plan_of(
    app: &App,
    (tenant, place): (&TenantId, &Place),
    (key, pressed): (&str, &Pressed),
) -> Result<String, Problem> {
    let findings = app.tenants.of(tenant)?;
    let found = findings.outbox::<_, StoreError>(|store| {
        let Some(row) = store.outbox_of_key(key)? else { return Ok(None) };
        let delivery = store.delivery_get(&row.sink, &row.subject)?;
        Ok(Some((row, delivery)))
    })?;
    let (row, delivery): (Row, _) = found.ok_or_else(nothing)?;
    let remote = delivery.and_then(|delivery| delivery.remote).map(|remote| remote.id);
    let is_there = remote.is_some() && remote == pressed.remote;
    match Subject::of(&row.subject) {
        Some((Subject::Plan, id)) if is_there && row.sink == place.name => Ok(id.to_owned()),
        Some(_) | None => Err(nothing()),
    }
}
