//! `quell exception`: asking to leave issues as they are, looking what that hides, and reviewing.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_govern::Person;
use quell_govern::exception::{Limits, State};
use quell_model::{Clock, TenantId, Untrusted};
use quell_pipeline::govern::{
    Answer, ExceptionPlan, ListTaken, Preview, Told, Wish, exception_decide, exception_import,
    exception_list, exception_preview, exception_request, exception_show, limits,
};
use quell_report::cell;
use quell_store::Store;
use serde::Deserialize;
use serde_json::json;

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::audited::noted_of;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell exception preview 'account = 111122223333 and severity <= medium'
  quell exception request 'cve = CVE-2024-1234 and asset = *batch*' \\
      --until 2027-01-31 --owner shop --reason 'runs without a network'
  quell exception list --state requested
  quell exception approve 0a1b2c3d --as ben    whoever asked does not review
  quell exception renew 0a1b2c3d --until 2027-06-30   the old one stays until then
  quell exception import .trivyignore --owner shop
  quell exception withdraw 0a1b2c3d            what it hides is back at once

docs/exceptions.md lists the fields and signs of an expression.
Exit codes: 0 done, 1 one of several was refused, 2 no such exception or wrong,
3 it could not be done.";

/// Bytes that are read of a list.
const MOST_LIST_BYTES: u64 = 4 << 20;

