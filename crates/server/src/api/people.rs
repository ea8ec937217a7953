//! Who asks, as governance knows people, and whether they may agree to what others ask for.
//!
//! The only place where governance looks at callers.

use quell_govern::Person;

use super::Problem;
use crate::access::{Caller, Role};

/// The person behind a caller. One token is one person.
pub(super) fn person(caller: &Caller) -> Person {
    Person::new(&caller.token, &caller.name)
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
