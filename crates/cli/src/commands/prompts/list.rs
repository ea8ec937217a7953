//! The tasks: version, who is asked, cases, and about how many tokens a call takes.

use std::io::Write;

use anyhow::Result;
use quell_analyst::{Call, Task, Tier, trial};
use serde::Serialize;

use super::{Known, cell};
use crate::console::write_json;
use crate::exit::Exit;

#[derive(Debug, Serialize)]
struct Row {
    task: String,
    version: u32,
    title: String,
    tier: &'static str,
    provider: Option<String>,
    cases: usize,
    /// Of our words and the shape, about.
    tokens_own: usize,
    /// Of the whole of a call, about: the mean of the cases.
    tokens_call: usize,
    most_answer_tokens: u32,
    hash: String,
}

pub(super) fn run(known: &Known<'_>, out: &mut dyn Write) -> Result<Exit> {
    let rows: Result<Vec<Row>> = known.tasks.iter().map(|task| row(known, task)).collect();
    let rows = rows?;
    if known.json {
        write_json(out, &serde_json::json!({ "items": rows }))?;
        return Ok(Exit::Clean);
    }
    writeln!(
        out,
        "{:<12} {:>3} {:<6} {:<18} {:>5} {:>7} {:>7}",
        "TASK", "V", "TIER", "PROVIDER", "CASES", "OWN", "CALL"
    )?;
    for row in &rows {
        let provider = row.provider.as_deref().unwrap_or("none: by rules");
        writeln!(
            out,
            "{:<12} {:>3} {:<6} {:<18} {:>5} {:>7} {:>7}",
            cell(&row.task, 12),
            row.version,
            row.tier,
            cell(provider, 18),
            row.cases,
            row.tokens_own,
            row.tokens_call
        )?;
        quell_report::wrapped(&row.title, "  ", out)?;
    }
    writeln!(
        out,
        "\nOWN: tokens of our words and the shape; CALL: with the facts of a case, about."
    )?;
    Ok(Exit::Clean)
}

fn row(known: &Known<'_>, task: &Task) -> Result<Row> {
    let cases = task.read_cases(known.catalog)?;
    let mut bytes = 0;
    for case in &cases {
        let brief = case.brief(known.catalog);
        bytes += trial::guarded_bytes(&Call::new(task, &brief, case.audience, case.grants())?);
    }
    let own = task.template.len() + task.schema.to_string().len();
    Ok(Row {
        task: task.id.clone(),
        version: task.version,
        title: task.title.clone(),
        tier: tier(task.tier),
        provider: known.provider(task).map(str::to_owned),
        cases: cases.len(),
        tokens_own: trial::estimate(own),
        tokens_call: trial::estimate(bytes.checked_div(cases.len()).unwrap_or(own)),
        most_answer_tokens: task.most_output,
        hash: task.hash().to_hex().chars().take(16).collect(),
    })
}

pub(super) const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Small => "small",
        Tier::Large => "large",
    }
}
