//! `quell jobs`: what a server does beside requests, on a running one or on its data directory.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_client::{Job, JobQuery};
use quell_model::{Accounting, Clock, TenantId, Untrusted};
use quell_report::cell;
use quell_server::{Change, offline};
use quell_store::{JobFilter, JobState};
use serde_json::Value;

use crate::audited::noted_of;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell jobs list --state dead                 what failed for good, and why
  quell jobs show 0a1b2c3d4e5f6g7h8j9kamnpqr
  quell jobs retry 0a1b2c3d4e5f6g7h8j9kamnpqr
  quell jobs release 0a1b2c3d4e5f6g7h8j9kamnpqr  let a held import close
  quell jobs list --server https://quell.example --token-file token

Without --server the data directory is asked, whether a server runs or not.
Exit codes: 0 done, 2 no such job or not in a state for that, 3 not reached.";

/// Width of what is told below a job.
const DETAIL: usize = 70;

/// Jobs of a server: list them, look at one, retry, release or cancel it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// Whose jobs, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List jobs, newest first
    List {
        /// Only in this state
        #[arg(long, value_name = "STATE", value_parser = JobState::ALL.map(JobState::as_str))]
        state: Option<String>,
        /// Only of this kind
        #[arg(long, value_name = "KIND", value_parser = ["import", "delivery", "object", "replay"])]
        kind: Option<String>,
        /// Only of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
        /// List at most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Show one job: what it is, how far it is, what it came to
    Show {
        /// Its id
        id: String,
    },
    /// Try a job again that failed or was called off
    Retry {
        /// Its id
        id: String,
    },
    /// Let a held import close what it is silent about
    Release {
        /// Its id
        id: String,
    },
    /// Call a job off
    Cancel {
        /// Its id
        id: String,
    },
}

/// Where jobs are asked for.
#[derive(Debug)]
enum Desk {
    Server(Box<Remote>),
    Data(PathBuf, TenantId),
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let desk = match arguments.server.connect(named, environment)? {
        Some(remote) => Desk::Server(Box::new(remote)),
        None => Desk::Data(data.to_owned(), tenant(&arguments.tenant)?),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let json = arguments.json;
    match &arguments.command {
        Command::List { state, kind, source, limit } => {
            let (state, kind, source) = (state.clone(), kind.clone(), source.clone());
            let jobs = desk.list(&JobQuery { state, kind, source }, *limit)?;
            if json { write_json(&mut out, &jobs)? } else { list(&jobs, &mut out)? }
        }
        Command::Show { id } => {
            let job = desk.show(id)?;
            if json { write_json(&mut out, &job)? } else { show(&job, &mut out)? }
        }
        Command::Retry { id } => tell(&desk.change(id, Change::Retry)?, json, &mut out)?,
        Command::Release { id } => tell(&desk.change(id, Change::Release)?, json, &mut out)?,
        Command::Cancel { id } => tell(&desk.change(id, Change::Cancel)?, json, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Clean)
}

/// The tenant that a command line names.
pub(super) fn tenant(text: &str) -> Result<TenantId> {
    text.parse().map_err(|_| Misused(format!("`{text}` is no tenant")).into())
}

impl Desk {
    fn list(&self, query: &JobQuery, limit: usize) -> Result<Vec<Job>> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.job_list(query, limit)),
            Self::Data(data, tenant) => {
                let filter = JobFilter {
                    state: query.state.as_deref().and_then(JobState::from_word),
                    kind: query.kind.clone(),
                    source: query.source.clone(),
                    before: None,
                };
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                let found = offline::job_list(data, tenant, &filter, limit)?;
                found.into_iter().map(job).collect()
            }
        }
    }

    fn show(&self, id: &str) -> Result<Job> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.job(id)),
            Self::Data(data, tenant) => job(offline::job_show(data, tenant, id)?),
        }
    }

    fn change(&self, id: &str, change: Change) -> Result<Job> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.job_change(id, change.as_str())),
            Self::Data(data, tenant) => {
                let action = match change {
                    Change::Cancel => Action::JobCancel,
                    Change::Retry => Action::JobRetry,
                    Change::Release => Action::JobRelease,
                };
                let about = |leaf: Leaf| leaf.object("job", id);
                let now = SystemClock.now();
                // Without what a server knows there is no job, and no log is begun for it.
                offline::job_show(data, tenant, id)?;
                job(noted_of(data, tenant, action, about, || {
                    Ok(offline::job_change(data, (tenant, id), change, now)?)
                })?)
            }
        }
    }
}

