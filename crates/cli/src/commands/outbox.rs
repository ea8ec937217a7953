//! `quell outbox`: letters that are delivered, on a server or here.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_model::shown;
use quell_server::OutboxAct;
use quell_store::OutboxFilter;
use serde::Deserialize;

use super::desk::{Page, Place, cell, read, write_states};
use super::letter::{RemoteName, Row, write_letter, write_row};
use crate::console::{say, write_json};
use crate::environment::Environment;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell outbox list --state held             letters that wait for a person
  quell outbox show 12                       what it says, and what would be sent
  quell outbox release 12                    let it go
  quell outbox replay 12                     the same message once more
  quell outbox retry 14                      after what stood in the way is mended
  quell outbox stands                        what stands at sinks, what is not in step

What may have arrived cannot be cancelled. Exit codes: 0 done, 2 no such row or
not in a state for that, 3 not reached. docs/delivery.md says more.";

/// Letters that are delivered: list them, look at one, let it go, try it again.
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
    /// List rows, newest first
    List {
        /// Only in this state
        #[arg(long, value_name = "STATE", value_parser = [
            "held", "waiting", "sending", "doubt", "sent", "parked", "cancelled",
        ])]
        state: Option<String>,
        /// Only for this sink
        #[arg(long, value_name = "SINK")]
        sink: Option<String>,
        /// Only about this: `fix:ID`, `incident:ID`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// List at most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Show what a row says, and exactly what would be sent
    Show {
        /// Its number
        row: i64,
    },
    /// Let a row go that waits for a person
    Release {
        /// Its number
        row: i64,
    },
    /// Try a row again now
    Retry {
        /// Its number
        row: i64,
    },
    /// Send once more what was sent, as the same message: for webhooks, Splunk and syslog
    Replay {
        /// Its number
        row: i64,
    },
    /// Say that nobody wants a row any more
    Cancel {
        /// Its number
        row: i64,
    },
    /// What stands at sinks, and what is not in step
    Stands,
}

#[derive(Debug, Deserialize)]
struct Stand {
    sink: String,
    subject: String,
    #[serde(default)]
    remote: Option<RemoteName>,
    #[serde(default)]
    phase: Option<String>,
    #[serde(default)]
    conflict: Option<String>,
    #[serde(default)]
    merged: Option<Merged>,
}

#[derive(Debug, Deserialize)]
struct Merged {
    at: String,
    #[serde(default)]
    commit: Option<String>,
    #[serde(default)]
    checked: Option<Checked>,
    #[serde(default)]
    told: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Checked {
    code: String,
}

/// Runs `quell outbox`.
pub(super) fn run(
    arguments: &Arguments,
    data: (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let Some(desk) = arguments.place.desk(data, environment)? else { return Ok(Exit::Usage) };
    let mut out = BufWriter::new(io::stdout().lock());
    let value = match &arguments.command {
        Command::List { state, sink, subject, limit } => desk.list(&OutboxFilter {
            state: state.clone(),
            sink: sink.clone(),
            subject: subject.clone(),
            before: None,
            most: (*limit).clamp(1, 500),
        })?,
        Command::Show { row } => desk.show(*row)?,
        Command::Release { row } => desk.act(*row, OutboxAct::Release)?,
        Command::Retry { row } => desk.act(*row, OutboxAct::Retry)?,
        Command::Replay { row } => desk.act(*row, OutboxAct::Replay)?,
        Command::Cancel { row } => desk.act(*row, OutboxAct::Cancel)?,
        Command::Stands => desk.stands()?,
    };
    if arguments.place.json {
        write_json(&mut out, &value)?;
        return Ok(Exit::Clean);
    }
    match &arguments.command {
        Command::List { .. } => write_list(&read(value)?, &mut out)?,
        Command::Show { .. } => write_letter(&read(value)?, &mut out)?,
        Command::Release { .. }
        | Command::Retry { .. }
        | Command::Replay { .. }
        | Command::Cancel { .. } => {
            let row: Row = read(value)?;
            say(&format!("row {} is {}", row.id, shown(&row.state, false)));
        }
        Command::Stands => write_stands(&read(value)?, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Clean)
}

fn write_list(page: &Page<Row>, out: &mut dyn Write) -> io::Result<()> {
    for row in &page.items {
        write_row(row, out)?;
    }
    if page.items.is_empty() {
        writeln!(out, "no rows")?;
    }
    write_states(&page.states, out)
}

fn write_stands(page: &Page<Stand>, out: &mut dyn Write) -> io::Result<()> {
    for stand in &page.items {
        let name = stand.remote.as_ref().map_or("-", |remote| remote.name.as_str());
        writeln!(
            out,
            "{:<16} {:<20} {:<9} {}",
            cell(&stand.sink, 16),
            cell(name, 20),
            cell(stand.phase.as_deref().unwrap_or("-"), 9),
            cell(&stand.subject, 32),
        )?;
        if let Some(merged) = &stand.merged {
            write_merged(merged, out)?;
        }
        if let Some(conflict) = &stand.conflict {
            writeln!(out, "{:4}not in step: {}", "", cell(conflict, 62))?;
        }
    }
    if page.items.is_empty() {
        writeln!(out, "nothing stands at a sink")?;
    }
    Ok(())
}

fn write_merged(merged: &Merged, out: &mut dyn Write) -> io::Result<()> {
    let commit: String = merged.commit.iter().flat_map(|commit| commit.chars()).take(10).collect();
    let code = match merged.checked.as_ref().map(|checked| checked.code.as_str()) {
        Some("holds") => "the code has the fix",
        Some("fails") => "the code has not the fix",
        Some(_) | None => "the code is not known",
    };
    let waits =
        if merged.told.as_deref() == Some("waits") { "; no tool has looked since" } else { "" };
    let line = format!("merged {} {commit}: {code}{waits}", merged.at);
    writeln!(out, "{:4}{}", "", cell(&line, 75))
}
