//! `quell sink`: where things are delivered to.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::shown;
use serde::Deserialize;

use super::desk::{Page, Place, cell, read};
use crate::console::write_json;
use crate::environment::Environment;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell sink list
  quell sink test jira-sec                   which right is missing

A sink is a table `[sinks.NAME]` of the configuration; docs/sinks has a page for
each kind.";

/// Where things are delivered to: list them, test one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the sinks that are switched on
    List,
    /// Ask a sink what its login may do, changing nothing
    Test {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Deserialize)]
struct SinkRow {
    name: String,
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Tested {
    well: bool,
    rights: Vec<Right>,
    #[serde(default)]
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Right {
    name: String,
    purpose: String,
    state: String,
}

/// Runs `quell sink`.
pub(super) fn run(
    arguments: &Arguments,
    data: (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let Some(desk) = arguments.place.desk(data, environment)? else { return Ok(Exit::Usage) };
    let mut out = BufWriter::new(io::stdout().lock());
    let value = match &arguments.command {
        Command::List => desk.sinks()?,
        Command::Test { name } => desk.test(name)?,
    };
    if arguments.place.json {
        write_json(&mut out, &value)?;
        return Ok(Exit::Clean);
    }
    match &arguments.command {
        Command::List => {
            let page: Page<SinkRow> = read(value)?;
            for sink in &page.items {
                writeln!(out, "{:<24} {}", cell(&sink.name, 24), cell(&sink.kind, 24))?;
            }
            if page.items.is_empty() {
                writeln!(out, "no sink is configured; docs/delivery.md shows how")?;
            }
        }
        Command::Test { .. } => {
            let tested: Tested = read(value)?;
            write_test(&tested, &mut out)?;
            out.flush()?;
            return Ok(if tested.well { Exit::Clean } else { Exit::Unfinished });
        }
    }
    out.flush()?;
    Ok(Exit::Clean)
}

fn write_test(tested: &Tested, out: &mut dyn Write) -> io::Result<()> {
    for right in &tested.rights {
        let (state, name) = (cell(&right.state, 8), cell(&right.name, 28));
        writeln!(out, "{state:<8} {name:<28} {}", cell(&right.purpose, 41))?;
    }
    match &tested.why {
        Some(why) => {
            quell_report::wrapped(&format!("it does not answer: {}", shown(why, false)), "", out)
        }
        None if tested.well => writeln!(out, "it answers, and no right is missing"),
        None => writeln!(out, "it answers, and a right is missing"),
    }
}
