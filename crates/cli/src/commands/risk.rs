//! `quell risk`: why a score is what it is, and what would change it.

use std::io;
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::Clock;
use quell_pipeline::{Setup, explain_risk};
use quell_report::write_risk_story;
use quell_store::Store;

use crate::console::write_json;
use crate::environment::SystemClock;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell risk explain 0a1b2c3d4e             the id of an issue or an incident
  quell risk explain 0a1b2c3d4e --json";

/// Why a score is what it is.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the parts of a risk, the record behind each, and what would change it
    Explain {
        /// The id of an open issue or an incident, or its first characters
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let Command::Explain { id, json } = &arguments.command;
    let store = Store::open(data)?;
    let story = explain_risk(&store, &Setup::embedded(None)?, id, SystemClock.now())?;
    let mut out = io::stdout().lock();
    if *json {
        write_json(&mut out, &story)?;
    } else {
        write_risk_story(&story, &mut out)?;
    }
    Ok(Exit::Clean)
}
