//! `quell issue`: one issue with all it rests on, marking it, and taking a wrong merge apart.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use quell_audit::{Action, Leaf};
use quell_client::IssueQuery;
use quell_govern::level::Targets;
use quell_model::{Clock, IssueKey, Mark, MarkKind, Severity, Status};
use quell_pipeline::govern::targets;
use quell_pipeline::{
    IssueFilter, IssueList, ListedIssue, MarkFilter, Setup, list_issues, mark_issue, show_issue,
    split_issue, unmark_issue,
};
use quell_report::{IssueStory, cell, write_story};
use quell_store::Store;

use super::config::{load, with_fixes};
use super::incident::decider;
use crate::audited::noted;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::marking::{MarkArguments, words};
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell issue list --severity critical --asset payments
  quell issue list --control aws.s3 --tool prowler --json
  quell issue show 0a1b2c3d4e --repo infra/
  quell issue split 0a1b2c3d4e 9z8y7x6w5v   take one finding out; it stays out
  quell issue mark 0a1b2c3d4e --as accepted --until 2027-01-31 --reason VPN-only
  quell issue list --mark none              what nobody has marked
  quell issue list --status suppressed      what tools or exceptions hide";

/// List issues, show one, mark one, or take a wrong merge apart.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List and count issues, the riskiest first
    List(List),
    /// Show an issue: what is wrong, who sees it, why that is one, its risk and its fix
    Show {
        /// The issue's id, or its first characters
        id: String,
        /// The repository to make its fix in; it is only read
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
    /// Say of an issue that it is a false positive, accepted or worked on; it closes nothing
    Mark {
        /// The issue's id, or its first characters
        id: String,
        #[command(flatten)]
        mark: MarkArguments,
    },
    /// Take the mark of an issue back
    Unmark {
        /// The issue's id, or its first characters
        id: String,
    },
}

#[derive(Debug, Args)]
struct List {
    /// Only these severities
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',',
        value_parser = ["informational", "low", "medium", "unknown", "high", "critical"])]
    severity: Vec<String>,
    /// Only these statuses [default: open and in_progress]
    #[arg(long, value_name = "STATUS", value_delimiter = ',',
        value_parser = ["open", "in_progress", "suppressed", "resolved", "all"])]
    status: Vec<String>,
    /// Only this control, or those below it: aws.s3
    #[arg(long, value_name = "CONTROL")]
    control: Option<String>,
    /// Only assets whose key holds this text
    #[arg(long, value_name = "TEXT")]
    asset: Option<String>,
    /// Only what this tool sees
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only what is marked so; `none` for what is not marked
    #[arg(long, value_name = "MARK", value_delimiter = ',',
        value_parser = ["false_positive", "accepted", "in_progress", "none"])]
    mark: Vec<String>,
    /// List at most this many; all are counted
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// The same for a server.
    fn query(&self) -> IssueQuery {
        let status = match self.status.as_slice() {
            [] => "open,in_progress".to_owned(),
            words if words.iter().any(|word| word == "all") => String::new(),
            words => words.join(","),
        };
        IssueQuery {
            severity: self.severity.join(","),
            status,
            control: self.control.clone(),
            asset: self.asset.clone(),
            tool: self.tool.clone(),
            mark: self.mark.join(","),
        }
    }

    fn filter(&self) -> IssueFilter {
        let all = [Status::Open, Status::InProgress, Status::Suppressed, Status::Resolved];
        let asked = |status: &Status| match self.status.as_slice() {
            [] => status.is_open(),
            words => words.iter().any(|word| word == "all" || word == status.as_str()),
        };
        IssueFilter {
            severities: self.severity.iter().map(|word| Severity::from_word(word)).collect(),
            statuses: all.into_iter().filter(asked).collect(),
            control: self.control.clone(),
            asset: self.asset.clone(),
            tool: self.tool.clone(),
            ..IssueFilter::default()
        }
    }

    fn marked(&self) -> MarkFilter {
        MarkFilter {
            kinds: self.mark.iter().filter_map(|word| MarkKind::from_word(word)).collect(),
            unmarked: self.mark.iter().any(|word| word == "none"),
        }
    }
}

