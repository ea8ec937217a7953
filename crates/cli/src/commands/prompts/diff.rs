//! A task before and after a change: its words, its fields, its shape, its cases, and the scores of
//! both.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use quell_analyst::{Part, Shape, Task, trial};
use serde::Serialize;
use serde_json::{Value, json};
use similar::TextDiff;

use super::eval::{Outcome, ask, cost, outcome, provider};
use super::{Known, folder};
use crate::commands::desk::runtime;
use crate::console::{say, write_json};
use crate::exit::Exit;

/// Lines around a change.
const AROUND: usize = 2;

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// The task
    task: String,
    /// The folder of the other version, or one that holds it
    #[arg(long, value_name = "DIR", default_value = "content/prompts")]
    against: PathBuf,
    /// Ask this provider the cases of both, and show both scores
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Ask so many cases of each, the first ones
    #[arg(long, value_name = "N", requires = "provider")]
    cases: Option<usize>,
}

/// What differs.
#[derive(Debug, Serialize)]
struct Difference {
    task: String,
    versions: [u32; 2],
    same: bool,
    /// Tokens of our words and the shape, about.
    tokens: [usize; 2],
    /// What differs of the settings, a line each.
    settings: Vec<String>,
    fields_added: Vec<String>,
    fields_removed: Vec<String>,
    /// The words, as a unified diff.
    words: String,
    /// The shape, as a unified diff.
    schema: String,
    cases_added: Vec<String>,
    cases_removed: Vec<String>,
    cases_changed: Vec<String>,
    /// What should be done about the version; none where it is as it should be.
    version_says: Option<&'static str>,
    scores: Vec<Outcome>,
}

pub(super) fn run(known: &Known<'_>, asked: &Asked, out: &mut dyn Write) -> Result<Exit> {
    let Some(before) = known.task(&asked.task) else { return Ok(Exit::Usage) };
    let after = match folder::read(&asked.against, &asked.task) {
        Ok(after) => after,
        Err(why) => {
            say(&format!("error: {why}; name the other version with `--against DIR`"));
            return Ok(Exit::Usage);
        }
    };
    let mut difference = compare(before, &after);
    if let Some(name) = &asked.provider {
        let runtime = runtime()?;
        let examined = provider(known, &runtime, name)?;
        for task in [before, &after] {
            let most = asked.cases.unwrap_or(usize::MAX);
            let run = ask(known, (task, most), &runtime, (name, &examined))?;
            difference.scores.push(outcome(known, task, &run)?);
        }
    }
    if known.json {
        write_json(out, &difference)?;
    } else {
        write(&difference, out)?;
    }
    let failed = difference.scores.iter().any(|one| one.sums.failed > 0);
    Ok(if failed { Exit::Unfinished } else { Exit::Clean })
}

fn compare(before: &Task, after: &Task) -> Difference {
    let tokens = |task: &Task| trial::estimate(task.template.len() + task.schema.to_string().len());
    let (had, has) = (fields(before), fields(after));
    let cases = |of: &Task, other: &Task| -> Vec<String> {
        let missing = |name: &String| !other.cases.iter().any(|(known, _)| known == name);
        of.cases.iter().map(|(name, _)| name).filter(|name| missing(name)).cloned().collect()
    };
    let changed = after.cases.iter().filter(|(name, text)| {
        before.cases.iter().any(|(known, other)| known == name && other != text)
    });
    let same_words = before.template == after.template
        && before.schema == after.schema
        && had == has
        && settings(before) == settings(after);
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let cases_changed: Vec<String> = changed.map(|(name, _)| name.clone()).collect();
    let (cases_added, cases_removed) = (cases(after, before), cases(before, after));
    let same_cases = cases_added.is_empty() && cases_removed.is_empty() && cases_changed.is_empty();
    Difference {
        task: before.id.clone(),
        versions: [before.version, after.version],
        same: same_words && same_cases && before.version == after.version,
        tokens: [tokens(before), tokens(after)],
        settings: changes(&settings(before), &settings(after)),
        fields_added: has.difference(&had).cloned().collect(),
        fields_removed: had.difference(&has).cloned().collect(),
        words: unified(&before.template, &after.template),
        schema: unified(&pretty(&before.schema), &pretty(&after.schema)),
        cases_added,
        cases_removed,
        cases_changed,
        version_says: match (same_words, before.version == after.version) {
            (false, true) => Some("what a model is told differs, so the version has to go up"),
            (true, _) | (false, false) => None,
        },
        scores: Vec::new(),
    }
}

fn unified(before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(AROUND).header("before", "after").to_string()
}