fn job(told: Value) -> Result<Job> {
    serde_json::from_value(told).context("a job cannot be read")
}

fn tell(job: &Job, json: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        return Ok(write_json(out, job)?);
    }
    say(&format!("job {} is {}", plain(&job.id, 26), plain(&job.state, 20)));
    Ok(())
}

fn list(jobs: &[Job], out: &mut dyn Write) -> Result<()> {
    for job in jobs {
        write_row(job, out)?;
    }
    if jobs.is_empty() {
        writeln!(out, "no jobs")?;
    }
    Ok(())
}

fn write_row(job: &Job, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<9} {:<26} {:<8} {} {}",
        plain(&job.state, 9),
        plain(&job.id, 26),
        plain(&job.kind, 8),
        job.made_at.strftime("%Y-%m-%d %H:%M"),
        cell(&job.source, 17),
    )?;
    match detail(job) {
        Some(detail) => writeln!(out, "{:10}{detail}", ""),
        None => Ok(()),
    }
}

/// What is worth saying of a job in one line.
pub(super) fn detail(job: &Job) -> Option<String> {
    match job.state.as_str() {
        "running" => Some(how_far(job)),
        "done" => job.outcome().map(|outcome| accounting(&outcome.accounting)),
        _ => job.reason.as_ref().map(|reason| cell(reason, DETAIL)),
    }
}

fn how_far(job: &Job) -> String {
    let doing = cell(&job.doing, 40);
    match (job.done_bytes.saturating_mul(100).checked_div(job.total_bytes), doing.is_empty()) {
        (Some(percent), false) => format!("{percent} %, {doing}"),
        (Some(percent), true) => format!("{percent} %"),
        (None, false) => doing,
        (None, true) => "begins".to_owned(),
    }
}

/// What became of records, on one line.
pub(super) fn accounting(sums: &Accounting) -> String {
    let parts = [
        (sums.created, "new"),
        (sums.updated, "updated"),
        (sums.merged, "merged"),
        (sums.unchanged, "unchanged"),
        (sums.rejected, "rejected"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let records = if sums.records == 1 { "record" } else { "records" };
    if told.is_empty() {
        format!("{} {records}", sums.records)
    } else {
        format!("{} {records}: {}", sums.records, told.join(", "))
    }
}

fn show(job: &Job, out: &mut dyn Write) -> Result<()> {
    let mut line = |label: &str, text: String| -> io::Result<()> {
        if text.is_empty() { Ok(()) } else { writeln!(out, "{label:<10}{text}") }
    };
    let at = |time: Option<quell_model::Timestamp>| {
        time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
    };
    line("job", plain(&job.id, 26))?;
    line("kind", plain(&job.kind, 40))?;
    line("state", plain(&job.state, 40))?;
    line("source", cell(&job.source, DETAIL))?;
    line("asked by", cell(&job.made_by, DETAIL))?;
    line("asked at", at(Some(job.made_at)))?;
    line("begun at", at(job.started_at))?;
    line("ended at", at(job.ended_at))?;
    line("attempts", job.attempts.to_string())?;
    if job.state == "queued" {
        line("due at", at(Some(job.due_at)))?;
    }
    if job.state == "running" {
        line("how far", how_far(job))?;
    }
    if let Some(reason) = &job.reason {
        line("reason", cell(reason, 400))?;
    }
    let Some(outcome) = job.outcome() else { return Ok(()) };
    line("came to", accounting(&outcome.accounting))?;
    for file in &outcome.files {
        line("file", format!("{}: {}", cell(&file.path, 34), accounting(&file.accounting)))?;
        if let Some(message) = &file.message {
            line(" ", cell(message, DETAIL))?;
        }
    }
    for reject in &outcome.rejects {
        let reason = Untrusted::from(reject.reason.as_str());
        line("rejected", format!("at byte {}: {}", reject.offset_bytes, cell(&reason, 50)))?;
    }
    Ok(())
}

/// A word of a server, safe for a terminal.
fn plain(text: &str, most: usize) -> String {
    cell(&Untrusted::from(text), most)
}
