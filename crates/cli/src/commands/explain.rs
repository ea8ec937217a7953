//! `quell explain`: an incident in other words, by a model where one may be asked.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;
use quell_client::{ClientError, ExplainPlan};
use quell_config::Config;
use quell_model::{Answered, By, Clock as _, TenantId, Why, shown};
use quell_pipeline::{Setup, show_incident};
use quell_report::{Explained, PayloadReport, Report, write_explained};
use quell_server::offline::{ExplainAsked, Explainer};
use quell_server::{Audience, Plan, Wish};
use quell_store::Store;
use tokio::runtime::Runtime;

use super::config::{load_or_tell, with_fixes};
use super::desk::runtime;
use crate::console::{count_bar, say, write_json};
use crate::environment::{Environment, SystemClock, environment_of};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell explain 0a1b2c3d4e                    an incident, or one of its issues
  quell explain 0a1b2c3d4e --as executive
  quell explain 0a1b2c3d4e --task incident    where something was seen to happen
  quell explain 0a1b2c3d4e --show-payload     what a model would get; asks nobody
  quell explain 0a1b2c3d4e --no-model --json

A model is asked only where `[analyst]` of the configuration names one; else,
and where it is down, slow, over budget or refuses, the rules speak and it is
said why. docs/explain.md says more.

Exit codes: 0 explained, by whomever; 2 no such incident or task; 3 the data
or the server could not be read.";

/// After so many incidents in a row for which no model could be asked, no more are asked for.
const MOST_FAILED: usize = 2;

/// Say an incident in other words.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The incident's id, or that of one of its issues; the first characters are enough
    id: String,
    /// Whom it is written for
    #[arg(long = "as", value_name = "WHO", default_value = "owner",
        value_parser = ["owner", "analyst", "executive"])]
    to: String,
    /// Another task than the one that fits: `runtime` where something was seen to happen, else
    /// `incident`
    #[arg(long)]
    task: Option<String>,
    /// Print the exact bytes that a model would get, and ask nobody
    #[arg(long, conflicts_with = "no_model")]
    show_payload: bool,
    /// Ask nobody: an answer that was kept, else what the rules say
    #[arg(long)]
    no_model: bool,
    /// The repository of `quell triage --repo`, for incidents that a fix holds together
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// The configuration [default: $QUELL_CONFIG, or quell.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

impl Arguments {
    const fn wish(&self) -> Wish {
        match (self.show_payload, self.no_model) {
            (true, _) => Wish::Payload,
            (false, true) => Wish::Kept,
            (false, false) => Wish::Asked,
        }
    }
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let explained = match arguments.server.connect(named, environment)? {
        Some(remote) => at_server(arguments, &remote)?,
        None => {
            let Some(loaded) = load_or_tell(arguments.config.as_deref(), &[])? else {
                return Ok(Exit::Usage);
            };
            at_data(arguments, data, loaded.config)?
        }
    };
    write(&explained, arguments.json)?;
    Ok(Exit::Clean)
}

fn at_server(arguments: &Arguments, remote: &Remote) -> Result<Explained> {
    let here = [(arguments.repo.is_some(), "--repo"), (arguments.config.is_some(), "--config")];
    if let Some((_, flag)) = here.iter().find(|(given, _)| *given) {
        let said = format!("`{flag}` does not go with a server: it has its own");
        return Err(Misused(said).into());
    }
    let plan = ExplainPlan {
        to: arguments.to.clone(),
        task: arguments.task.clone(),
        show_payload: arguments.show_payload,
    };
    let (server, id) = (&remote.connection, arguments.id.as_str());
    match arguments.wish() {
        Wish::Kept => remote.ask(server.incident_explanation(id, &plan)),
        Wish::Asked | Wish::Payload => remote.ask(server.incident_explain(id, &plan)),
    }
}

fn at_data(arguments: &Arguments, data: &Path, config: Config) -> Result<Explained> {
    let store = Store::open(data)?;
    let repo = arguments.repo.as_deref();
    let setup = with_fixes(Setup::embedded(None)?, repo)?;
    let story = show_incident(&store, &setup, &arguments.id, repo, SystemClock.now())?;
    let runtime = runtime()?;
    let explainer = explainer(&runtime, (data, config), setup)?;
    let (to, task, wish) = (audience(&arguments.to), arguments.task.as_deref(), arguments.wish());
    Ok(explainer.explain(&store, &story, &ExplainAsked { to, task, wish })?)
}

/// Who explains on a data directory: a model where one is configured, else the rules.
pub(super) fn explainer(
    runtime: &Runtime,
    (data, config): (&Path, Config),
    setup: Setup,
) -> Result<Explainer> {
    let _inside = runtime.enter();
    let plan = Plan {
        config,
        data: data.to_owned(),
        setup: Setup::embedded(None)?,
        environment: environment_of(),
    };
    Ok(Explainer::open(plan, (&TenantId::default(), setup), Arc::new(SystemClock))?)
}

/// Whom a word of `--as` means.
pub(super) fn audience(word: &str) -> Audience {
    Audience::ALL.into_iter().find(|one| one.as_str() == word).unwrap_or_default()
}

fn write(explained: &Explained, json: bool) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match &explained.payload {
        _ if json => write_json(&mut out, explained)?,
        Some(payload) => write_payload(payload, &mut out)?,
        None => write_explained(explained, &mut out)?,
    }
    Ok(out.flush()?)
}

