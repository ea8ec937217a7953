//! `quell incident`: one incident with what happened in it, and what a person decides about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::{Clock, Timestamp};
use quell_pipeline::{Setup, join_incidents, reset_incident, show_incident, split_incident};
use quell_report::write_incident_story;
use quell_store::Store;

use crate::console::say;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell incident show 0a1b2c3d4e
  quell incident split 0a1b2c3d4e 9z8y7x6w5v   take issues out; they stay out
  quell incident join 0a1b2c3d4e 5v6w7x8y9z    one story from now on
  quell incident reset 0a1b2c3d4e              take all of that back";

/// Show one incident, take it apart, or put two together.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The repository of `quell triage --repo`, for incidents that a fix holds together
    #[arg(long, global = true, value_name = "DIR")]
    repo: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show an incident: why it is one, what happened, what to do, its issues
    Show {
        /// The incident's id, or that of one of its issues; the first characters are enough
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take issues out of an incident, into one of their own, for good
    Split {
        /// The incident's id, or that of one of its issues
        id: String,
        /// The issues' ids, or their first characters
        #[arg(required = true)]
        issues: Vec<String>,
    },
    /// Make incidents part of another, with all that comes to them later
    Join {
        /// The incident that stays, by its id or that of one of its issues
        id: String,
        /// The incidents that become part of it, likewise
        #[arg(required = true)]
        others: Vec<String>,
    },
    /// Take back what was decided about an incident
    Reset {
        /// The incident's id; a whole one is enough where the incident is no more
        id: String,
    },
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path, _environment: &Environment) -> Result<Exit> {
    let mut store = Store::open(data)?;
    let setup = Setup::embedded(None)?;
    let repo = arguments.repo.as_deref();
    match &arguments.command {
        Command::Show { id, json } => {
            let story = show_incident(&store, &setup, id, repo, SystemClock.now())?;
            let mut out = io::stdout().lock();
            if *json {
                serde_json::to_writer_pretty(&mut out, &story)?;
                writeln!(out)?;
            } else {
                write_incident_story(&story, &mut out)?;
            }
        }
        Command::Split { id, issues } => {
            let key = split_incident(&mut store, &setup, (id, issues, repo), decider())?;
            say(&format!("the issues are now incident {key}; later imports keep them apart"));
        }
        Command::Join { id, others } => {
            let key = join_incidents(&mut store, &setup, (id, others, repo), decider())?;
            say(&format!("all of it is now incident {key}; later imports keep it together"));
        }
        Command::Reset { id } => {
            let freed = reset_incident(&mut store, &setup, (id, repo), SystemClock.now())?;
            say(&format!("{freed} decisions taken back"));
        }
    }
    Ok(Exit::Clean)
}

/// Who decides, and when: the program knows no more of who runs it.
fn decider() -> (Timestamp, &'static str) {
    (SystemClock.now(), "local user")
}
