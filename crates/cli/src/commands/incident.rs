//! `quell incident`: one incident with what happened in it, and what a person decides about it.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_client::{Listed, ListedIncident};
use quell_model::{Clock, IncidentKey, Timestamp};
use quell_pipeline::{
    Progress, Request, Setup, join_incidents, mark_incident, open_incident, reset_incident,
    split_incident, unmark_incident,
};
use quell_report::{IncidentReport, IncidentStory, cell, write_incident_story};
use quell_store::Store;

use super::config::with_fixes;
use crate::audited::noted;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::marking::MarkArguments;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell incident list
  quell incident show 0a1b2c3d4e
  quell incident split 0a1b2c3d4e 9z8y7x6w5v   take issues out; they stay out
  quell incident join 0a1b2c3d4e 5v6w7x8y9z    one story from now on
  quell incident reset 0a1b2c3d4e              take all of that back
  quell incident mark 0a1b2c3d4e --as in_progress --reason PLAT-17";

/// List incidents, show one, take it apart, or put two together.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The repository of `quell triage --repo`, for incidents that a fix holds together
    #[arg(long, global = true, value_name = "DIR")]
    repo: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List and count open incidents, the riskiest first
    List {
        /// List at most this many; all are counted
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
    /// Mark all issues of an incident, as `quell issue mark` marks one
    Mark {
        /// The incident's id, or that of one of its issues
        id: String,
        #[command(flatten)]
        mark: MarkArguments,
    },
    /// Take the marks of all issues of an incident back
    Unmark {
        /// The incident's id, or that of one of its issues
        id: String,
    },
}

/// The incidents, the riskiest first.
fn list(found: &Listed<ListedIncident>, json: bool) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        write_json(&mut out, found)?;
        return Ok(out.flush()?);
    }
    for one in &found.items {
        let id: String = one.id.to_string().chars().take(10).collect();
        let issues = if one.issues == 1 { "issue" } else { "issues" };
        writeln!(
            out,
            "{:>4}  {:<5} {:<13} {id}  {}\n      {} {issues}",
            one.score,
            one.decision.as_str(),
            one.severity.as_str(),
            cell(&one.title, 42),
            one.issues,
        )?;
    }
    let hidden = found.count.saturating_sub(u64::try_from(found.items.len())?);
    let incidents = if found.count == 1 { "incident" } else { "incidents" };
    let more = if hidden > 0 { format!(", {hidden} not listed: --limit") } else { String::new() };
    writeln!(out, "{} {incidents} in all{more}", found.count)?;
    Ok(out.flush()?)
}

/// The incidents of the data directory.
fn listed(store: &mut Store, setup: &Setup, limit: usize) -> Result<Listed<ListedIncident>> {
    let request = Request { limit: Some(limit), only_incidents: true, ..Request::default() };
    let never = AtomicBool::new(false);
    let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
    let report = quell_pipeline::run(store, setup, &request, &SystemClock, &progress)?.report;
    let item = |incident: IncidentReport| -> Result<ListedIncident> {
        Ok(ListedIncident {
            id: incident.id.parse().context("an incident's id is none")?,
            score: incident.score,
            severity: incident.severity,
            decision: incident.decision.decision,
            title: incident.title,
            issues: u64::try_from(incident.issues.len())?,
        })
    };
    let items = report.incidents.into_iter().map(item).collect::<Result<_>>()?;
    Ok(Listed { count: report.funnel.incidents, items })
}

fn show(story: &IncidentStory, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return Ok(write_json(&mut out, story)?);
    }
    Ok(write_incident_story(story, &mut out)?)
}

