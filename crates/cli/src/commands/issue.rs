//! `quell issue`: one issue with all it rests on, and taking a wrong merge apart.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::Clock;
use quell_pipeline::{Setup, show_issue, split_issue};
use quell_report::write_story;
use quell_store::Store;

use crate::console::say;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell issue show 0a1b2c3d4e --repo infra/
  quell issue split 0a1b2c3d4e 9z8y7x6w5v   take one finding out; it stays out";

/// Show one issue, or take a wrong merge apart.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show an issue: what is wrong, who sees it, why that is one, its risk and its fix
    Show {
        /// The issue's id, or its first characters
        id: String,
        /// A Terraform repository to make its fix in; it is only read
        #[arg(long, value_name = "DIR")]
        repo: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a finding out of its issue, for good
    Split {
        /// The issue's id, or its first characters
        id: String,
        /// The finding's id, or its first characters
        finding: String,
    },
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path, _environment: &Environment) -> Result<Exit> {
    let mut store = Store::open(data)?;
    let setup = Setup::embedded(None)?;
    match &arguments.command {
        Command::Show { id, repo, json } => {
            let story = show_issue(&store, &setup, (id, repo.as_deref()), SystemClock.now())?;
            let mut out = io::stdout().lock();
            if *json {
                serde_json::to_writer_pretty(&mut out, &story)?;
                writeln!(out)?;
            } else {
                write_story(&story, &mut out)?;
            }
        }
        Command::Split { id, finding } => {
            let key = split_issue(&mut store, &setup, (id, finding), SystemClock.now())?;
            say(&format!("the finding is now issue {key}; later imports keep it apart"));
        }
    }
    Ok(Exit::Clean)
}