/// The bytes and nothing else on stdout; what they are on stderr.
fn write_payload(payload: &PayloadReport, out: &mut dyn Write) -> io::Result<()> {
    let (Some(provider), None) = (&payload.provider, &payload.because) else {
        let because = payload.because.as_deref().unwrap_or("no model is configured for this task");
        say(&format!("nothing would be sent: {}", shown(because, false)));
        return Ok(());
    };
    let bytes = payload.text.raw().as_bytes();
    out.write_all(bytes)?;
    out.flush()?;
    let (count, hash) = (bytes.len(), payload.hash.as_deref().unwrap_or_default());
    say(&format!("\n{count} bytes would go to `{}`; nothing was sent", shown(provider, false)));
    say(&format!("blake3 {hash}"));
    Ok(())
}

/// Incidents of a report that are explained one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Many<'a> {
    /// So many, the riskiest.
    pub(super) most: usize,
    /// Whether nothing is said of it.
    pub(super) quiet: bool,
    /// Set to stop after the present one.
    pub(super) cancelled: &'a AtomicBool,
}

/// The same, with its bar.
pub(super) struct Shown<'a> {
    many: Many<'a>,
    bar: ProgressBar,
}

impl<'a> Many<'a> {
    /// With a bar where stderr is a terminal.
    pub(super) fn with(self, environment: &Environment) -> Shown<'a> {
        let bar = count_bar(environment.terminal_err && !self.quiet);
        Shown { many: self, bar }
    }
}

/// Has the first incidents of a report said in other words, on the data directory.
pub(super) fn explain_here(
    report: &mut Report,
    store: &Store,
    (data, config): (&Path, Option<&Path>),
    shown: &Shown<'_>,
) -> Result<()> {
    let Some(loaded) = load_or_tell(config, &[])? else { return Ok(()) };
    let runtime = runtime()?;
    let explainer = explainer(&runtime, (data, loaded.config), Setup::embedded(None)?)?;
    let (to, task) = (Audience::Owner, None);
    let heard = each(report, shown, |report, at, may_ask| {
        let Some(story) = report.story(at) else { return Ok(None) };
        let wish = if may_ask { Wish::Asked } else { Wish::Kept };
        let asked = ExplainAsked { to, task, wish };
        Ok(Some(explainer.explain(store, &story, &asked)?.words))
    })?;
    if let Some(why) = explainer.why_none().filter(|_| !shown.many.quiet) {
        say(&format!("the rules explain: {}; docs/llm.md shows how", text_of(why)));
        return Ok(());
    }
    heard.tell(shown.many.quiet);
    Ok(())
}

/// Has the first incidents of a report said in other words, by a server.
pub(super) fn explain_there(report: &mut Report, remote: &Remote, shown: &Shown<'_>) -> Result<()> {
    let plan =
        ExplainPlan { to: Audience::Owner.as_str().to_owned(), task: None, show_payload: false };
    let server = &remote.connection;
    let heard = each(report, shown, |report, at, may_ask| {
        let Some(incident) = report.incidents.get(at) else { return Ok(None) };
        let kept = || remote.runtime.block_on(server.incident_explanation(&incident.id, &plan));
        let told = match may_ask {
            true => match remote.runtime.block_on(server.incident_explain(&incident.id, &plan)) {
                // This token may look, and not ask.
                Err(ClientError::Right(_)) => kept(),
                other => other,
            },
            false => kept(),
        };
        match told {
            Ok(told) => Ok(Some(told.words)),
            // It changed since the report was made.
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    heard.tell(shown.many.quiet);
    Ok(())
}

/// What came of several.
#[derive(Debug, Default)]
struct Heard {
    by_model: usize,
    by_rules: BTreeMap<String, usize>,
}

impl Heard {
    fn tell(&self, quiet: bool) {
        let rules: usize = self.by_rules.values().sum();
        if quiet || rules + self.by_model == 0 {
            return;
        }
        let why: Vec<String> =
            self.by_rules.iter().map(|(why, count)| format!("{count}: {why}")).collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
        let models = self.by_model;
        say(&format!("in other words: {models} by a language model, {rules} by the rules{why}"));
    }
}

/// Explains one after another. Who could not be asked twice in a row is not asked again.
fn each(
    report: &mut Report,
    shown: &Shown<'_>,
    mut explain: impl FnMut(&Report, usize, bool) -> Result<Option<Answered>>,
) -> Result<Heard> {
    let count = shown.many.most.min(report.incidents.len());
    shown.bar.set_length(u64::try_from(count)?);
    shown.bar.set_message("explaining");
    let (mut heard, mut failed) = (Heard::default(), 0);
    for at in 0..count {
        if shown.many.cancelled.load(Ordering::SeqCst) {
            break;
        }
        let words = explain(report, at, failed < MOST_FAILED);
        let words = words.inspect_err(|_| shown.bar.finish_and_clear())?;
        let Some(words) = words else { continue };
        match (words.written.by, &words.written.instead_of) {
            (By::Model, _) => {
                heard.by_model += 1;
                failed = 0;
            }
            (By::Rules, why) => {
                let text = why.as_ref().map(text_of).unwrap_or_default();
                *heard.by_rules.entry(text).or_default() += 1;
                failed += usize::from(why.as_ref().is_some_and(is_lasting));
            }
        }
        if let Some(incident) = report.incidents.get_mut(at) {
            incident.words = Some(words);
        }
        shown.bar.inc(1);
    }
    shown.bar.finish_and_clear();
    Ok(heard)
}

fn text_of(why: &Why) -> String {
    shown(&why.text(), false)
}

/// Whether the next is likely to meet the same.
const fn is_lasting(why: &Why) -> bool {
    match why {
        Why::NotConfigured | Why::OverBudget(_) | Why::Busy(_) | Why::Down(_) | Why::Slow => true,
        Why::NotAsked | Why::Refused(_) | Why::Unfit(_) | Why::Guard => false,
    }
}
