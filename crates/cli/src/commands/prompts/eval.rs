//! Cases asked of a provider, or read from a file, and scored.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use quell_analyst::score::{Case, Score};
use quell_analyst::trial::{self, Asked as Answer, Row, Sums};
use quell_analyst::{Call, Task, Written};
use quell_config::Money;
use quell_model::Clock;
use quell_pipeline::score_fix;
use quell_server::offline::{self, Examined};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::kept::{Kept, Run};
use super::{Known, cell};
use crate::commands::desk::runtime;
use crate::console::{count_bar, say, write_json};
use crate::environment::{SystemClock, environment_of};
use crate::exit::Exit;

/// Cases that are named because they went worst.
const MOST_WORST: usize = 5;

/// What to ask of whom.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// The tasks [default: all that have cases]
    tasks: Vec<String>,
    /// The provider, a table `[llm.NAME]` [default: the one that the task is given to]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Ask so many cases of each task, the first ones
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// Keep the answers in a new file
    #[arg(long, value_name = "FILE", conflicts_with = "answers")]
    keep: Option<PathBuf>,
    /// Score answers that were kept, and ask nobody
    #[arg(long, value_name = "FILE", conflicts_with = "provider")]
    answers: Option<PathBuf>,
}

/// What a task came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) task: String,
    pub(super) version: u32,
    pub(super) provider: String,
    pub(super) model: String,
    #[serde(flatten)]
    pub(super) sums: Sums,
    /// Answers of a file that belong to no case as it is now.
    pub(super) left_out: usize,
    cases_told: Vec<Row>,
    failures: Vec<(String, String)>,
}

pub(super) fn run(known: &Known<'_>, asked: &Asked, out: &mut dyn Write) -> Result<Exit> {
    let Some(tasks) = chosen(known, &asked.tasks) else { return Ok(Exit::Usage) };
    let runs = match &asked.answers {
        Some(path) => match Kept::read(path) {
            Ok(kept) => kept.runs,
            Err(why) => return Ok(told(&why)),
        },
        None => match ask_all(known, asked, &tasks)? {
            Some(runs) => runs,
            None => return Ok(Exit::Usage),
        },
    };
    let mut outcomes = Vec::new();
    for task in tasks {
        for run in runs.iter().filter(|run| run.task == task.id) {
            outcomes.push(outcome(known, task, run)?);
        }
    }
    if known.json {
        write_json(out, &serde_json::json!({ "items": outcomes }))?;
    } else {
        write(&outcomes, out)?;
    }
    let failed = outcomes.iter().any(|outcome| outcome.sums.failed > 0);
    Ok(if failed { Exit::Unfinished } else { Exit::Clean })
}

/// The tasks of these names, or all that have cases; none where a name is wrong.
fn chosen<'a>(known: &'a Known<'_>, names: &[String]) -> Option<Vec<&'a Task>> {
    if names.is_empty() {
        return Some(known.tasks.iter().filter(|task| !task.cases.is_empty()).collect());
    }
    names.iter().map(|name| known.task(name)).collect()
}

fn told(why: &str) -> Exit {
    say(&format!("error: {}", quell_model::shown(why, false)));
    Exit::Usage
}

/// Asks every case of some tasks; none where there is nobody to be asked.
fn ask_all(known: &Known<'_>, asked: &Asked, tasks: &[&Task]) -> Result<Option<Vec<Run>>> {
    let mut named = Vec::new();
    for task in tasks {
        match asked.provider.as_deref().or_else(|| known.provider(task)) {
            Some(name) => named.push((*task, name)),
            None => {
                say(&format!(
                    "error: no provider is asked for `{}`; name one with `--provider NAME`, and \
                     configure it as `[llm.NAME]` in quell.toml (docs/llm.md)",
                    task.id
                ));
                return Ok(None);
            }
        }
    }
    let file = match asked.keep.as_deref().map(Kept::make).transpose() {
        Ok(file) => file,
        Err(why) => {
            told(&why);
            return Ok(None);
        }
    };
    let runtime = runtime()?;
    let most = asked.cases.unwrap_or(usize::MAX);
    let mut runs = Vec::new();
    for (task, name) in named {
        let examined = provider(known, &runtime, name)?;
        runs.push(ask(known, (task, most), &runtime, (name, &examined))?);
    }
    if let Some(file) = file {
        Kept::new(runs.clone()).write(file).context("the answers cannot be kept")?;
    }
    Ok(Some(runs))
}

pub(super) fn provider(known: &Known<'_>, runtime: &Runtime, name: &str) -> Result<Examined> {
    let _inside = runtime.enter();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(offline::prompts_provider(known.config, name, environment_of(), &clock)?)
}