/// Leave issues as they are until a day: ask, look what it hides, review.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Who you are, on the data directory; a server knows it by the token
    #[arg(long = "as", global = true, value_name = "NAME", default_value = "local user")]
    person: String,
    /// The configuration, for `[exceptions]` [default: $QUELL_CONFIG, or quell.toml in the
    /// working directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask for an exception; it hides nothing until another person agrees
    Request {
        /// Which issues: an expression
        scope: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// When it ends: the last day in UTC, or a moment
        #[arg(long, value_name = "WHEN")]
        until: String,
        /// Who answers for it
        #[arg(long, value_name = "WHO")]
        owner: String,
        /// What is done in its place; may be said again
        #[arg(long = "control", value_name = "TEXT")]
        controls: Vec<String>,
    },
    /// Ask for an exception in the place of one that ends; the old one stays until it is decided
    Renew {
        /// The old one's id, or the first characters of it
        id: String,
        /// When the new one ends: the last day in UTC, or a moment
        #[arg(long, value_name = "WHEN")]
        until: String,
        /// Which issues [default: those of the old one]
        #[arg(long, value_name = "EXPRESSION")]
        scope: Option<String>,
        /// Why [default: the old reason]
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Who answers for it [default: who does now]
        #[arg(long, value_name = "WHO")]
        owner: Option<String>,
        /// What is done in its place; may be said again [default: as now]
        #[arg(long = "control", value_name = "TEXT")]
        controls: Vec<String>,
    },
    /// Say what an expression would hide; nothing is changed
    Preview {
        /// Which issues: an expression
        scope: String,
    },
    /// List exceptions: those that wait first, then those that end next
    List {
        /// Only those that stand so
        #[arg(long, value_name = "STATE", value_parser = State::ALL.map(State::as_str))]
        state: Option<String>,
    },
    /// Show one exception with all that happened to it
    Show {
        /// Its id, or the first characters of it
        id: String,
    },
    /// Agree, as a reviewer
    Approve(Decision),
    /// Say no, as a reviewer, and why
    Refuse(Decision),
    /// Take it back; what it hides is back at once
    Withdraw(Decision),
    /// Ask for what .trivyignore, a Prowler mutelist or Checkov's skip-check leave out
    Import {
        /// The list
        file: PathBuf,
        /// Who answers for what it leaves out
        #[arg(long, value_name = "WHO")]
        owner: String,
        /// When an entry ends that names no day itself [default: as late as its severity allows]
        #[arg(long, value_name = "WHEN")]
        until: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Decision {
    /// Their ids, or the first characters of them
    #[arg(required = true)]
    ids: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

/// What is to be other than in the exception that is renewed.
struct Renewal {
    id: String,
    until: String,
    scope: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    controls: Vec<String>,
}

impl Renewal {
    /// What is asked for in the place of an exception.
    fn of(self, old: &quell_govern::exception::Exception) -> ExceptionPlan {
        let before = ExceptionPlan::renewing(old);
        ExceptionPlan {
            scope: self.scope.unwrap_or(before.scope),
            reason: self.reason.unwrap_or(before.reason),
            owner: self.owner.unwrap_or(before.owner),
            compensating_controls: match self.controls.is_empty() {
                true => before.compensating_controls,
                false => self.controls,
            },
            until: self.until,
            renews: before.renews,
        }
    }
}

/// What is asked, wherever it is answered.
enum Asked {
    Request(ExceptionPlan),
    Renew(Renewal),
    Preview(String),
    List(Option<State>),
    Show(String),
    Decide(Vec<String>, Wish, String),
    Import { name: String, text: String, owner: String, until: Option<String> },
}

impl Asked {
    /// The exceptions that are changed, as they are named; none where nothing changes.
    fn changed(&self) -> Option<Vec<String>> {
        match self {
            Self::Request(_) | Self::Import { .. } => Some(Vec::new()),
            Self::Renew(renewal) => Some(vec![renewal.id.clone()]),
            Self::Decide(ids, ..) => Some(ids.clone()),
            Self::Preview(_) | Self::List(_) | Self::Show(_) => None,
        }
    }
}

/// What is answered.
enum Answered {
    Requested(Box<Told>, Preview),
    Previewed(Preview),
    Listed(Vec<Told>),
    Shown(Box<Told>),
    Decided(Vec<Answer>),
    Imported(ListTaken),
}

fn asked(command: &Command) -> Result<Asked> {
    let decide = |decision: &Decision, wish| {
        Asked::Decide(decision.ids.clone(), wish, decision.note.clone())
    };
    Ok(match command {
        Command::Request { scope, reason, until, owner, controls } => {
            Asked::Request(ExceptionPlan {
                scope: scope.clone(),
                reason: reason.clone(),
                compensating_controls: controls.clone(),
                owner: owner.clone(),
                until: until.clone(),
                renews: None,
            })
        }
        Command::Renew { id, until, scope, reason, owner, controls } => Asked::Renew(Renewal {
            id: id.clone(),
            until: until.clone(),
            scope: scope.clone(),
            reason: reason.clone(),
            owner: owner.clone(),
            controls: controls.clone(),
        }),
        Command::Preview { scope } => Asked::Preview(scope.clone()),
        Command::List { state } => Asked::List(state.as_deref().and_then(State::from_word)),
        Command::Show { id } => Asked::Show(id.clone()),
        Command::Approve(decision) => decide(decision, Wish::Approve),
        Command::Refuse(decision) => decide(decision, Wish::Refuse),
        Command::Withdraw(decision) => decide(decision, Wish::Withdraw),
        Command::Import { file, owner, until } => {
            let mut text = String::new();
            File::open(file)
                .and_then(|file| file.take(MOST_LIST_BYTES + 1).read_to_string(&mut text))
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Asked::Import { name, text, owner: owner.clone(), until: until.clone() }
        }
    })
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Told>,
}

#[derive(Debug, Deserialize)]
struct Answers {
    items: Vec<Answer>,
}

#[derive(Debug, Deserialize)]
struct Requested {
    exception: quell_govern::exception::Exception,
    preview: Preview,
}

fn of_request(exception: quell_govern::exception::Exception, preview: Preview) -> Answered {
    let told = Told { exception, hides: 0, in_force: false, hours_left: None };
    Answered::Requested(Box::new(told), preview)
}

/// Has a server answer.
fn at_server(asked: Asked, remote: &Remote) -> Result<Answered> {
    let server = &remote.connection;
    Ok(match asked {
        Asked::Request(plan) => {
            let made: Requested = remote.ask(server.exception_request(&plan))?;
            of_request(made.exception, made.preview)
        }
        Asked::Renew(renewal) => {
            let old: Told = remote.ask(server.exception(&renewal.id))?;
            return at_server(Asked::Request(renewal.of(&old.exception)), remote);
        }
        Asked::Preview(scope) => Answered::Previewed(remote.ask(server.exception_preview(&scope))?),
        Asked::List(state) => {
            let page: Page = remote.ask(server.exception_list(state.map(State::as_str)))?;
            Answered::Listed(page.items)
        }
        Asked::Show(id) => Answered::Shown(Box::new(remote.ask(server.exception(&id))?)),
        Asked::Decide(ids, wish, note) => {
            let body = json!({"ids": ids, "wish": wish, "note": note});
            let answers: Answers = remote.ask(server.exception_decide(&body))?;
            Answered::Decided(answers.items)
        }
        Asked::Import { name, text, owner, until } => {
            let body = json!({"name": name, "text": text, "owner": owner, "until": until});
            Answered::Imported(remote.ask(server.exception_import(&body))?)
        }
    })
}

/// Answers from the data directory.
fn at_directory(
    asked: Asked,
    store: &mut Store,
    (limits, by): (&Limits, &Person),
) -> Result<Answered> {
    let by = (SystemClock.now(), by);
    Ok(match asked {
        Asked::Request(plan) => {
            let (exception, preview) = exception_request(store, limits, &plan, by)?;
            of_request(exception, preview)
        }
        Asked::Renew(renewal) => {
            let old = exception_show(store, &renewal.id, by.0)?;
            return at_directory(Asked::Request(renewal.of(&old.exception)), store, (limits, by.1));
        }
        Asked::Preview(scope) => {
            Answered::Previewed(exception_preview(store, limits, &scope, by.0)?)
        }
        Asked::List(state) => {
            let states: Vec<State> = state.into_iter().collect();
            Answered::Listed(exception_list(store, &states, by.0)?)
        }
        Asked::Show(id) => Answered::Shown(Box::new(exception_show(store, &id, by.0)?)),
        Asked::Decide(ids, wish, note) => {
            Answered::Decided(exception_decide(store, limits, (&ids, wish, &note), by, true)?)
        }
        Asked::Import { name, text, owner, until } => {
            let owned = (owner.as_str(), until.as_deref());
            Answered::Imported(exception_import(store, limits, (&name, &text), owned, by)?)
        }
    })
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let asked = asked(&arguments.command)?;
    let answered = match arguments.server.connect(named, environment)? {
        Some(remote) => at_server(asked, &remote)?,
        None => {
            let tenant = tenant(&arguments.tenant)?;
            let Some(loaded) = load_or_tell(arguments.config.as_deref(), &[])? else {
                return Ok(Exit::Usage);
            };
            let mut store = Store::open_for(data, &tenant)?;
            let by = Person::new(&arguments.person, &arguments.person);
            let known = (&limits(&loaded.config.exceptions), &by);
            match asked.changed() {
                None => at_directory(asked, &mut store, known)?,
                Some(ids) => {
                    let about = |leaf: Leaf| leaf.objects("exception", &ids);
                    noted_of(data, &tenant, Action::ExceptionChange, about, || {
                        at_directory(asked, &mut store, known)
                    })?
                }
            }
        }
    };
    told(&answered, arguments.json)
}

fn told(answered: &Answered, json: bool) -> Result<Exit> {
    let mut out = io::stdout().lock();
    match answered {
        Answered::Requested(told, preview) if json => {
            write_json(&mut out, &json!({"exception": told.exception, "preview": preview}))?;
        }
        Answered::Requested(told, preview) => {
            let exception = &told.exception;
            let reviewers = match exception.reviewers {
                1 => "a reviewer agrees",
                _ => "two reviewers agree",
            };
            writeln!(out, "exception {} {} once {reviewers}", exception.id, preview.words())?;
            writeln!(out, "it ends {}", exception.request.until)?;
        }
        Answered::Previewed(preview) if json => write_json(&mut out, preview)?,
        Answered::Previewed(preview) => write_preview(preview, &mut out)?,
        Answered::Listed(all) if json => write_json(&mut out, all)?,
        Answered::Listed(all) => write_list(all, &mut out)?,
        Answered::Shown(told) if json => write_json(&mut out, told)?,
        Answered::Shown(told) => write_one(told, &mut out)?,
        Answered::Decided(answers) => {
            if json {
                write_json(&mut out, answers)?;
            } else {
                write_answers(answers, &mut out)?;
            }
            let refused = answers.iter().any(|answer| answer.refused.is_some());
            return Ok(if refused { Exit::Gate } else { Exit::Clean });
        }
        Answered::Imported(taken) if json => write_json(&mut out, taken)?,
        Answered::Imported(taken) => write_import(taken, &mut out)?,
    }
    Ok(Exit::Clean)
}

/// Text of people or tools, for one line.
fn line(text: &str, width: usize) -> String {
    cell(&Untrusted::from(text), width)
}

fn write_preview(preview: &Preview, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", preview.words())?;
    if preview.hidden_already > 0 {
        writeln!(out, "{} of them are hidden already", preview.hidden_already)?;
    }
    for count in &preview.severities {
        writeln!(out, "{:>8} {}", count.issues, count.severity.as_str())?;
    }
    for issue in &preview.first {
        let id = issue.id.short();
        writeln!(
            out,
            "{:>4}  {:<13} {id}  {}\n      {:<13} {}",
            issue.score,
            issue.severity.as_str(),
            cell(&issue.title, 48),
            "",
            cell(&issue.asset, 60)
        )?;
    }
    let reviewers = if preview.reviewers == 1 { "one reviewer" } else { "two reviewers" };
    writeln!(out, "needs {reviewers}; ends at the latest {}", preview.latest_end)
}

fn short(id: &str) -> String {
    id.chars().take(10).collect()
}

fn write_list(all: &[Told], out: &mut impl Write) -> io::Result<()> {
    for told in all {
        let (one, request) = (&told.exception, &told.exception.request);
        let until = request.until.strftime("%Y-%m-%d %H:%M");
        let hides = if told.in_force { format!(", hides {}", told.hides) } else { String::new() };
        writeln!(out, "{}  {:<9} until {until}{hides}", short(&one.id), one.state.as_str())?;
        writeln!(out, "            {}", line(&request.scope, 66))?;
        writeln!(out, "            {}: {}", line(&request.owner, 20), line(&request.reason, 44))?;
    }
    match all.len() {
        0 => writeln!(out, "no exceptions"),
        1 => writeln!(out, "1 exception"),
        count => writeln!(out, "{count} exceptions"),
    }
}

fn write_one(told: &Told, out: &mut impl Write) -> io::Result<()> {
    let (one, request) = (&told.exception, &told.exception.request);
    writeln!(out, "exception {}  {}", one.id, one.state.as_str())?;
    writeln!(out, "about     {}", line(&request.scope, 4000))?;
    writeln!(out, "because   {}", line(&request.reason, 2000))?;
    for control in &request.compensating_controls {
        writeln!(out, "instead   {}", line(control, 2000))?;
    }
    writeln!(out, "owner     {}", line(&request.owner, 2000))?;
    writeln!(out, "until     {}", request.until)?;
    if let Some(renews) = &request.renews {
        writeln!(out, "renews    {renews}")?;
    }
    for (severity, end) in one.ends.iter().filter(|(_, end)| **end != request.until) {
        writeln!(out, "          {end} for {severity} issues")?;
    }
    if told.in_force {
        writeln!(out, "hides     {} open issues", told.hides)?;
    }
    for event in &one.events {
        let by = event.by.as_ref().map(|by| line(&by.name, 40)).unwrap_or_default();
        let step = serde_json::to_value(event.step).unwrap_or_default();
        let step = step.as_str().unwrap_or_default().to_owned();
        let at = event.at.strftime("%Y-%m-%d %H:%M");
        writeln!(out, "{at}  {step:<10} {by}  {}", line(&event.note, 200))?;
    }
    Ok(())
}

fn write_answers(answers: &[Answer], out: &mut impl Write) -> io::Result<()> {
    for answer in answers {
        let id = line(&answer.id, 26);
        match (&answer.state, &answer.refused) {
            (Some(state), _) => writeln!(out, "{id}  {}", state.as_str())?,
            (None, refused) => {
                let why = refused.as_deref().unwrap_or("nothing was done");
                writeln!(out, "{id}  not done: {}", line(why, 200))?;
            }
        }
    }
    Ok(())
}

fn write_import(taken: &ListTaken, out: &mut impl Write) -> io::Result<()> {
    for skipped in &taken.skipped {
        let (what, why) = (line(&skipped.what, 60), line(&skipped.why, 200));
        say(&format!("line {}: {what}: {why}", skipped.line));
    }
    let new = u64::try_from(taken.requested.len()).unwrap_or_default() - taken.known;
    writeln!(
        out,
        "{new} exceptions asked for, {} known, {} not taken over; `quell exception list --state requested`",
        taken.known,
        taken.skipped.len()
    )
}
