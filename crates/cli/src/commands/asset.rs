//! `quell asset`: one asset, its issues, and what it has to do with others.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::{Clock, Untrusted};
use quell_pipeline::Setup;
use quell_pipeline::query::{self, View};
use quell_report::cell;
use quell_store::{Index, Store};
use serde::Deserialize;
use serde_json::Value;

use crate::console::write_json;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::ServerArguments;

const EXAMPLES: &str = "\
Examples:
  quell asset show aws:s3.bucket:logs       the id that reports and lists print
  quell asset show aws:ec2.instance:i-0a1b --json";

/// Show one asset.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show an asset: its owner, its issues, what it has to do with others
    Show {
        /// The asset's id; the first characters are enough
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What is printed of an asset.
#[derive(Debug, Deserialize)]
struct Story {
    id: Untrusted,
    #[serde(default)]
    issues: Vec<Issue>,
    all_issues: u64,
    #[serde(default)]
    relations: Vec<Relation>,
    all_relations: u64,
}

#[derive(Debug, Deserialize)]
struct Issue {
    id: String,
    severity: String,
    title: Untrusted,
}

#[derive(Debug, Deserialize)]
struct Relation {
    words: String,
    asset: Untrusted,
    #[serde(default)]
    by: Untrusted,
    tool: String,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let Command::Show { id, json } = &arguments.command;
    let story = match arguments.server.connect(named, environment)? {
        Some(remote) => remote.ask(remote.connection.asset(id))?,
        None => known(data, id)?,
    };
    let mut out = io::stdout().lock();
    if *json {
        write_json(&mut out, &story)?;
    } else {
        write(&serde_json::from_value(story)?, &mut out)?;
    }
    Ok(Exit::Clean)
}

/// The asset of the data directory.
fn known(data: &Path, id: &str) -> Result<Value> {
    let store = Store::open(data)?;
    let setup = Setup::embedded(None)?;
    let index = Index::load(&store)?.snapshot();
    let view = View { store: &store, index: &index, setup: &setup, now: SystemClock.now() };
    Ok(serde_json::to_value(query::asset(&view, id)?)?)
}

fn write(story: &Story, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", cell(&story.id, 79))?;
    let listed = |shown: usize, all: u64, what: &str| {
        let hidden = all.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
        let more = if hidden > 0 { format!(", {hidden} not listed") } else { String::new() };
        format!("{what}: {all}{more}")
    };
    writeln!(out, "\n{}", listed(story.issues.len(), story.all_issues, "issues"))?;
    for issue in &story.issues {
        let id: String = issue.id.chars().take(10).collect();
        writeln!(out, "  {:<13} {id}  {}", issue.severity, cell(&issue.title, 50))?;
    }
    writeln!(out, "\n{}", listed(story.relations.len(), story.all_relations, "relations"))?;
    for relation in &story.relations {
        let by = if relation.by.is_empty() {
            String::new()
        } else {
            format!(" by {}", cell(&relation.by, 24))
        };
        writeln!(out, "  {} {}", relation.words, cell(&relation.asset, 54))?;
        writeln!(out, "      says {}{by}", relation.tool)?;
    }
    Ok(())
}
