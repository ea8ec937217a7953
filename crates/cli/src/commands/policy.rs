//! `quell policy`: what rules say of an action, and who stands behind them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use quell_govern::phase::{Action, Conditions, Outcome, Phase, Rules, Verdict, decide};
use quell_model::{Clock, TenantId, shown};
use quell_pipeline::govern::{BackedRule, RulePage, Ruling, explain_action, explain_fix, ruling};
use quell_store::Store;
use serde_json::{Value, json};

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell policy test rules.toml                 its rules, and its [[case]] tables
  quell policy explain --fix 3f2a9c
  quell policy explain --kind fix.patch --environment test --proved --safe
  quell policy rules                           those that hold, and who backs them
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
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, global = true, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
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
    /// List the rules that hold, and how many admins stand behind each
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

    fn action(&self, tenant: &TenantId) -> Action {
        Action {
            kind: self.kind.clone(),
            tenant: tenant.as_str().to_owned(),
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
        return test(file, arguments.json);
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
            let page: RulePage = remote.ask(server.policy_rules())?;
            write_rules(&page, arguments.json, &mut out)?;
        }
        Command::Back { rule } => {
            let backed: BackedRule = remote.ask(server.policy_back(rule))?;
            match arguments.json {
                true => write_json(&mut out, &backed)?,
                false => writeln!(out, "{}", backed_words(&backed))?,
            }
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
    let (mut out, tenant) = (io::stdout().lock(), tenant(&arguments.tenant)?);
    match &arguments.command {
        Command::Test { .. } => {}
        Command::Explain(asked) => {
            let (store, now) = (Store::open_for(data, &tenant)?, SystemClock.now());
            let verdict = match &asked.fix {
                Some(fix) => explain_fix(&store, &ruling, (tenant.as_str(), fix), now)?,
                None => explain_action(&store, &ruling, &asked.action(&tenant), now)?,
            };
            tell_former(&ruling.page(&store)?);
            write(&verdict, arguments.json, &mut out)?;
        }
        Command::Rules => {
            let store = Store::open_for(data, &tenant)?;
            let page = ruling.page(&store)?;
            tell_former(&page);
            write_rules(&page, arguments.json, &mut out)?;
        }
        Command::Back { .. } => {
            say("a rule is backed at a server, which knows who you are: name one with `--server`");
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Clean)
}

/// Says that who stands behind rules may have lost the right to: only a server knows people.
fn tell_former(page: &RulePage) {
    if page.items.iter().any(|rule| !rule.backers.is_empty()) {
        say("whether those who stand behind rules still may, only a server knows: `--server`");
    }
}

fn test(file: &Path, json: bool) -> Result<Exit> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read `{}`", file.display()))?;
    let rules = match Rules::parse(&text) {
        Ok(rules) => rules,
        Err(fault) => {
            say(&format!("error: `{}`: {fault}", file.display()));
            return Ok(Exit::Usage);
        }
    };
    let mut wrong = Vec::new();
    for (number, case) in (1_u32..).zip(&rules.cases) {
        let now = case.at.unwrap_or_else(|| SystemClock.now());
        let verdict = decide(&rules.all, &case.action, &|_| case.backers, now);
        if verdict.outcome != case.expect {
            wrong.push((number, case.expect, verdict));
        }
    }
    let mut out = io::stdout().lock();
    let exit = if wrong.is_empty() { Exit::Clean } else { Exit::Gate };
    if json {
        let told = |(number, expected, verdict): &(u32, Outcome, Verdict)| json!({"case": number, "expected": expected, "verdict": verdict});
        let wrong: Vec<Value> = wrong.iter().map(told).collect();
        let (rules, cases) = (rules.all.len(), rules.cases.len());
        write_json(&mut out, &json!({"rules": rules, "cases": cases, "wrong": wrong}))?;
        return Ok(exit);
    }
    for (number, expected, verdict) in &wrong {
        writeln!(out, "case {number} is to say `{}`:", outcome_words(*expected))?;
        write_verdict(verdict, &mut out)?;
    }
    let (rules, cases) = (rules.all.len(), rules.cases.len());
    writeln!(out, "{rules} rules, {cases} cases, {} wrong", wrong.len())?;
    Ok(exit)
}

/// Rules as a person reads them: how far each goes, about what, when it runs, and who agrees else.
fn write_rules(page: &RulePage, json: bool, out: &mut impl Write) -> Result<()> {
    if json {
        return Ok(write_json(out, page)?);
    }
    for item in &page.items {
        write_rule(item, out)?;
    }
    if page.items.is_empty() {
        writeln!(out, "no rules, so everything is only observed; docs/governance.md shows some")?;
    }
    Ok(())
}

fn write_rule(item: &BackedRule, out: &mut impl Write) -> Result<()> {
    let rule = &item.rule;
    writeln!(out, "{}  {}", shown(&rule.id, false), rule.phase.as_str())?;
    let named = [
        ("kinds", &rule.kinds),
        ("tenants", &rule.tenants),
        ("accounts", &rule.accounts),
        ("environments", &rule.environments),
    ];
    let named = named.into_iter().filter(|(_, all)| !all.is_empty());
    let about: Vec<String> = named.map(|(of, all)| format!("{of} {}", all.join(", "))).collect();
    let about = if about.is_empty() { "everything".to_owned() } else { about.join("; ") };
    let mut line = |text: String| quell_report::wrapped(&shown(&text, false), "  ", out);
    line(format!("about {about}"))?;
    if rule.phase == Phase::Conditional {
        let when = conditions(&rule.when);
        let when =
            if when.is_empty() { "always".to_owned() } else { format!("with {}", when.join(", ")) };
        line(format!("runs by itself {when}"))?;
    }
    if rule.phase != Phase::Observe {
        let else_ = if rule.phase == Phase::Conditional { "else " } else { "" };
        let (people, who) = (rule.quorum.people, rule.quorum.words());
        line(format!("{else_}waits for {people} of {who}"))?;
    }
    // Whoever stands behind others changes nothing.
    if rule.phase == Phase::Conditional {
        line(backed_words(item))?;
    }
    Ok(())
}

/// What has to hold for an action to run by a rule.
fn conditions(when: &Conditions) -> Vec<String> {
    let risk = when.most_risk.map(|most| format!("a risk of at most {most}"));
    let sure = when.least_confidence.map(|least| format!("a confidence of {least} % or more"));
    let assets = when.most_assets.map(|most| format!("at most {most} assets"));
    let back = when.reversible.then(|| "a way back".to_owned());
    let windows = when.windows.iter().map(|window| {
        let days: Vec<&str> = window.days.iter().map(String::as_str).collect();
        format!("{} {} to {} {}", days.join(" "), window.from, window.to, window.zone)
    });
    let windows: Vec<String> = windows.collect();
    let windows = (!windows.is_empty()).then(|| format!("within {}", windows.join(" or ")));
    [risk, sure, assets, back, windows].into_iter().flatten().collect()
}

/// How many admins stand behind a rule.
fn backed_words(rule: &BackedRule) -> String {
    match rule.backers.len() {
        0 => "no admin stands behind it; in production it takes two".to_owned(),
        1 => "1 admin stands behind it; in production it takes two".to_owned(),
        more => format!("{more} admins stand behind it"),
    }
}

fn write(verdict: &Verdict, json: bool, out: &mut impl Write) -> Result<()> {
    if json {
        return Ok(write_json(out, verdict)?);
    }
    Ok(write_verdict(verdict, out)?)
}

/// What becomes of an action, and why.
pub(super) fn write_verdict(verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let word = outcome_words(verdict.outcome);
    writeln!(out, "{word} (phase {})", verdict.phase.as_str())?;
    if let Some(quorum) = &verdict.quorum {
        writeln!(out, "  takes {} of {}", quorum.people, quorum.words())?;
    }
    for because in &verdict.because {
        writeln!(out, "  {}", shown(because, false))?;
    }
    Ok(())
}

const fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Runs => "it runs by rule",
        Outcome::Waits => "it waits for people",
        Outcome::Refused => "it is refused",
    }
}
