//! `quell llm`: the providers of language models that are configured, what they cost, and what may
//! leave for them.

mod batch;
mod grant;
mod spend;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_config::{Config, Money};
use quell_model::{Untrusted, shown};
use quell_server::offline;
use serde::Deserialize;
use serde_json::{Value, json};

use super::config::load_or_tell;
use super::desk::runtime;
use crate::audited::noted;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell llm list
  quell llm test                             every provider, with small calls
  quell llm test claude --json
  quell llm spend --days 30 --by task        what it cost, and what is left
  quell llm grant add --what names --task incident --until 2027-01-31 \\
      --reason 'the owners know them by name'
  quell llm grant list
  quell llm batch --top 100                  explanations for less, within a day
  quell llm collect                          fetch them; a server does by itself

A provider is a table `[llm.NAME]` of the configuration. A test sends three
short questions that hold nothing of yours; they cost a little. Exit codes:
0 all works, 2 no such provider or grant, 3 something does not work.
docs/llm.md says more.";

/// Language models that are configured: list them, try them, see what they cost.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The configuration [default: quell.toml where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the providers, and what they are asked for
    List,
    /// Try a provider, or all: words, a shape, a stream, vectors
    Test {
        /// Its name
        name: Option<String>,
    },
    /// Show what is left today, and what was spent
    Spend(spend::Wanted),
    /// What may leave for models as it stands: add, list, remove
    Grant(grant::Wanted),
    /// Have many incidents explained in batches, which cost less and take up to a day
    Batch(batch::Wanted),
    /// Fetch what is done of batches; a server does so by itself
    Collect,
}

#[derive(Debug, Deserialize)]
struct Tested {
    well: bool,
    items: Vec<Trial>,
}

