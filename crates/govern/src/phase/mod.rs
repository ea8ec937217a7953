//! Phases: what is only observed, what waits for a person, and what runs by rule.
//!
//! Rules are data. Without one for it, an action is only observed. A rule that says `observe`
//! goes over all others. What is not known of an action never lets it run.

mod decide;
mod rules;
#[cfg(test)]
mod tests;

pub use decide::{Action, Outcome, Verdict, decide};
pub use rules::{Case, Conditions, Phase, Rule, RuleFault, Rules, Window};
