//! What people decide about what may be left, and what may be done.

mod containments;
mod exceptions;
mod judge;
mod plans;
mod scope;
mod suppress;
#[cfg(test)]
mod tests;
mod times;

pub use containments::ContainmentRow;
pub use exceptions::Changed;
pub use judge::{Matched, MatchedIssue};
pub use plans::PlanRow;
pub use scope::IssueScope;
pub use suppress::{Hiding, Suppression};
pub use times::IncidentTimes;