/// Asks the cases of a task, one after the other.
pub(super) fn ask(
    known: &Known<'_>,
    (task, most): (&Task, usize),
    runtime: &Runtime,
    (name, examined): (&str, &Examined),
) -> Result<Run> {
    let cases = task.read_cases(known.catalog)?;
    let bar = count_bar(known.terminal);
    bar.set_length(u64::try_from(cases.len().min(most)).unwrap_or(u64::MAX));
    bar.set_message(task.id.clone());
    let mut answers = Vec::new();
    for case in cases.iter().take(most) {
        answers.push(one(known, (task, case), runtime, examined)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Run {
        task: task.id.clone(),
        version: task.version,
        provider: name.to_owned(),
        model: examined.model().to_owned(),
        answers,
    })
}

fn one(
    known: &Known<'_>,
    (task, case): (&Task, &Case),
    runtime: &Runtime,
    examined: &Examined,
) -> Result<Answer> {
    let brief = case.brief(known.catalog);
    let call = Call::new(task, &brief, case.audience, case.grants())?;
    let came = runtime.block_on(examined.ask(&call));
    Ok(Answer {
        case: case.name.clone(),
        told: trial::told(&call),
        answer: came.answer,
        error: came.error,
        millis: came.millis,
        tokens: came.tokens,
        cost: came.cost,
    })
}

/// What a run came to, with the cases as they are now.
pub(super) fn outcome(known: &Known<'_>, task: &Task, run: &Run) -> Result<Outcome> {
    let cases = task.read_cases(known.catalog)?;
    let proved = |case: &Case, written: &Written| -> Vec<Score> {
        let is_wanted = task.scorers.iter().any(|scorer| scorer == "proved");
        let score = is_wanted.then(|| score_fix(known.catalog, case, written).ok());
        score.flatten().into_iter().collect()
    };
    let (rows, left_out) = trial::rows(task, (&cases, known.catalog), &run.answers, &proved)?;
    let sums = trial::sums(task, &rows);
    let failures =
        rows.iter().filter_map(|(_, asked)| Some((asked.case.clone(), asked.error.clone()?)));
    Ok(Outcome {
        task: task.id.clone(),
        version: task.version,
        provider: run.provider.clone(),
        model: run.model.clone(),
        sums,
        left_out,
        failures: failures.collect(),
        cases_told: rows.into_iter().map(|(row, _)| row).collect(),
    })
}

fn write(outcomes: &[Outcome], out: &mut dyn Write) -> io::Result<()> {
    if outcomes.is_empty() {
        return writeln!(out, "no task has cases");
    }
    writeln!(
        out,
        "{:<11} {:>5} {:>5} {:>5} {:>7} {:>5} {:>6} {:>6} {:>6} {:>8} {:>6}",
        "TASK",
        "CASES",
        "WHOLE",
        "SCORE",
        "DROPPED",
        "RULES",
        "FAILED",
        "P50MS",
        "P99MS",
        "COST",
        "TOKENS"
    )?;
    for outcome in outcomes {
        let Sums { cases, whole, score, dropped, by_rules, failed, millis, .. } = &outcome.sums;
        writeln!(
            out,
            "{:<11} {cases:>5} {whole:>5} {score:>5.2} {dropped:>7} {by_rules:>5} {failed:>6} {:>6} {:>6} {:>8} {:>5.2}x",
            cell(&outcome.task, 11),
            millis[0],
            millis[1],
            cost(outcome.sums.cost),
            outcome.sums.tokens_to_plain
        )?;
    }
    for outcome in outcomes {
        write_more(outcome, out)?;
    }
    let words = "WHOLE: cases without a fault. DROPPED: sentences that the guard took out. RULES: \
                 cases in which the rules stood in. TOKENS: against one prompt with the same facts \
                 that nothing guards, by bytes.";
    writeln!(out)?;
    quell_report::wrapped(words, "", out)
}

pub(super) fn cost(cost: Option<u64>) -> String {
    cost.map_or_else(|| "unknown".to_owned(), |cost| Money::of_millionths(cost).to_string())
}

fn write_more(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let Outcome { sums, version, .. } = outcome;
    let [input, output] = sums.tokens;
    writeln!(out)?;
    let head = format!(
        "{} version {version}, {} ({}): {input} tokens in, {output} out",
        cell(&outcome.task, 24),
        cell(&outcome.provider, 24),
        cell(&outcome.model, 32)
    );
    quell_report::wrapped(&head, "", out)?;
    let scorers = sums.scorers.iter().map(|(name, value)| format!("{name} {value:.2}"));
    quell_report::wrapped(&scorers.collect::<Vec<_>>().join(", "), "  ", out)?;
    if outcome.left_out > 0 {
        let text =
            format!("{} answers are to cases that are no more as they were", outcome.left_out);
        quell_report::wrapped(&text, "  ", out)?;
    }
    for (case, why) in outcome.failures.iter().take(MOST_WORST) {
        let text = format!("{case} failed: {}", quell_model::shown(why, false));
        quell_report::wrapped(&text, "  ", out)?;
    }
    let mut worst: Vec<(f64, &Row, String)> = outcome.cases_told.iter().filter_map(wrong).collect();
    worst.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.case.cmp(&b.1.case)));
    for (score, row, why) in worst.iter().take(MOST_WORST) {
        let text = format!("{} {score:.2}: {}", row.case, quell_model::shown(why, false));
        quell_report::wrapped(&text, "  ", out)?;
    }
    Ok(())
}

/// What is first wrong with an answer.
fn wrong(row: &Row) -> Option<(f64, &Row, String)> {
    let scores = row.scores.as_ref().filter(|scores| !scores.is_whole())?;
    let why = scores.each.iter().find_map(|score| score.wrong.first())?;
    Some((scores.total(), row, why.chars().take(160).collect()))
}
