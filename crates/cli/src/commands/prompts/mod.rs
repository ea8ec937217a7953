//! `quell prompts`: what models are asked, and how good their answers are.

mod diff;
mod eval;
mod folder;
mod kept;
mod list;

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use quell_analyst::{Task, Tasks};
use quell_catalog::Catalog;
use quell_config::Config;
use quell_model::Untrusted;

use super::config::load_or_tell;
use crate::console::say;
use crate::environment::Environment;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell prompts list
  quell prompts eval --provider claude           every task, all its cases
  quell prompts eval incident --cases 10 --keep answers.json
  quell prompts eval --answers answers.json      score them again, ask nobody
  quell prompts diff incident --against ./content/prompts
  quell prompts diff incident --against DIR --provider claude

A task is a folder of content/prompts. Cases are made up: no call holds anything
of yours. Calls cost what the provider takes. Exit codes: 0 done, 2 no such task
or provider, 3 a call failed. docs/prompts.md says more.";

/// What models are asked: list the tasks, compare their words, try them on cases.
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
    /// List the tasks: version, provider, cases, tokens
    List,
    /// Show what differs between a task here and another version of it
    Diff(diff::Asked),
    /// Ask a provider every case, and score what comes
    Eval(eval::Asked),
}

/// What every command has at hand.
struct Known<'a> {
    config: &'a Config,
    tasks: &'a Tasks,
    catalog: &'a Catalog,
    json: bool,
    terminal: bool,
}

/// Runs `quell prompts`.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit> {
    let Some(loaded) = load_or_tell(arguments.config.as_deref(), &[])? else {
        return Ok(Exit::Usage);
    };
    let tasks = Tasks::embedded().context("the tasks that come with Quell cannot be read")?;
    let catalog = Catalog::embedded().context("the catalogue cannot be read")?;
    let known = Known {
        config: &loaded.config,
        tasks: &tasks,
        catalog: &catalog,
        json: arguments.json,
        terminal: environment.terminal_err,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let exit = match &arguments.command {
        Command::List => list::run(&known, &mut out)?,
        Command::Diff(asked) => diff::run(&known, asked, &mut out)?,
        Command::Eval(asked) => eval::run(&known, asked, &mut out)?,
    };
    out.flush()?;
    Ok(exit)
}

impl Known<'_> {
    /// The task of a name; says which there are where there is none.
    fn task(&self, name: &str) -> Option<&Task> {
        let found = self.tasks.get(name);
        if found.is_none() {
            let all: Vec<&str> = self.tasks.iter().map(|task| task.id.as_str()).collect();
            say(&format!(
                "error: there is no task `{}`; there are {}",
                cell(name, 40),
                all.join(", ")
            ));
        }
        found
    }

    /// The provider that a task is given to.
    fn provider(&self, task: &Task) -> Option<&str> {
        let is_large = matches!(task.tier, quell_analyst::Tier::Large);
        self.config.analyst.provider(&task.id, is_large)
    }
}

/// Text from outside for one cell.
fn cell(text: &str, most: usize) -> String {
    quell_report::cell(&Untrusted::from(text), most)
}
