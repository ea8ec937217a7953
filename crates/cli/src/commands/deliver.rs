//! `quell deliver`: what routes want is sent, or shown.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use quell_pipeline::Setup;
use quell_server::{Plan, offline};
use serde::Deserialize;

use super::desk::{Desk, Place, read, runtime, write_states};
use super::letter::write_letter;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell deliver --dry-run                    what routes would send, byte for byte
  quell deliver                              ask the routes and send what is due, once
  quell deliver --dry-run --json

A server does this by itself. Without one it is done here, on the data
directory. Letters of a route with `release = \"person\"` wait in the outbox.";

/// Send what routes want, or show it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Show exactly what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Deserialize)]
struct Round {
    wanted: u64,
    steps: u64,
    states: BTreeMap<String, u64>,
}

/// Runs `quell deliver`.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let place = &arguments.place;
    if place.server.connect(named, environment)?.is_some() {
        let said =
            "a server delivers by itself; `quell outbox list --server URL` shows how far it is";
        say(said);
        return Ok(Exit::Usage);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.dry_run {
        let Some(Desk::Data { outbox, .. }) = place.desk((data, named), environment)? else {
            return Ok(Exit::Usage);
        };
        let letters = outbox.rehearse(Setup::embedded(None)?)?;
        if place.json {
            write_json(&mut out, &letters)?;
            return Ok(Exit::Clean);
        }
        let count = letters.len();
        for letter in letters {
            write_letter(&read(letter)?, &mut out)?;
            writeln!(out)?;
        }
        out.flush()?;
        say(&format!("{count} letters would be written; nothing was sent"));
        return Ok(Exit::Clean);
    }
    let Some(config) = place.config()? else { return Ok(Exit::Usage) };
    let plan = Plan {
        config,
        data: data.to_owned(),
        setup: Setup::embedded(None)?,
        environment: environment_of(),
    };
    let value = runtime()?.block_on(offline::deliver(plan, Arc::new(SystemClock)))?;
    if place.json {
        write_json(&mut out, &value)?;
        return Ok(Exit::Clean);
    }
    let round: Round = read(value)?;
    writeln!(out, "{} new letters, {} steps", round.wanted, round.steps)?;
    write_states(&round.states, &mut out)?;
    out.flush()?;
    Ok(Exit::Clean)
}
