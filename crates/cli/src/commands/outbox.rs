//! `quell outbox`, `quell deliver` and `quell sink`: what is delivered, on a server or here.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_config::Config;
use quell_model::{TenantId, Untrusted, is_deceiving, shown};
use quell_pipeline::Setup;
use quell_server::{OutboxAct, Plan, offline};
use quell_store::OutboxFilter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::audited::noted_of;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;
use crate::remote::{Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell outbox list --state held             letters that wait for a person
  quell outbox show 12                       what it says, and what would be sent
  quell outbox release 12                    let it go
  quell outbox retry 14                      after what stood in the way is mended
  quell outbox stands                        what stands at sinks, what is not in step

What may have arrived cannot be cancelled. Exit codes: 0 done, 2 no such row or
not in a state for that, 3 not reached. docs/delivery.md says more.";

const DELIVER: &str = "\
Examples:
  quell deliver --dry-run                    what routes would send, byte for byte
  quell deliver                              ask the routes and send what is due, once
  quell deliver --dry-run --json

A server does this by itself. Without one it is done here, on the data
directory. Letters of a route with `release = \"person\"` wait in the outbox.";

const SINKS: &str = "\
Examples:
  quell sink list
  quell sink test jira-sec                   which right is missing

A sink is a table `[sinks.NAME]` of the configuration; docs/sinks has a page for
each kind.";

/// Letters that are delivered: list them, look at one, let it go, try it again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
}

/// Send what routes want, or show it.
#[derive(Debug, Args)]
#[command(after_help = DELIVER)]
pub(super) struct DeliverArguments {
    /// Show exactly what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// Where things are delivered to: list them, test one.
#[derive(Debug, Args)]
#[command(after_help = SINKS)]
pub(super) struct SinkArguments {
    #[command(subcommand)]
    command: SinkCommand,
    #[command(flatten)]
    place: Place,
}

/// Where it is asked for.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    server: ServerArguments,
    /// The configuration [default: quell.toml where it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
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
    /// Say that nobody wants a row any more
    Cancel {
        /// Its number
        row: i64,
    },
    /// What stands at sinks, and what is not in step
    Stands,
}

#[derive(Debug, Subcommand)]
enum SinkCommand {
    /// List the sinks that are switched on
    List,
    /// Ask a sink what its login may do, changing nothing
    Test {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    states: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: i64,
    sink: String,
    subject: String,
    act: String,
    state: String,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    said: Option<String>,
    #[serde(default)]
    remote: Option<RemoteName>,
}

#[derive(Debug, Deserialize)]
struct RemoteName {
    name: String,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Letter {
    #[serde(flatten)]
    row: Row,
    #[serde(default)]
    title: Option<String>,
    text: String,
    requests: Vec<Request>,
    #[serde(default)]
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Request {
    method: String,
    target: String,
    body: String,
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

#[derive(Debug, Deserialize)]
struct Round {
    wanted: u64,
    steps: u64,
    states: BTreeMap<String, u64>,
}

/// Where the outbox is asked for.
enum Desk {
    Server(Box<Remote>),
    Data { outbox: Box<offline::Outbox>, runtime: Runtime, data: PathBuf, tenant: TenantId },
}

impl Place {
    /// The desk; `None` where the configuration is wrong, which was told.
    fn desk(
        &self,
        (data, named): (&Path, Option<&Path>),
        environment: &Environment,
    ) -> Result<Option<Desk>> {
        if let Some(remote) = self.server.connect(named, environment)? {
            return Ok(Some(Desk::Server(Box::new(remote))));
        }
        let Some(config) = self.config()? else { return Ok(None) };
        let (tenant, runtime) = (tenant(&self.tenant)?, runtime()?);
        let outbox = {
            let _inside = runtime.enter();
            let place = (data, &tenant);
            offline::Outbox::new(config, place, environment_of(), Arc::new(SystemClock))?
        };
        let data = data.to_owned();
        Ok(Some(Desk::Data { outbox: Box::new(outbox), runtime, data, tenant }))
    }

    fn config(&self) -> Result<Option<Config>> {
        Ok(load_or_tell(self.config.as_deref(), &[])?.map(|loaded| loaded.config))
    }
}

fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().context("no runtime starts")
}

impl Desk {
    fn list(&self, filter: &OutboxFilter) -> Result<Value> {
        match self {
            Self::Server(remote) => {
                let limit = filter.most.to_string();
                let question = [
                    ("state", filter.state.as_deref()),
                    ("sink", filter.sink.as_deref()),
                    ("subject", filter.subject.as_deref()),
                    ("limit", Some(limit.as_str())),
                ];
                remote.ask(remote.connection.outbox_list(&question))
            }
            Self::Data { outbox, .. } => Ok(outbox.list(filter)?),
        }
    }

    fn show(&self, row: i64) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.outbox(row)),
            Self::Data { outbox, .. } => Ok(outbox.show(row)?),
        }
    }

