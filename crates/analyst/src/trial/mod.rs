//! A task tried on its cases: what was answered, how good it is, what it took. Who asks is somewhere
//! else; answers that were kept are scored again without anybody being asked.

mod plain;
#[cfg(test)]
mod tests;

use quell_catalog::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::score::{Case, Score, Scores, score};
use crate::{By, Call, Task, TaskError, Written};

pub use plain::{Texts, estimate, guarded_bytes};

/// What came of asking one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The case.
    pub case: String,
    /// A hash of all that was told: an answer to something else is not scored.
    pub told: String,
    /// The answer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    pub millis: u64,
    /// Tokens of input and answer.
    pub tokens: [u64; 2],
    /// What it cost, in millionths, where a price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

/// A case with its answer's scores.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The case.
    pub case: String,
    /// What scorers say; none where nothing was answered.
    pub scores: Option<Scores>,
    /// Sentences that stay.
    pub kept: usize,
    /// Sentences that do not.
    pub dropped: usize,
    /// Whether the rules stood in for all of it.
    pub by_rules: bool,
    /// Bytes that were told and answered.
    pub guarded: usize,
    /// Bytes of one prompt with the same facts that nothing guards, and of the same words as its
    /// answer.
    pub plain: usize,
}

/// What a task came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sums {
    /// Cases that were asked.
    pub cases: usize,
    /// Those in which nothing is wrong.
    pub whole: usize,
    /// The mean of all scores, from 0 to 1; what was not answered counts as 0.
    pub score: f64,
    /// The mean of each scorer.
    pub scorers: Vec<(String, f64)>,
    /// Sentences that stay.
    pub kept: usize,
    /// Sentences that do not.
    pub dropped: usize,
    /// Cases in which the rules stood in.
    pub by_rules: usize,
    /// Calls that brought no answer.
    pub failed: usize,
    /// Tokens of input and answer.
    pub tokens: [u64; 2],
    /// What all of it cost, in millionths; none where no price is known.
    pub cost: Option<u64>,
    /// Half of the calls took at most so long, and 99 of 100.
    pub millis: [u64; 2],
    /// How many times as many tokens it takes as one prompt with the same facts that nothing
    /// guards, both estimated by their bytes.
    pub tokens_to_plain: f64,
}

/// The hash of what a case tells, as [`Asked::told`] has it.
#[must_use]
pub fn told(call: &Call<'_>) -> String {
    call.hash().to_hex().to_string()
}

/// Scores the answers to cases. An answer to a case that is not there any more, or that told
/// something else, is left out; how many were, is said. `elsewhere` has the scorers of the task that
/// this crate has not.
///
/// # Errors
/// When the task's words cannot be filled in, which a test excludes.
pub fn rows(
    task: &Task,
    (cases, catalog): (&[Case], &Catalog),
    answers: &[Asked],
    elsewhere: &dyn Fn(&Case, &Written) -> Vec<Score>,
) -> Result<(Vec<(Row, Asked)>, usize), TaskError> {
    let mut rows = Vec::new();
    let mut left_out = 0;
    for asked in answers {
        let Some(case) = cases.iter().find(|case| case.name == asked.case) else {
            left_out += 1;
            continue;
        };
        let brief = case.brief(catalog);
        let call = Call::new(task, &brief, case.audience, case.grants())?;
        if told(&call) != asked.told {
            left_out += 1;
            continue;
        }
        rows.push((row(case, &call, asked, elsewhere)?, asked.clone()));
    }
    Ok((rows, left_out))
}

fn row(
    case: &Case,
    call: &Call<'_>,
    asked: &Asked,
    elsewhere: &dyn Fn(&Case, &Written) -> Vec<Score>,
) -> Result<Row, TaskError> {
    let task = call.task();
    let Some(answer) = &asked.answer else {
        let case = asked.case.clone();
        let (scores, kept, dropped, by_rules) = (None, 0, 0, true);
        return Ok(Row { case, scores, kept, dropped, by_rules, guarded: 0, plain: 0 });
    };
    let written = call.judge(answer);
    let mut scores = score(task, case, answer, &written);
    scores.each.extend(elsewhere(case, &written));
    let of_model = written.parts.iter().filter(|part| part.by == By::Model);
    Ok(Row {
        case: asked.case.clone(),
        scores: Some(scores),
        kept: of_model.map(|part| part.sentences.len()).sum(),
        dropped: written.dropped.len(),
        by_rules: written.by == By::Rules,
        guarded: Texts::guarded(call, answer).bytes(),
        plain: Texts::plain(call, answer)?.bytes(),
    })
}

/// Sums up the rows of a task.
#[must_use]
pub fn sums(task: &Task, rows: &[(Row, Asked)]) -> Sums {
    let total = |row: &Row| row.scores.as_ref().map_or(0.0, Scores::total);
    let of = |scorer: &str| {
        let values = rows.iter().filter_map(|(row, _)| row.scores.as_ref()?.get(scorer));
        mean(values.map(Score::value))
    };
    let mut millis: Vec<u64> = rows.iter().map(|(_, asked)| asked.millis).collect();
    millis.sort_unstable();
    let at = |share: usize| {
        let last = millis.len().saturating_sub(1);
        millis.get((last * share).div_ceil(100)).copied().unwrap_or_default()
    };
    let tokens = |which: usize| {
        rows.iter()
            .filter_map(|(_, asked)| asked.tokens.get(which))
            .fold(0, |a: u64, b| a.saturating_add(*b))
    };
    let bytes =
        |of: fn(&Row) -> usize| -> f64 { rows.iter().map(|(row, _)| number(of(row))).sum() };
    let costs: Vec<u64> = rows.iter().filter_map(|(_, asked)| asked.cost).collect();
    Sums {
        cases: rows.len(),
        whole: rows
            .iter()
            .filter(|(row, _)| row.scores.as_ref().is_some_and(Scores::is_whole))
            .count(),
        score: mean(rows.iter().map(|(row, _)| total(row))),
        scorers: task.scorers.iter().map(|name| (name.clone(), of(name))).collect(),
        kept: rows.iter().map(|(row, _)| row.kept).sum(),
        dropped: rows.iter().map(|(row, _)| row.dropped).sum(),
        by_rules: rows.iter().filter(|(row, _)| row.by_rules).count(),
        failed: rows.iter().filter(|(_, asked)| asked.answer.is_none()).count(),
        tokens: [tokens(0), tokens(1)],
        cost: (!costs.is_empty()).then(|| costs.iter().fold(0, |a: u64, b| a.saturating_add(*b))),
        millis: [at(50), at(99)],
        tokens_to_plain: bytes(|row| row.guarded) / bytes(|row| row.plain).max(1.0),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