fn list(found: &IssueList, asked: &List) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if asked.json {
        write_json(&mut out, found)?;
        return Ok(out.flush()?);
    }
    for issue in &found.issues {
        let id: String = issue.id.to_string().chars().take(10).collect();
        writeln!(
            out,
            "{:>4}  {:<13} {id}  {}\n      {:<13} {}",
            issue.score,
            issue.severity.as_str(),
            cell(&issue.title, 48),
            issue.status.as_str(),
            cell(&issue.asset, 60),
        )?;
        if let Some(mark) = issue.mark.as_ref().filter(|mark| !mark.ended) {
            let words = words(mark.kind, mark.until);
            writeln!(out, "      marked {words}: {}", cell(&mark.reason, 40))?;
        }
        if let Some(by) = &issue.hidden_by {
            let id: String = by.exception.chars().take(10).collect();
            let until = by.until.strftime("%Y-%m-%d");
            writeln!(
                out,
                "      hidden by exception {id} until {until}: {}",
                cell(&by.reason, 25)
            )?;
        }
    }
    let hidden = found.count.saturating_sub(u64::try_from(found.issues.len())?);
    match (found.count, hidden) {
        (count, 0) => writeln!(out, "{} in all", issues(count))?,
        (count, hidden) => writeln!(out, "{} in all, {hidden} not listed: --limit", issues(count))?,
    }
    Ok(out.flush()?)
}

fn issues(count: u64) -> String {
    if count == 1 { "1 issue".to_owned() } else { format!("{count} issues") }
}

fn show(story: &IssueStory, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return Ok(write_json(&mut out, story)?);
    }
    Ok(write_story(story, &mut out)?)
}

/// Has a server do it.
fn at_server(arguments: &Arguments, remote: &Remote) -> Result<Exit> {
    let server = &remote.connection;
    match &arguments.command {
        Command::List(asked) => {
            let found = remote.ask(server.issue_list(&asked.query(), asked.limit))?;
            let issue = |issue: quell_client::ListedIssue| ListedIssue {
                id: issue.id,
                score: issue.score,
                severity: issue.severity,
                status: issue.status,
                control: issue.control,
                title: issue.title,
                asset: issue.asset,
                mark: issue.mark,
                hidden_by: issue.hidden_by,
            };
            let issues = found.items.into_iter().map(issue).collect();
            list(&IssueList { count: found.count, issues }, asked)?;
        }
        Command::Show { repo: Some(_), .. } => {
            let said = "`--repo` does not go with a server; `quell fix --server URL` makes fixes";
            return Err(Misused(said.to_owned()).into());
        }
        Command::Show { id, repo: None, json } => show(&remote.ask(server.issue(id))?, *json)?,
        Command::Split { id, finding } => {
            let key = remote.ask(server.issue_split(id, finding))?;
            say(&format!("the finding is now issue {key}; later imports keep it apart"));
        }
        Command::Mark { id, mark } => {
            let (key, mark) = remote.ask(server.issue_mark(id, &mark.plan()))?;
            tell_mark(key, &mark);
        }
        Command::Unmark { id } => tell_unmark(remote.ask(server.issue_unmark(id))?),
    }
    Ok(Exit::Clean)
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
    match &arguments.command {
        Command::List(asked) => {
            let filter = (&asked.filter(), &asked.marked());
            list(&list_issues(&store, filter, asked.limit, SystemClock.now())?, asked)?;
        }
        Command::Show { id, repo, json } => {
            let setup = Setup::embedded(None)?.with_targets(own_targets()?);
            let setup = with_fixes(setup, repo.as_deref())?;
            let story = show_issue(&store, &setup, (id, repo.as_deref()), SystemClock.now())?;
            show(&story, *json)?;
        }
        Command::Split { id, finding } => {
            let setup = Setup::embedded(None)?;
            let about = |leaf: Leaf| leaf.object("issue", id).object("finding", finding);
            let key = noted(data, Action::IssueSplit, about, || {
                Ok(split_issue(&mut store, &setup, (id, finding), SystemClock.now())?)
            })?;
            say(&format!("the finding is now issue {key}; later imports keep it apart"));
        }
        Command::Mark { id, mark } => {
            let about = |leaf: Leaf| mark.told(leaf.object("issue", id));
            let (key, mark) = noted(data, Action::IssueMark, about, || {
                Ok(mark_issue(&mut store, (id, &mark.marking()), decider())?)
            })?;
            tell_mark(key, &mark);
        }
        Command::Unmark { id } => {
            let about = |leaf: Leaf| leaf.object("issue", id);
            let unmark = || Ok(unmark_issue(&mut store, id)?.1);
            tell_unmark(noted(data, Action::IssueUnmark, about, unmark)?);
        }
    }
    Ok(Exit::Clean)
}

/// By when issues are to be dealt with, as the configuration here says; the usual days where it
/// cannot be read.
fn own_targets() -> Result<Targets> {
    let loaded = load(None, &[])?;
    Ok(loaded.map_or_else(|_| Targets::default(), |loaded| targets(&loaded.config.service_levels)))
}

fn tell_mark(key: IssueKey, mark: &Mark) {
    let words = words(mark.kind, mark.until);
    say(&format!("issue {key} is marked {words}; it stays open while a tool sees it"));
}

fn tell_unmark(was_marked: bool) {
    say(if was_marked { "the mark is taken back" } else { "the issue was not marked" });
}
