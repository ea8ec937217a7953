//! `quell approval`: plans that wait for people, on a server, which knows who they are.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_govern::approval::{Delegation, Said};
use quell_model::shown;
use quell_pipeline::govern::{PlanAsked, PlanTold};
use serde::Deserialize;
use serde_json::{Value, json};

use super::policy::write_verdict;
use crate::console::write_json;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell approval request 3f2a9c --server https://quell.example --token-file token
  quell approval list
  quell approval show 0a1b2c3d                   all that is agreed to, and its hash
  quell approval approve 0a1b2c3d --hash 5e8f…   as `show` told it
  quell approval refuse 0a1b2c3d --hash 5e8f… --note 'not on a Friday'
  quell approval break-glass 0a1b2c3d --hash 5e8f… --note 'the site is down'

A plan is agreed to at a server, which knows who somebody is. docs/governance.md
says more. Exit codes: 0 done, 2 no such plan or not to be said, 3 not reached.";

/// Plans that wait for people: look, agree, refuse.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List plans that wait
    List {
        /// Those that are decided too
        #[arg(long)]
        all: bool,
    },
    /// Show a plan: all that is agreed to, with its hash
    Show {
        /// Its id, or the first characters of it
        id: String,
    },
    /// Ask for a fix to be carried out
    Request {
        /// The fix, by its id or the first characters of it
        fix: String,
    },
    /// Agree to a plan
    Approve(Vote),
    /// Say no to a plan, and why
    Refuse(Vote),
    /// Do not wait for others, as an admin; another person reviews it afterwards
    BreakGlass(Vote),
    /// Take a plan back
    Withdraw {
        /// Its id, or the first characters of it
        id: String,
    },
    /// Look at what was done without waiting for others
    Review {
        /// Its id, or the first characters of it
        id: String,
    },
    /// Let another person speak in your place; they cannot pass it on
    Delegate {
        /// Their id
        to: String,
        /// For how many days; 0 ends it now
        #[arg(long, value_name = "N", default_value_t = 7)]
        days: u32,
    },
}

#[derive(Debug, Args)]
struct Vote {
    /// Its id, or the first characters of it
    id: String,
    /// The hash of the plan that you looked at
    #[arg(long, value_name = "HASH")]
    hash: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// The id of the person in whose place you speak
    #[arg(long = "for", value_name = "WHO")]
    for_whom: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<PlanTold>,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Exit> {
    let Some(remote) = arguments.server.connect(named, environment)? else {
        let said = "a plan is agreed to at a server, which knows who you are: name one with \
                    `--server URL`";
        return Err(Misused(said.to_owned()).into());
    };
    let (server, mut out) = (&remote.connection, io::stdout().lock());
    match &arguments.command {
        Command::List { all } => {
            let page: Page = remote.ask(server.approval_list(*all))?;
            if arguments.json {
                write_json(&mut out, &page.items)?;
            } else {
                write_list(&page.items, &mut out)?;
            }
        }
        Command::Show { id } => told(&remote.ask(server.approval(id))?, arguments.json)?,
        Command::Request { fix } => {
            let asked: PlanAsked = remote.ask(server.approval_request(fix))?;
            if arguments.json {
                write_json(&mut out, &asked)?;
            } else {
                write_verdict(&asked.verdict, &mut out)?;
                drop(out);
                asked.plan.iter().try_for_each(|plan| told(plan, false))?;
            }
        }
        Command::Approve(vote) => say(arguments, &remote, (&vote.id, vote.saying("approve")))?,
        Command::Refuse(vote) => say(arguments, &remote, (&vote.id, vote.saying("refuse")))?,
        Command::BreakGlass(vote) => {
            say(arguments, &remote, (&vote.id, vote.saying("break_glass")))?;
        }
        Command::Withdraw { id } => say(arguments, &remote, (id, json!({"word": "withdraw"})))?,
        Command::Review { id } => say(arguments, &remote, (id, json!({"word": "review"})))?,
        Command::Delegate { to, days } => {
            let given: Delegation = remote.ask(server.approval_delegate(to, *days))?;
            if arguments.json {
                write_json(&mut out, &given)?;
            } else {
                let to = shown(&given.to.id, false);
                writeln!(out, "{to} speaks in your place until {}", given.until)?;
            }
        }
    }
    Ok(Exit::Clean)
}

impl Vote {
    fn saying(&self, word: &str) -> Value {
        json!({"word": word, "hash": self.hash, "note": self.note, "for_whom": self.for_whom})
    }
}

fn say(arguments: &Arguments, remote: &Remote, (id, saying): (&str, Value)) -> Result<()> {
    told(&remote.ask(remote.connection.approval_say(id, &saying))?, arguments.json)
}

fn write_list(all: &[PlanTold], out: &mut impl Write) -> io::Result<()> {
    for plan in all {
        let id: String = plan.id.chars().take(10).collect();
        let stands = if plan.ready { "ready" } else { plan.approvals.stand.as_str() };
        writeln!(out, "{id}  {stands:<9} until {}", plan.expires_at.strftime("%Y-%m-%d %H:%M"))?;
        // The server has written out what could turn text round.
        writeln!(out, "            {}", plan.title)?;
        writeln!(out, "            {}", plan.target)?;
    }
    match all.len() {
        1 => writeln!(out, "1 plan"),
        count => writeln!(out, "{count} plans"),
    }
}

fn told(plan: &PlanTold, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return Ok(write_json(&mut out, plan)?);
    }
    writeln!(out, "plan {}  {}", plan.id, plan.approvals.stand.as_str())?;
    writeln!(out, "hash        {}", plan.hash)?;
    writeln!(out, "what        {} ({})", plan.title, plan.kind)?;
    writeln!(out, "changes     {}", plan.target)?;
    let environment = plan.environment.as_deref().unwrap_or("not known");
    writeln!(out, "where       account {}, environment {environment}", plan.account)?;
    writeln!(out, "with        {}", plan.parameters)?;
    writeln!(
        out,
        "asked by    {} ({})",
        shown(&plan.requested_by.name, false),
        plan.requested_by.id
    )?;
    writeln!(out, "void after  {}", plan.expires_at)?;
    let (people, roles) = (plan.quorum.people, plan.quorum.words());
    writeln!(out, "takes       {people} of {roles}")?;
    for vote in &plan.approvals.votes {
        let word = match vote.said {
            Said::Approve => "agreed",
            Said::Refuse => "refused",
        };
        let (by, note) = (shown(&vote.by.name, false), shown(&vote.note, false));
        writeln!(out, "{}  {word} {by}  {note}", vote.at.strftime("%Y-%m-%d %H:%M"))?;
    }
    match &plan.blocked {
        Some(blocked) => writeln!(out, "not now     {blocked}")?,
        None => writeln!(out, "ready       it may be carried out")?,
    }
    for line in plan.diff.lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