    fn act(&self, row: i64, act: OutboxAct) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.outbox_act(row, act.as_str())),
            Self::Data { outbox, data, tenant, .. } => {
                outbox.show(row)?;
                let about =
                    |leaf: Leaf| leaf.object("outbox", &row.to_string()).word("act", act.as_str());
                noted_of(data, tenant, Action::OutboxAct, about, || Ok(outbox.act(row, act)?))
            }
        }
    }

    fn stands(&self) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.deliveries()),
            Self::Data { outbox, .. } => Ok(outbox.deliveries()?),
        }
    }

    fn sinks(&self) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.sinks()),
            Self::Data { outbox, .. } => Ok(outbox.sinks()),
        }
    }

    fn test(&self, name: &str) -> Result<Value> {
        match self {
            Self::Server(remote) => remote.ask(remote.connection.sink_test(name)),
            Self::Data { outbox, runtime, .. } => Ok(runtime.block_on(outbox.test(name))?),
        }
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).context("the answer cannot be read")
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
        Command::Release { .. } | Command::Retry { .. } | Command::Cancel { .. } => {
            let row: Row = read(value)?;
            say(&format!("row {} is {}", row.id, shown(&row.state, false)));
        }
        Command::Stands => write_stands(&read(value)?, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Clean)
}

/// Runs `quell deliver`.
pub(super) fn deliver(
    arguments: &DeliverArguments,
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

/// Runs `quell sink`.
pub(super) fn sink(
    arguments: &SinkArguments,
    data: (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let Some(desk) = arguments.place.desk(data, environment)? else { return Ok(Exit::Usage) };
    let mut out = BufWriter::new(io::stdout().lock());
    let value = match &arguments.command {
        SinkCommand::List => desk.sinks()?,
        SinkCommand::Test { name } => desk.test(name)?,
    };
    if arguments.place.json {
        write_json(&mut out, &value)?;
        return Ok(Exit::Clean);
    }
    match &arguments.command {
        SinkCommand::List => {
            let page: Page<SinkRow> = read(value)?;
            for sink in &page.items {
                writeln!(out, "{:<24} {}", cell(&sink.name, 24), cell(&sink.kind, 24))?;
            }
            if page.items.is_empty() {
                writeln!(out, "no sink is configured; docs/delivery.md shows how")?;
            }
        }
        SinkCommand::Test { .. } => {
            let tested: Tested = read(value)?;
            write_test(&tested, &mut out)?;
            out.flush()?;
            return Ok(if tested.well { Exit::Clean } else { Exit::Unfinished });
        }
    }
    out.flush()?;
    Ok(Exit::Clean)
}

/// Text from outside for one cell.
fn cell(text: &str, most: usize) -> String {
    quell_report::cell(&Untrusted::from(text), most)
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

fn write_list(page: &Page<Row>, out: &mut dyn Write) -> io::Result<()> {
    for row in &page.items {
        write_row(row, out)?;
    }
    if page.items.is_empty() {
        writeln!(out, "no rows")?;
    }
    write_states(&page.states, out)
}

fn write_states(states: &BTreeMap<String, u64>, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    if all.is_empty() { Ok(()) } else { writeln!(out, "{}", all.join(", ")) }
}

fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:>6} {:<9} {:<6} {:<16} {}",
        row.id,
        cell(&row.state, 9),
        cell(&row.act, 6),
        cell(&row.sink, 16),
        cell(&row.subject, 38),
    )?;
    let until = row.until.as_ref().map(|until| format!("from {until}"));
    let told = row.remote.as_ref().map(|remote| match &remote.url {
        Some(url) => format!("{} {url}", remote.name),
        None => remote.name.clone(),
    });
    let more = row.why.clone().or(row.said.clone()).or(told).or(until);
    match more {
        Some(more) => writeln!(out, "{:7}{}", "", cell(&more, 72)),
        None => Ok(()),
    }
}

fn write_letter(letter: &Letter, out: &mut dyn Write) -> io::Result<()> {
    write_row(&letter.row, out)?;
    if let Some(title) = &letter.title {
        writeln!(out, "\n{}", shown(title, false))?;
    }
    writeln!(out)?;
    letter.text.lines().try_for_each(|line| write_line(line, out))?;
    for request in &letter.requests {
        let target = shown(&request.target, false);
        writeln!(
            out,
            "\n--- {} {target}\n{}",
            shown(&request.method, false),
            visible(&request.body)
        )?;
    }
    match &letter.refused {
        Some(why) => {
            let said = format!("the sink would not take it: {}", shown(why, false));
            writeln!(out)?;
            quell_report::wrapped(&said, "", out)
        }
        None => Ok(()),
    }
}

/// A line of a letter; code stays as wide as it is.
fn write_line(line: &str, out: &mut dyn Write) -> io::Result<()> {
    if line.starts_with("    ") {
        writeln!(out, "{line}")
    } else {
        quell_report::wrapped(line, "", out)
    }
}

/// A body as it is sent, with what nobody could see written as JSON writes it.
fn visible(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for c in body.chars() {
        let stays = matches!(c, '\n' | '\t') || !(c.is_control() || is_deceiving(c));
        match stays {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units)
                    .iter()
                    .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    out
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
        if let Some(conflict) = &stand.conflict {
            writeln!(out, "{:4}not in step: {}", "", cell(conflict, 62))?;
        }
    }
    if page.items.is_empty() {
        writeln!(out, "nothing stands at a sink")?;
    }
    Ok(())
}
