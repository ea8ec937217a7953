//! Approvals bound to bytes: what is agreed to is the hash of all that would be done, and nothing
//! is done without a permit that only [`may_execute`] makes.

mod canonical;
mod execute;
mod plan;
#[cfg(test)]
mod tests;
mod vote;
pub mod walk;

pub use canonical::{NotCanonical, canonical};
pub use execute::{Blocked, Permit, Situation, may_execute};
pub use plan::{Evidence, Hash, Plan, Quorum};
pub use vote::{Approvals, Delegation, Glass, Refusal, Said, Stand, Vote, Voter};
