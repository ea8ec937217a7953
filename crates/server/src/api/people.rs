//! Who asks, as governance knows people, what they may do now, and the rules that hold.
//!
//! The only place where governance looks at callers.

use quell_govern::{Person, Standing};
use quell_model::TenantId;
use quell_pipeline::govern::{Ruling, Speaker};

use super::Problem;
use crate::access::{Caller, Role, known_now};
use crate::state::App;

/// The person behind a caller. One token is one person.
pub(super) fn person(caller: &Caller) -> Person {
    Person::new(&caller.token, &caller.name)
}

/// The same, with what they may do.
pub(super) fn speaker(caller: &Caller) -> Speaker {
    let standing = Standing { role: caller.role.as_str().to_owned(), active: true };
    Speaker { by: person(caller), standing }
}

/// What a person of a tenant may do now; none where nobody knows them.
pub(super) fn standing(app: &App, tenant: &TenantId, person: &Person) -> Option<Standing> {
    let (caller, counts) = known_now(app, &person.id).ok().flatten()?;
    // Who is limited to some places speaks for none of what reaches all.
    let active = counts && caller.tenant == *tenant && !caller.is_limited();
    Some(Standing { role: caller.role.as_str().to_owned(), active })
}

/// The rules that hold. They are read anew each time, so a change counts at once.
pub(super) fn ruling(app: &App) -> Result<Ruling, Problem> {
    Ok(quell_pipeline::govern::ruling(&app.config.approvals)?)
}

/// Refuses who may not agree to what others ask for.
pub(super) fn check_approver(caller: &Caller) -> Result<(), Problem> {
    match caller.role {
        Role::Approver | Role::Admin => Ok(()),
        Role::Viewer | Role::Importer | Role::Analyst | Role::Engineer | Role::Auditor => {
            Err(Problem::not_yours(caller.role, "approve"))
        }
    }
}

/// Refuses who is no admin.
pub(super) fn check_admin(caller: &Caller) -> Result<(), Problem> {
    match caller.role {
        Role::Admin => Ok(()),
        Role::Viewer
        | Role::Importer
        | Role::Analyst
        | Role::Engineer
        | Role::Approver
        | Role::Auditor => Err(Problem::not_yours(caller.role, "stand behind a rule")),
    }
}
