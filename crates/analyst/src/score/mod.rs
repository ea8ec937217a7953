//! How good an answer is, told by code: cases with what a good answer has, and scorers over them.
//!
//! A scorer counts what is right of what there is, so the same answer has the same score wherever
//! and however often it is judged. No model judges another.

mod case;
mod pairs;
mod scorers;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::{Task, Written};

pub use case::{Bad, Case, CaseClaim, CaseRecord, Expect, Grant, Origin};
pub use pairs::Pairs;
pub use scorers::{SCORERS, Scorer};

/// Scorers that need more than the answer, such as the proof of a change of code. They are asked
/// where that is, and left out here.
pub const ELSEWHERE: &[&str] = &["proved"];

/// What one scorer says of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The scorer.
    pub name: &'static str,
    /// What is right.
    pub right: u32,
    /// Of how much; at least one.
    pub of: u32,
    /// What is not right, a line each. Names in it come from the answer.
    pub wrong: Vec<String>,
}

impl Score {
    /// From 0 to 1.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from(self.right) / f64::from(self.of.max(1))
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.right == self.of
    }
}

/// What all scorers of a task say of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Scores {
    /// One after the other, in the order of the task.
    pub each: Vec<Score>,
}

impl Scores {
    /// The mean, from 0 to 1; 1 only where nothing is wrong.
    #[must_use]
    pub fn total(&self) -> f64 {
        let all = u32::try_from(self.each.len()).unwrap_or(u32::MAX);
        let sum: f64 = self.each.iter().map(Score::value).sum();
        if all == 0 { 0.0 } else { sum / f64::from(all) }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.each.iter().all(Score::is_whole)
    }

    /// What a scorer of this name says.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Score> {
        self.each.iter().find(|score| score.name == name)
    }
}

/// Scores an answer to a case: as it came, and as it was written after the guard.
#[must_use]
pub fn score(task: &Task, case: &Case, answer: &Value, written: &Written) -> Scores {
    let seen = scorers::Seen { task, case, answer, written };
    let asked = task.scorers.iter();
    let asked = asked.filter_map(|name| SCORERS.iter().find(|scorer| scorer.name == *name));
    Scores { each: asked.map(|scorer| scorer.score(&seen)).collect() }
}
