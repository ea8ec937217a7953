//! Containment: what is asked for is tried, waits for people, is carried out once and can be undone.
//!
//! | file | what |
//! |---|---|
//! | `places.rs` | the logins that are configured, each tenant's apart |
//! | `tokens.rs` | the secrets from which logins are made |
//! | `ask.rs` | a request: rules, a look, a dry run, the plan |
//! | `run.rs` | what is due, in the steps and under the cap of its place |
//! | `step.rs` | one containment a step further |
//! | `leaves.rs` | records of the audit log before each call |

mod ask;
mod leaves;
mod places;
mod run;
mod step;
mod tokens;

pub(crate) use ask::{Wish, ask};
pub use places::containment_faults;
pub(crate) use places::{Grounds, place_of};
pub(crate) use run::run;
pub(crate) use step::may;
