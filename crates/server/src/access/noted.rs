//! Who signs in and out, in the audit log.

use quell_audit::{Action, Actor, Leaf, Stage};
use quell_model::TenantId;
use quell_store::UserRow;

use crate::api::Problem;
use crate::state::App;

/// Writes down that somebody signs in or out. Without it they must not.
pub(crate) fn noted(
    app: &App,
    (action, how): (Action, &str),
    user: &UserRow,
) -> Result<(), Problem> {
    let who =
        Actor { kind: "user", id: user.id.clone(), role: None, name: Some(user.name.clone()) };
    let leaf = Leaf::new((action, Stage::Noted), &who, &user.tenant, app.clock.now());
    app.audit.note(leaf.word("by", how))?;
    Ok(())
}

/// Writes down that somebody was not let in; who, where a person of that name is known.
pub(crate) fn turned_away(app: &App, why: &str, user: Option<&UserRow>) {
    let tenant = user.map_or_else(TenantId::default, |user| user.tenant.clone());
    let id = user.map_or_else(|| "unknown".to_owned(), |user| user.id.clone());
    let who = Actor { kind: "user", id, role: None, name: None };
    let leaf = Leaf::new((Action::SignIn, Stage::Noted), &who, &tenant, app.clock.now());
    if let Err(error) = app.audit.note(leaf.decision("refused").word("by", why)) {
        tracing::error!(%error, why, "a sign-in that was refused is not in the audit log");
    }
}
