//! What belongs together: findings that are one issue, issues that are one incident.
//!
//! Everything here is a pure function of its input, whatever the order: the key of an issue
//! follows from one finding alone, and an incident from the set of open issues.

mod assemble;
mod identity;
mod incident;
mod range;
mod statement;
#[cfg(test)]
mod tests;
mod timeline;
mod ways;

pub use assemble::{Member, assemble, merged_because};
pub use identity::{Identity, identify, normalize_title, title_to_read};
pub use incident::{
    Attacked, Candidate, Decisions, Gathered, Join, Pin, Shared, Standing, StoredCandidate, Told,
    build_incidents,
};
pub use statement::Spoken;
pub use timeline::timeline;
pub use ways::{ByFact, Fact, Facts, Known, Link, MOST_STEPS, Way, Ways, ways};
