//! `quell replay`: what was received is read again, by what this program knows now.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::civil::Date;
use quell_client::{ClientError, Job, JobOutcome, ReplayQuery};
use quell_config::Config;
use quell_model::TenantId;
use quell_pipeline::{Progress, Setup};
use quell_server::{Plan, offline};
use tokio::runtime::Builder;

use super::config::load_or_tell;
use super::jobs::{accounting, detail, tenant};
use super::triage::on_interrupt;
use crate::console::{byte_bar, say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell replay --server https://quell.example --token-file token
  quell replay --since 2026-11-01 --source wiz     on a stopped server's data

A newer program may understand what was received better. What it says of the
same moment replaces what was read before; nothing older overwrites newer.

Exit codes: 0 done, 2 usage, 3 not all could be read, 130 interrupted.";

/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How often a server may be away in a row while a job is waited for.
const MOST_MISSES: u32 = 5;

/// Read what was received again, by what this program knows now.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only what was received since: a day, or a time as in 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// With a server: wait until it is done
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    server: ServerArguments,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn moment(text: &str) -> std::result::Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.in_tz("UTC").ok().map(|day| day.timestamp());
    let said = || "a day (2026-11-01) or a time (2026-11-01T08:00:00Z) is wanted".to_owned();
    text.parse().ok().or_else(day).ok_or_else(said)
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    match arguments.server.connect(named, environment)? {
        Some(remote) => at_server(arguments, &remote, environment),
        None => here(arguments, data, environment),
    }
}

fn at_server(arguments: &Arguments, remote: &Remote, environment: &Environment) -> Result<Exit> {
    let query = ReplayQuery { since: arguments.since, source: arguments.source.clone() };
    let job = remote.ask(remote.connection.replay(&query))?;
    let job = match arguments.wait {
        true => {
            let cancelled = on_interrupt()?;
            let bar = byte_bar(environment.terminal_err);
            let over = follow(remote, job, &bar, &cancelled);
            bar.finish_and_clear();
            over?
        }
        false => job,
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &job)?;
    } else if arguments.wait {
        writeln!(out, "{}", detail(&job).unwrap_or_else(|| job.state.clone()))?;
    } else {
        say(&format!("the replay is job {}; `quell jobs show` says how far it is", job.id));
    }
    Ok(if arguments.wait && !is_whole(&job) { Exit::Unfinished } else { Exit::Clean })
}

fn is_whole(job: &Job) -> bool {
    job.state == "done" && job.outcome().is_none_or(|outcome| outcome.complete)
}

/// Waits until a job is over. A server that restarts meanwhile is waited for a little.
pub(super) fn follow(
    remote: &Remote,
    mut job: Job,
    bar: &ProgressBar,
    cancelled: &AtomicBool,
) -> Result<Job> {
    let mut missed = 0;
    while !job.is_over() {
        if cancelled.load(Ordering::SeqCst) {
            say(&format!("the server goes on with job {}: quell jobs show", job.id));
            return Err(ClientError::Stopped.into());
        }
        bar.set_length(job.total_bytes);
        bar.set_position(job.done_bytes);
        bar.set_message(quell_report::cell(&job.doing, 30));
        remote.pause(LOOK_EVERY);
        match remote.ask(remote.connection.job(&job.id)) {
            Ok(now) => (job, missed) = (now, 0),
            Err(error) => {
                missed += 1;
                let passes = error.downcast_ref::<ClientError>().is_some_and(ClientError::may_pass);
                if !passes || missed >= MOST_MISSES {
                    let what = format!(
                        "job {} is the server's to end; `quell jobs show` says how far it is",
                        job.id
                    );
                    return Err(error.context(what));
                }
            }
        }
    }
    Ok(job)
}

fn here(arguments: &Arguments, data: &Path, environment: &Environment) -> Result<Exit> {
    if offline::is_served(data)? {
        let said = format!(
            "a server runs on `{}`; ask it with `--server http://127.0.0.1:8420`, or stop it",
            data.display()
        );
        return Err(Misused(said).into());
    }
    let Some(config) = config()? else { return Ok(Exit::Usage) };
    let plan = Plan {
        config,
        data: data.to_owned(),
        setup: Setup::embedded(None)?,
        environment: environment_of(),
    };
    let runtime =
        Builder::new_current_thread().enable_all().build().context("no runtime starts")?;
    let _inside = runtime.enter();
    let wanted = offline::Replay {
        tenant: tenant(&arguments.tenant)?,
        since: arguments.since,
        source: arguments.source.clone(),
    };
    let cancelled = on_interrupt()?;
    let bar = byte_bar(environment.terminal_err);
    let progress = Progress {
        cancelled: &cancelled,
        bytes: &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        },
        doing: &|what| bar.set_message(what.to_owned()),
    };
    let outcome = offline::replay(plan, &wanted, Arc::new(SystemClock), &progress);
    bar.finish_and_clear();
    let value = outcome?;
    let outcome: JobOutcome =
        serde_json::from_value(value.clone()).context("what it came to cannot be read")?;
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &value)?;
    } else {
        writeln!(out, "{}", accounting(&outcome.accounting))?;
    }
    if outcome.complete {
        return Ok(Exit::Clean);
    }
    say("some of it could not be read to its end, or is not kept any more");
    Ok(Exit::Unfinished)
}

/// The configuration, as `quell serve` would take it; nothing where it is wrong.
fn config() -> Result<Option<Config>> {
    Ok(load_or_tell(None, &[])?.map(|loaded| loaded.config))
}