/// Has a server do it.
fn at_server(arguments: &Arguments, remote: &Remote) -> Result<Exit> {
    if arguments.repo.is_some() {
        let said = "`--repo` does not go with a server: it joins by what it knows alone";
        return Err(Misused(said.to_owned()).into());
    }
    let server = &remote.connection;
    match &arguments.command {
        Command::List { limit, json } => list(&remote.ask(server.incident_list(*limit))?, *json)?,
        Command::Show { id, json } => show(&remote.ask(server.incident(id))?, *json)?,
        Command::Split { id, issues } => {
            tell_split(&remote.ask(server.incident_split(id, issues))?);
        }
        Command::Join { id, others } => tell_join(&remote.ask(server.incident_join(id, others))?),
        Command::Reset { id } => tell_reset(remote.ask(server.incident_reset(id))?),
        Command::Mark { id, mark } => {
            let issues = remote.ask(server.incident_mark(id, &mark.plan()))?;
            tell_mark(issues, mark);
        }
        Command::Unmark { id } => tell_unmark(remote.ask(server.incident_unmark(id))?),
    }
    Ok(Exit::Clean)
}

fn tell_split(key: &IncidentKey) {
    say(&format!("the issues are now incident {key}; later imports keep them apart"));
}

fn tell_join(key: &IncidentKey) {
    say(&format!("all of it is now incident {key}; later imports keep it together"));
}

fn tell_reset(freed: u64) {
    say(&format!("{freed} decisions taken back"));
}

fn tell_mark(issues: u64, mark: &MarkArguments) {
    let issues = if issues == 1 { "1 issue".to_owned() } else { format!("{issues} issues") };
    say(&format!("{issues} marked {}; what a tool sees stays open", mark.words()));
}

fn tell_unmark(removed: u64) {
    say(&format!("{removed} marks taken back"));
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    if let Some(remote) = arguments.server.connect(named, environment)? {
        return at_server(arguments, &remote);
    }
    let mut store = Store::open(data)?;
    let repo = arguments.repo.as_deref();
    let setup = with_fixes(Setup::embedded(None)?, repo)?;
    match &arguments.command {
        Command::List { limit, json } => list(&listed(&mut store, &setup, *limit)?, *json)?,
        Command::Show { id, json } => {
            show(&open_incident(&mut store, &setup, (id, repo), SystemClock.now())?, *json)?;
        }
        Command::Split { id, issues } => {
            let about = |leaf: Leaf| leaf.object("incident", id).objects("issue", issues);
            let key = noted(data, Action::IncidentSplit, about, || {
                Ok(split_incident(&mut store, &setup, (id, issues, repo), decider())?)
            })?;
            tell_split(&key);
        }
        Command::Join { id, others } => {
            let about = |leaf: Leaf| leaf.object("incident", id).objects("incident", others);
            tell_join(&noted(data, Action::IncidentJoin, about, || {
                Ok(join_incidents(&mut store, &setup, (id, others, repo), decider())?)
            })?);
        }
        Command::Reset { id } => {
            let about = |leaf: Leaf| leaf.object("incident", id);
            let freed = noted(data, Action::IncidentReset, about, || {
                Ok(reset_incident(&mut store, &setup, (id, repo), SystemClock.now())?)
            })?;
            tell_reset(u64::try_from(freed)?);
        }
        Command::Mark { id, mark } => {
            let about = |leaf: Leaf| mark.told(leaf.object("incident", id));
            let issues = noted(data, Action::IncidentMark, about, || {
                Ok(mark_incident(&mut store, &setup, (id, &mark.marking()), decider())?)
            })?;
            tell_mark(u64::try_from(issues)?, mark);
        }
        Command::Unmark { id } => {
            let about = |leaf: Leaf| leaf.object("incident", id);
            let removed = noted(data, Action::IncidentUnmark, about, || {
                Ok(unmark_incident(&mut store, &setup, id, SystemClock.now())?)
            })?;
            tell_unmark(u64::try_from(removed)?);
        }
    }
    Ok(Exit::Clean)
}

/// Who decides, and when: the program knows no more of who runs it.
pub(super) fn decider() -> (Timestamp, &'static str) {
    (SystemClock.now(), "local user")
}
