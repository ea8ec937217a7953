//! Who asks, and what they may do.

mod caller;
mod once;
mod role;
mod token;

pub(crate) use caller::{Caller, bearer, find, require};
pub(crate) use once::{check_key, once};
pub use role::{Right, Role};
pub use token::{MadeToken, TokenError, TokenPlan, make_token};
pub(crate) use token::{Presented, add_token, random_job};
