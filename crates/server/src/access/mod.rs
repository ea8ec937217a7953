//! Who asks, and what they may do.

mod caller;
mod csrf;
mod noted;
mod once;
mod people;
mod rules;
mod session;
mod token;

pub(crate) use caller::{
    Caller, Credential, bearer, everywhere, find, known_now, require, still_may, who,
};
pub(crate) use csrf::from_elsewhere;
pub(crate) use noted::{noted, turned_away};
pub(crate) use once::{check_key, once};
pub use people::{
    PeopleError, PersonChange, PersonPlan, add_person, change_password, change_person, who_is,
};
pub(crate) use people::{hats_of, is_password, person, scope_of, written};
pub use quell_access::{Right, Role, Scope};
pub(crate) use rules::By;
pub use rules::{RulesError, read_rules};
pub(crate) use session::{Sessions, cookie_value};
pub use token::{MadeToken, TokenError, TokenPlan, make_token};
pub(crate) use token::{Presented, add_token, random_job, random_text};
