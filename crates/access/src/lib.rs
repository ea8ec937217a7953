//! Who may do what: roles, what they are limited to, and the policies in Cedar that decide.
//!
//! Text comes in and decisions go out; nothing here reads a disk or a clock. The built-in policies
//! stand in `content/policies/access`. An organisation's own are judged beside them: they may permit or
//! forbid more, and a forbid wins.

mod decide;
mod entities;
mod fault;
mod index;
mod policies;
mod principal;
mod role;
mod scope;
#[cfg(test)]
mod tests;

pub use decide::{Access, Verdict};
pub use fault::PolicyFault;
pub use policies::{OwnPolicy, SCHEMA};
pub use principal::{Place, Principal, PrincipalKind, Resource};
pub use role::{Right, Role};
pub use scope::{Scope, ScopeError};