fn fields(task: &Task) -> BTreeSet<String> {
    let all = task.fields.iter();
    all.flat_map(|(kind, fields)| fields.iter().map(move |field| format!("{kind}.{field}")))
        .collect()
}

fn settings(task: &Task) -> Vec<(String, Value)> {
    let mut all = vec![
        ("title".to_owned(), json!(task.title)),
        ("tier".to_owned(), json!(task.tier)),
        ("subject".to_owned(), json!(task.subject)),
        ("most_output_tokens".to_owned(), json!(task.most_output)),
        ("most_input_bytes".to_owned(), json!(task.most_input_bytes)),
        ("most_records".to_owned(), json!(task.most_records)),
        ("scorers".to_owned(), json!(task.scorers)),
    ];
    all.extend(task.parts.iter().map(part));
    all
}

fn part(part: &Part) -> (String, Value) {
    let shape = match &part.shape {
        Shape::Sentences => "sentences".to_owned(),
        Shape::Text => "a text".to_owned(),
        Shape::Choice(words) => format!("one of {}", words.join(", ")),
    };
    let text = format!("{}: {shape}, {} to {}", part.title, part.least, part.most);
    (format!("part {}", part.name), json!(text))
}

fn changes(before: &[(String, Value)], after: &[(String, Value)]) -> Vec<String> {
    let of = |all: &[(String, Value)], name: &str| {
        all.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string())
    };
    let names: BTreeSet<&String> = before.iter().chain(after).map(|(name, _)| name).collect();
    let none = || "nothing".to_owned();
    names
        .into_iter()
        .filter(|name| of(before, name) != of(after, name))
        .map(|name| {
            let (was, is) = (of(before, name), of(after, name));
            format!("{name}: {} was {}", is.unwrap_or_else(none), was.unwrap_or_else(none))
        })
        .collect()
}

fn write(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    let [was, is] = difference.versions;
    let [had, has] = difference.tokens;
    writeln!(out, "{} version {was} and {is}; {had} and {has} tokens of its own", difference.task)?;
    if difference.same {
        return writeln!(out, "nothing differs");
    }
    if let Some(says) = difference.version_says {
        quell_report::wrapped(says, "  ", out)?;
    }
    let lists = [
        ("settings", &difference.settings),
        ("fields that it may read now", &difference.fields_added),
        ("fields that it may not read any more", &difference.fields_removed),
        ("new cases", &difference.cases_added),
        ("cases that are gone", &difference.cases_removed),
        ("cases that changed", &difference.cases_changed),
    ];
    for (title, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        writeln!(out, "\n{title}:")?;
        for line in lines {
            quell_report::wrapped(&quell_model::shown(line, false), "  ", out)?;
        }
    }
    for (title, text) in [("words", &difference.words), ("shape", &difference.schema)] {
        if !text.is_empty() {
            writeln!(out, "\n{title}:")?;
            for line in text.lines() {
                writeln!(out, "{}", quell_model::shown(line, false))?;
            }
        }
    }
    write_scores(&difference.scores, out)
}

fn write_scores(scores: &[Outcome], out: &mut dyn Write) -> io::Result<()> {
    let [before, after] = scores else { return Ok(()) };
    writeln!(out, "\n{:<20} {:>10} {:>10}", "SCORES", "BEFORE", "AFTER")?;
    let mut row =
        |name: &str, was: String, is: String| writeln!(out, "{name:<20} {was:>10} {is:>10}");
    let (was, is) = (&before.sums, &after.sums);
    row("cases", was.cases.to_string(), is.cases.to_string())?;
    row("whole", was.whole.to_string(), is.whole.to_string())?;
    row("score", format!("{:.3}", was.score), format!("{:.3}", is.score))?;
    let names: BTreeSet<&String> =
        was.scorers.iter().chain(&is.scorers).map(|(name, _)| name).collect();
    for name in names {
        let of = |all: &[(String, f64)]| {
            let found = all.iter().find(|(known, _)| known == name);
            found.map_or_else(|| "-".to_owned(), |(_, value)| format!("{value:.3}"))
        };
        row(name, of(&was.scorers), of(&is.scorers))?;
    }
    row("dropped", was.dropped.to_string(), is.dropped.to_string())?;
    row("by the rules", was.by_rules.to_string(), is.by_rules.to_string())?;
    row("failed", was.failed.to_string(), is.failed.to_string())?;
    row("tokens in", was.tokens[0].to_string(), is.tokens[0].to_string())?;
    row("tokens out", was.tokens[1].to_string(), is.tokens[1].to_string())?;
    row("cost", cost(was.cost), cost(is.cost))?;
    row("p50 ms", was.millis[0].to_string(), is.millis[0].to_string())?;
    row("p99 ms", was.millis[1].to_string(), is.millis[1].to_string())
}
