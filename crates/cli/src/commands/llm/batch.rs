//! `quell llm batch` and `quell llm collect`: many explanations at once, answered within a day.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use clap::Args;
use quell_config::{Config, Money};
use quell_model::Clock;
use quell_pipeline::{Progress, Request, Setup, show_incident};
use quell_server::{Collected, HandedInTask};
use quell_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cell;
use crate::commands::desk::runtime;
use crate::commands::explain::{audience, explainer};
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::ServerArguments;

/// Which incidents, and for whom.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// So many of the riskiest incidents
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    top: u32,
    /// Whom they are written for
    #[arg(long = "as", value_name = "WHO", default_value = "owner",
        value_parser = ["owner", "analyst", "executive"])]
    to: String,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Serialize, Deserialize)]
struct Handed {
    items: Vec<HandedInTask>,
}

/// Hands them in.
pub(super) fn run(
    wanted: &Wanted,
    (data, named): (&Path, Option<&Path>),
    (config, environment, json): (&Config, &Environment, bool),
) -> Result<Exit> {
    let handed: Handed = match wanted.server.connect(named, environment)? {
        Some(remote) => {
            let plan = json!({"top": wanted.top, "as": wanted.to});
            remote.ask(remote.connection.llm_batches(&plan))?
        }
        None => here(wanted, data, config)?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        write_json(&mut out, &handed)?;
    } else {
        write(&handed, &mut out)?;
    }
    out.flush()?;
    let failed = handed.items.iter().any(|one| one.failed.is_some());
    Ok(if failed { Exit::Unfinished } else { Exit::Clean })
}

fn here(wanted: &Wanted, data: &Path, config: &Config) -> Result<Handed> {
    let mut store = Store::open(data)?;
    let setup = Setup::embedded(None)?;
    let limit = Some(usize::try_from(wanted.top)?);
    let request = Request { limit, only_incidents: true, ..Request::default() };
    let never = AtomicBool::new(false);
    let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
    let report = quell_pipeline::run(&mut store, &setup, &request, &SystemClock, &progress)?.report;
    let now = SystemClock.now();
    let stories =
        report.incidents.iter().map(|one| show_incident(&store, &setup, &one.id, None, now));
    let stories = stories.collect::<Result<Vec<_>, _>>()?;
    let runtime = runtime()?;
    let explainer = explainer(&runtime, (data, config.clone()), Setup::embedded(None)?)?;
    Ok(Handed { items: explainer.hand_in(&store, stories, audience(&wanted.to))? })
}

/// Fetches what is done.
pub(super) fn collect(data: &Path, config: &Config, json: bool) -> Result<Exit> {
    let runtime = runtime()?;
    let explainer = explainer(&runtime, (data, config.clone()), Setup::embedded(None)?)?;
    let collected = explainer.collect()?;
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        write_json(&mut out, &collected)?;
    } else {
        let Collected { running, done, lost, answers, unusable, money } = collected;
        writeln!(out, "batches: {done} done, {running} under way, {lost} lost")?;
        let cost = Money::of_millionths(money);
        writeln!(out, "answers: {answers} kept, {unusable} of no use, for {cost}")?;
    }
    out.flush()?;
    Ok(Exit::Clean)
}

fn write(handed: &Handed, out: &mut dyn Write) -> io::Result<()> {
    for one in &handed.items {
        let task = cell(&one.task, 12);
        if let Some(why) = &one.failed {
            writeln!(out, "{task:<12} not handed in: {}", cell(why, 52))?;
            continue;
        }
        let calls = &one.calls;
        writeln!(
            out,
            "{task:<12} {} handed in for {} at most, {} answered before, {} refused",
            calls.handed_in,
            Money::of_millionths(calls.most_money),
            calls.kept,
            calls.refused
        )?;
        if let Some(because) = &calls.because {
            writeln!(out, "{:<12} {}", "", cell(because, 66))?;
        }
    }
    if handed.items.is_empty() {
        say("no incident is open");
    }
    Ok(())
}
