//! How much an issue matters: a sum of named parts, each with its reason; and what to do about it.
//!
//! The formula and the rules are written out for users in `docs/risk.md`; tests hold that page and
//! the code together.

mod counterfactual;
mod decision;
mod facts;
mod parts;

use quell_catalog::Exposure;
use quell_model::{Issue, Risk, RiskChange, Timestamp};

pub use counterfactual::{WhatIf, what_if};
pub use decision::{Circumstances, Provisional, decide, decide_story};
pub use parts::severity_points;

use facts::Facts;

/// What is known of an issue beyond the issue itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Factors<'a> {
    /// Highest CVSS base score that any finding gives.
    pub cvss: Option<f64>,
    /// Highest EPSS probability that any finding gives.
    pub epss: Option<f64>,
    /// Exploited in the wild: on CISA's KEV list, or by a tool's own intelligence.
    pub exploited: bool,
    /// What the control says a failing asset implies.
    pub implies: Exposure,
    /// Which facts of its asset are known by way of another.
    pub elsewhere: Elsewhere,
    /// The version to upgrade to, where a tool names it.
    pub fixed_version: Option<&'a str>,
    /// The control's first step.
    pub step: Option<&'a str>,
}

/// Facts that stand with another asset, to which an issue's own leads. They count as much as its
/// own; only the reason is another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The internet reaches it through another asset.
    pub exposed: bool,
    /// It leads to sensitive data of another asset.
    pub sensitive: bool,
    /// It can act as an administrator through another asset.
    pub admin: bool,
}

/// The highest score.
pub const MOST: i32 = 1000;

/// Judges an issue as of `now`.
#[must_use]
pub fn score(issue: &Issue, factors: &Factors<'_>, now: Timestamp) -> Risk {
    let facts = Facts::of(issue, factors, days_open(issue, now));
    let parts = parts::of(&facts);
    let score = parts::sum(&parts);
    let mut changes = counterfactual::work(issue, factors, (&facts, score));
    changes.truncate(2);
    Risk {
        score,
        parts,
        would_lower: changes
            .into_iter()
            .map(|WhatIf { change, score_after, .. }| RiskChange { change, score_after })
            .collect(),
    }
}

/// How many days an issue has been open.
pub(crate) fn days_open(issue: &Issue, now: Timestamp) -> Option<i64> {
    Some(now.duration_since(issue.first_seen?).as_hours() / 24)
}

#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;