#[derive(Debug, Deserialize)]
struct Trial {
    name: String,
    well: bool,
    price: Option<Prices>,
    batch_price: Option<Prices>,
    means: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Prices {
    input: u64,
    output: u64,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    state: String,
    millis: u64,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    needs: Option<String>,
    #[serde(default)]
    tokens: Option<[u64; 2]>,
    #[serde(default)]
    cost: Option<u64>,
}

/// Runs `quell llm`.
pub(super) fn run(
    arguments: &Arguments,
    places: (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let json = arguments.json;
    match &arguments.command {
        Command::Grant(wanted) => grant::run(wanted, places, (environment, json)),
        Command::Batch(wanted) => {
            configured(arguments, |config| batch::run(wanted, places, (config, environment, json)))
        }
        Command::Collect => configured(arguments, |config| batch::collect(places.0, config, json)),
        Command::Spend(wanted) => {
            configured(arguments, |config| spend::run(wanted, places, (config, environment, json)))
        }
        Command::List => configured(arguments, |config| {
            let mut out = BufWriter::new(io::stdout().lock());
            if json {
                write_json(&mut out, &list(config))?
            } else {
                write_list(config, &mut out)?
            }
            out.flush()?;
            Ok(Exit::Clean)
        }),
        Command::Test { name } => configured(arguments, |config| {
            let value = test(config, name.as_deref(), places.0)?;
            let tested: Tested = Deserialize::deserialize(&value).context("no answer as told")?;
            let mut out = BufWriter::new(io::stdout().lock());
            if json {
                write_json(&mut out, &value)?
            } else {
                write_test(&tested, &mut out)?
            }
            out.flush()?;
            Ok(if tested.well { Exit::Clean } else { Exit::Unfinished })
        }),
    }
}

/// Does what needs the configuration.
fn configured(arguments: &Arguments, work: impl FnOnce(&Config) -> Result<Exit>) -> Result<Exit> {
    match load_or_tell(arguments.config.as_deref(), &[])? {
        Some(loaded) => work(&loaded.config),
        None => Ok(Exit::Usage),
    }
}

fn test(config: &Config, name: Option<&str>, data: &Path) -> Result<Value> {
    let (clock, runtime) = (Arc::new(SystemClock), runtime()?);
    let ask = || Ok(runtime.block_on(offline::llm_test(config, name, environment_of(), clock))?);
    let is_asked = |known: &str| name.is_none_or(|name| name == known);
    let asked = config.llm.iter().filter(|(known, one)| one.enabled && is_asked(known));
    let asked: Vec<&String> = asked.map(|(name, _)| name).collect();
    if asked.is_empty() {
        return ask();
    }
    let about = |leaf: Leaf| leaf.word("task", "test").objects("provider", &asked);
    noted(data, Action::ModelAsk, about, ask)
}

fn list(config: &Config) -> Value {
    let items: Vec<Value> = config
        .llm
        .iter()
        .map(|(name, one)| {
            json!({"name": name, "kind": one.kind, "model": one.model, "enabled": one.enabled,
                "used_for": uses(config, name)})
        })
        .collect();
    json!({ "items": items })
}

/// What a provider is asked for.
fn uses(config: &Config, name: &str) -> Vec<String> {
    let analyst = &config.analyst;
    let tiers =
        [("small", &analyst.small), ("large", &analyst.large), ("vectors", &analyst.vectors)];
    let tiers = tiers.into_iter().filter(|(_, named)| named.as_deref() == Some(name));
    let tasks = analyst.tasks.iter().filter(|(_, to)| *to == name).map(|(task, _)| task.clone());
    tiers.map(|(tier, _)| tier.to_owned()).chain(tasks).collect()
}

fn write_list(config: &Config, out: &mut dyn Write) -> io::Result<()> {
    for (name, one) in &config.llm {
        let uses = uses(config, name).join(", ");
        let uses = match (one.enabled, uses.is_empty()) {
            (false, _) => "switched off".to_owned(),
            (true, true) => "asked for nothing".to_owned(),
            (true, false) => uses,
        };
        let (name, kind, model) = (cell(name, 16), cell(&one.kind, 18), cell(&one.model, 24));
        writeln!(out, "{name:<16} {kind:<18} {model:<24} {}", cell(&uses, 19))?;
    }
    if config.llm.is_empty() {
        writeln!(out, "no provider is configured, so no model is asked; docs/llm.md shows how")?;
    }
    Ok(())
}

/// Text from outside for one cell.
fn cell(text: &str, most: usize) -> String {
    quell_report::cell(&Untrusted::from(text), most)
}

impl Prices {
    fn words(&self) -> String {
        let [input, output] = [self.input, self.output].map(Money::of_millionths);
        format!("{input} in, {output} out for a million tokens")
    }
}

fn write_test(tested: &Tested, out: &mut dyn Write) -> io::Result<()> {
    for trial in &tested.items {
        let state = if trial.well { "works" } else { "does not work" };
        let price =
            trial.price.as_ref().map_or_else(|| "no price is known".to_owned(), Prices::words);
        writeln!(out, "{} {state}; {price}", cell(&trial.name, 24))?;
        if let Some(price) = &trial.batch_price {
            writeln!(out, "  in a batch: {}", price.words())?;
        }
        for row in &trial.means {
            write_row(row, out)?;
        }
    }
    if tested.items.is_empty() {
        say("no provider is configured, so no model is asked; docs/llm.md shows how");
    }
    Ok(())
}

fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let (name, state) = (cell(&row.name, 8), cell(&row.state, 6));
    if row.state != "works" {
        let note = row.note.as_deref().unwrap_or("not configured");
        writeln!(out, "  {name:<8} {state}")?;
        quell_report::wrapped(&shown(note, false), "    ", out)?;
        let needs = row.needs.as_deref().map(|what| format!("look at {}", shown(what, false)));
        return needs.map_or(Ok(()), |needs| quell_report::wrapped(&needs, "    ", out));
    }
    let tokens = row.tokens.map(|[input, output]| format!("{input} + {output} tokens"));
    let cost = row.cost.map(|cost| Money::of_millionths(cost).to_string());
    let note = row.note.as_deref().map(|note| cell(note, 28));
    let all: Vec<String> = [note, tokens, cost].into_iter().flatten().collect();
    writeln!(out, "  {name:<8} {state:<6} {:>6} ms  {}", row.millis, all.join(", "))
}
