//! `quell policy`: what rules say of an action, and who stands behind them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_govern::phase::{Action, Outcome, Rules, Verdict, decide};
use quell_model::Clock;
use quell_pipeline::govern::{Ruling, explain_action, explain_fix, ruling};
use quell_store::Store;

use super::config::load_or_tell;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell policy test rules.toml                 its rules, and its [[case]] tables
  quell policy explain --fix 3f2a9c
  quell policy explain --kind fix.patch --environment test --proved --safe
  quell policy back dev-runs --server https://quell.example   as an admin

Without a rule for it an action is only observed. docs/governance.md has the
words of a rule. Exit codes: 0 done, 1 a case came out otherwise, 2 the rules
are wrong, 3 it could not be done.";

/// What rules say of an action, and who stands behind them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
    /// The configuration, for `[approvals]` [default: $QUELL_CONFIG, or quell.toml in the working
    /// directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a file of rules, and try the cases that stand in it
    Test {
        /// The file
        file: PathBuf,
    },
    /// Say why an action would run, wait or be refused
    Explain(Box<Explain>),
    /// List the rules that hold at a server, and who stands behind them
    Rules,
    /// Stand behind a rule at a server, as an admin
    Back {
        /// The rule's id
        rule: String,
    },
}

#[derive(Debug, Args)]
struct Explain {
    /// A fix that was proposed, by its id or the first characters of it
    #[arg(long, value_name = "ID", conflicts_with = "kind")]
    fix: Option<String>,
    /// The kind of action
    #[arg(long, value_name = "KIND", default_value = "fix.patch")]
    kind: String,
    /// The account that it changes something in
    #[arg(long, value_name = "ACCOUNT", default_value = "")]
    account: String,
    /// The environment; what nobody names may be production
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// The risk score of what it is about
    #[arg(long, value_name = "0-1000")]
    risk: Option<u32>,
    /// How sure it is, in hundredths
    #[arg(long, value_name = "0-100")]
    confidence: Option<u32>,
    /// How many assets it changes
    #[arg(long, value_name = "N")]
    assets: Option<u64>,
    /// It is proved that it does what it is for
    #[arg(long)]
    proved: bool,
    /// Nothing that runs can notice it
    #[arg(long)]
    safe: bool,
    /// There is a way back
    #[arg(long)]
    reversible: bool,
}

impl Explain {
    /// Has a server say it.
    fn ask(&self, remote: &Remote) -> Result<Verdict> {
        let text = |number: Option<u64>| number.map(|number| number.to_string());
        let (risk, sure) = (text(self.risk.map(u64::from)), text(self.confidence.map(u64::from)));
        let assets = text(self.assets);
        let facts = [(self.proved, "proved"), (self.safe, "safe"), (self.reversible, "reversible")];
        let facts: Vec<&str> =
            facts.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        let facts = facts.join(",");
        let question = [
            ("fix", self.fix.as_deref()),
            ("kind", Some(self.kind.as_str())),
            ("account", Some(self.account.as_str())),
            ("environment", self.environment.as_deref()),
            ("risk", risk.as_deref()),
            ("confidence", sure.as_deref()),
            ("assets", assets.as_deref()),
            ("facts", Some(facts.as_str())),
        ];
        remote.ask(remote.connection.policy_explain(&question))
    }

    fn action(&self) -> Action {
        Action {
            kind: self.kind.clone(),
            tenant: "default".to_owned(),
            account: self.account.clone(),
            environment: self.environment.clone(),
            risk: self.risk,
            confidence: self.confidence,
            proved: self.proved,
            safe: self.safe,
            reversible: self.reversible,
            assets: self.assets,
        }
    }
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    if let Command::Test { file } = &arguments.command {
        return test(file);
    }
    let mut out = io::stdout().lock();
    let Some(remote) = arguments.server.connect(named, environment)? else {
        return at_directory(arguments, data);
    };
    let server = &remote.connection;
    match &arguments.command {
        Command::Test { .. } => {}
        Command::Explain(asked) => {
            let verdict: Verdict = asked.ask(&remote)?;
            write(&verdict, arguments.json, &mut out)?;
        }
        Command::Rules => {
            let rules: serde_json::Value = remote.ask(server.policy_rules())?;
            write_json(&mut out, &rules)?;
        }
        Command::Back { rule } => {
            let backed: serde_json::Value = remote.ask(server.policy_back(rule))?;
            write_json(&mut out, &backed)?;
        }
    }
    Ok(Exit::Clean)
}

/// The rules of the configuration here.
fn own_rules(arguments: &Arguments) -> Result<Option<Ruling>> {
    let loaded = load_or_tell(arguments.config.as_deref(), &[])?;
    loaded.map(|loaded| Ok(ruling(&loaded.config.approvals)?)).transpose()
}

fn at_directory(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let Some(ruling) = own_rules(arguments)? else { return Ok(Exit::Usage) };
    let mut out = io::stdout().lock();
    match &arguments.command {
        Command::Test { .. } => {}
        Command::Explain(asked) => {
            let (store, now) = (Store::open(data)?, SystemClock.now());
            let verdict = match &asked.fix {
                Some(fix) => explain_fix(&store, &ruling, ("default", fix), now)?,
                None => explain_action(&store, &ruling, &asked.action(), now)?,
            };
            write(&verdict, arguments.json, &mut out)?;
        }
        Command::Rules => write_json(&mut out, &ruling.rules)?,
        Command::Back { .. } => {
            say("a rule is backed at a server, which knows who you are: name one with `--server`");
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Clean)
}

fn test(file: &Path) -> Result<Exit> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    let rules = match Rules::parse(&text) {
        Ok(rules) => rules,
        Err(fault) => {
            say(&format!("error: `{}`: {fault}", file.display()));
            return Ok(Exit::Usage);
        }
    };
    let (mut out, mut wrong) = (io::stdout().lock(), 0_u32);
    for (number, case) in (1_u32..).zip(&rules.cases) {
        let now = case.at.unwrap_or_else(|| SystemClock.now());
        let verdict = decide(&rules.all, &case.action, &|_| case.backers, now);
        if verdict.outcome != case.expect {
            wrong += 1;
            writeln!(out, "case {number} came out otherwise:")?;
            write_verdict(&verdict, &mut out)?;
        }
    }
    writeln!(out, "{} rules, {} cases, {wrong} wrong", rules.all.len(), rules.cases.len())?;
    Ok(if wrong > 0 { Exit::Gate } else { Exit::Clean })
}

fn write(verdict: &Verdict, json: bool, out: &mut impl Write) -> Result<()> {
    if json {
        return Ok(write_json(out, verdict)?);
    }
    Ok(write_verdict(verdict, out)?)
}

/// What becomes of an action, and why.
pub(super) fn write_verdict(verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let word = match verdict.outcome {
        Outcome::Runs => "it runs by rule",
        Outcome::Waits => "it waits for people",
        Outcome::Refused => "it is refused",
    };
    writeln!(out, "{word} (phase {})", verdict.phase.as_str())?;
    if let Some(quorum) = &verdict.quorum {
        writeln!(out, "  takes {} of {}", quorum.people, quorum.words())?;
    }
    for because in &verdict.because {
        writeln!(out, "  {}", quell_model::shown(because, false))?;
    }
    Ok(())
}
