//! `quell triage`: the main job.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use quell_audit::{Action, Leaf};
use quell_client::ClientError;
use quell_config::Faults;
use quell_model::{Clock as _, Severity, TenantId};
use quell_pipeline::deliver::post_results;
use quell_pipeline::{
    ChangePlace, Columns, InventoryFile, Outcome, OwnersAsked, Progress, Request, Setup, code_place,
};
use quell_report::{Format, Options, Report};
use quell_store::{OutboxStore, Store};

use super::config::{load, tell, with_fixes};
use super::explain::{Many, explain_here, explain_there};
use super::fix::{has_sink, state_files};
use super::jobs::accounting;
use super::map::read_maps;
use super::upload::upload;
use crate::audited::noted;
use crate::console::{byte_bar, say};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Misused, Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell triage results/                     read a folder of scanner results
  quell triage prowler.ocsf.json trivy.json --repo infra/
  trivy image --format json web:1 | quell triage -
  quell triage results/ --format html --output report.html
  quell triage acme.csv --map acme.toml     a format of your own
  quell triage results/ --inventory cmdb.csv
  quell triage --intel epss_scores-current.csv.gz
  quell triage                              what is open, without reading more
  quell triage --explain=5                  the riskiest five in other words too
  quell triage results/ --server https://quell.example --token-file token

Exit codes: 0 done, 1 a gate was crossed (--fail-on), 2 usage,
3 some input could not be read, 130 interrupted.";

/// Incidents that a server reports at most.
const MOST_INCIDENTS: usize = 1000;

/// Read findings and show what matters.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Files and folders, gzip, zstd and zip too; `-` is stdin. Formats are told by content
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The repository to make fixes in; it is only read (`quell fix` writes)
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// A state file, or a state or plan as `terraform show -json` prints it, by which findings
    /// with a cloud id only get their fix; with DIR= the folder of its root module
    #[arg(long, value_name = "[DIR=]FILE", requires = "repo")]
    state: Vec<String>,
    /// Put the results into the outbox for this sink, a code host with code scanning: as SARIF, for
    /// the commit that is checked out in `--repo`
    #[arg(long, value_name = "SINK", requires = "repo", conflicts_with = "server")]
    deliver: Option<String>,
    /// The pull request whose head is checked out, for `--deliver`
    #[arg(long, value_name = "NUMBER", requires = "deliver")]
    pull: Option<u64>,
    /// The repository at its host, for `--deliver` [default: what the remote `origin` names]
    #[arg(long, value_name = "OWNER/NAME", requires = "deliver")]
    into: Option<String>,
    /// EPSS scores (CSV) or a CISA KEV catalogue (JSON) to judge by, kept for later runs
    #[arg(long, value_name = "FILE")]
    intel: Vec<PathBuf>,
    /// How to print
    #[arg(long, short, default_value = "terminal", value_parser = format_names())]
    format: String,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to a file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print at most this many incidents; nothing is stored less
    #[arg(long, value_name = "N", conflicts_with = "all")]
    limit: Option<usize>,
    /// Print every incident
    #[arg(long)]
    all: bool,
    /// Write each record that was not taken, with file, byte offset and reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// A map of a format Quell does not know; `quell map new` drafts one. May be repeated
    #[arg(long, value_name = "FILE")]
    map: Vec<PathBuf>,
    /// Your own reading of tags: owner, environment and so on (see docs/mapping.md)
    #[arg(long, value_name = "FILE", alias = "mapping")]
    tags: Option<PathBuf>,
    /// Exit with 1 when an open issue has this severity or worse
    #[arg(long, value_name = "SEVERITY", value_parser = ["low", "medium", "high", "critical"])]
    fail_on: Option<String>,
    /// An export of a CMDB as CSV or JSON that says who owns what, kept for later runs. May be
    /// repeated; all of a run replace those of runs before (see docs/owners.md)
    #[arg(long, value_name = "FILE")]
    inventory: Vec<PathBuf>,
    /// The configuration, for `[owners]` and `[inventory.NAME]` [default: $QUELL_CONFIG, or
    /// quell.toml in the working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Have so many of the riskiest incidents said in other words, by a model where one may be
    /// asked, which costs; else by the rules [10 where no number is given]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10",
        require_equals = true, value_parser = clap::value_parser!(u16).range(1..=100))]
    explain: Option<u16>,
    /// No progress bar, no notes on stderr
    #[arg(long, short)]
    quiet: bool,
    /// No colour
    #[arg(long)]
    no_color: bool,
    #[command(flatten)]
    server: ServerArguments,
}

fn format_names() -> Vec<&'static str> {
    quell_report::FORMATS.iter().map(|f| f.name).collect()
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    if let Some(remote) = arguments.server.connect(named, environment)? {
        return at_server(arguments, &remote, environment);
    }
    let owners = match asked(arguments)? {
        Ok(owners) => owners,
        Err(faults) => {
            tell(&faults);
            return Ok(Exit::Usage);
        }
    };
    if let Some(sink) = &arguments.deliver
        && !has_sink(sink)?
    {
        return Ok(Exit::Usage);
    }
    let cancelled = on_interrupt()?;
    let mut store = Store::open(data)?;
    let setup = Setup::embedded(read_tags(arguments.tags.as_deref())?.as_deref())?;
    let setup = setup.with_maps(read_maps(&arguments.map)?);
    let setup = setup.with_program(std::env::current_exe().ok());
    let setup = with_fixes(setup, arguments.repo.as_deref())?;
    let request = Request {
        among: None,
        paths: arguments.paths.clone(),
        intel: arguments.intel.clone(),
        repository: arguments.repo.clone(),
        states: match &arguments.repo {
            Some(repo) => state_files(&arguments.state, repo),
            None => Vec::new(),
        },
        owners,
        limit: limit(arguments, format(arguments)?),
        only_incidents: arguments.deliver.is_none()
            && arguments.explain.is_none()
            && !format(arguments)?.shows_issues,
        sample_data: false,
        keep_rejects: arguments.rejects.is_some(),
    };
    let bar = byte_bar(environment.terminal_err && !arguments.quiet);
    let mut take = || work(&mut store, &setup, &request, &cancelled, &bar);
    let mut outcome = match arguments.paths.is_empty() && arguments.intel.is_empty() {
        true => take()?,
        false => noted(data, Action::Triage, |leaf| files(leaf, arguments), take)?,
    };
    if let Some(most) = arguments.explain {
        let place = (data, arguments.config.as_deref());
        let many = Many { most: usize::from(most), quiet: arguments.quiet, cancelled: &cancelled };
        explain_here(&mut outcome.report, &store, place, &many.with(environment))?;
    }
    if let Some(path) = &arguments.rejects {
        write_rejects(path, &outcome.rejects)?;
    }
    if let (Some(sink), Some(repo)) = (&arguments.deliver, &arguments.repo) {
        deliver(arguments, data, (sink, repo), &outcome.report)?;
    }
    print(&outcome.report, arguments, environment)?;
    Ok(exit(&outcome, arguments))
}

/// Puts the report into the outbox as SARIF.
fn deliver(
    arguments: &Arguments,
    data: &Path,
    (sink, repo): (&str, &Path),
    report: &Report,
) -> Result<()> {
    let place = ChangePlace { repository: arguments.into.clone(), base: None };
    let code = code_place(repo, &place)?;
    let format = quell_report::FORMATS.iter().find(|format| format.name == "sarif");
    let mut out = Vec::new();
    if let Some(format) = format {
        (format.write)(report, &Options::default(), &mut out)?;
    }
    let sarif = String::from_utf8(out).context("the report is no text")?;
    let tenant = TenantId::default();
    let (to, at) = ((&tenant, sink), (&code, arguments.pull));
    let mut outbox = OutboxStore::open_for(data, &tenant)?;
    let (subject, is_new) = post_results(&mut outbox, to, sarif, at, SystemClock.now())?;
    let said = if is_new { "is" } else { "was already" };
    say(&format!("{subject} {said} in the outbox for `{sink}`; `quell deliver` sends it"));
    Ok(())
}

/// The files that are read, as the audit log names them: their paths may name people.
fn files(leaf: Leaf, arguments: &Arguments) -> Leaf {
    let all = arguments.paths.iter().chain(&arguments.intel);
    let count = i64::try_from(arguments.paths.len()).unwrap_or(i64::MAX);
    all.fold(leaf.fact("paths", count), |leaf, path| {
        leaf.beside("file", &path.display().to_string())
    })
}

/// Has a server do it: what it knows is what counts, so nothing of here goes along but the files.
fn at_server(arguments: &Arguments, remote: &Remote, environment: &Environment) -> Result<Exit> {
    let here = [
        (arguments.repo.is_some(), "--repo", "`quell fix --server URL --repo DIR` makes fixes"),
        (!arguments.intel.is_empty(), "--intel", "upload the list as a file among the others"),
        (!arguments.map.is_empty(), "--map", "send the mapped format from a local run"),
        (!arguments.inventory.is_empty(), "--inventory", "the server reads `[inventory.NAME]`"),
        (arguments.config.is_some(), "--config", "the server has a configuration of its own"),
        (arguments.tags.is_some(), "--tags", "the server reads tags in its own way"),
    ];
    if let Some((_, flag, instead)) = here.iter().find(|(given, _, _)| *given) {
        return Err(Misused(format!("`{flag}` does not go with a server; {instead}")).into());
    }
    let cancelled = on_interrupt()?;
    let bar = byte_bar(environment.terminal_err && !arguments.quiet);
    let uploaded = upload(remote, &arguments.paths, &cancelled, &bar);
    bar.finish_and_clear();
    let uploaded = uploaded?;
    if let Some(path) = &arguments.rejects {
        write_rejects(path, &uploaded.rejects)?;
    }
    let limit = limit(arguments, format(arguments)?).unwrap_or(MOST_INCIDENTS).max(1);
    match remote.runtime.block_on(remote.connection.report(limit)) {
        Ok(report) => {
            let mut outcome = uploaded.told_by(report);
            if let Some(most) = arguments.explain {
                let (quiet, cancelled) = (arguments.quiet, &cancelled);
                let many = Many { most: usize::from(most), quiet, cancelled };
                explain_there(&mut outcome.report, remote, &many.with(environment))?;
            }
            print(&outcome.report, arguments, environment)?;
            Ok(exit(&outcome, arguments))
        }
        // A token that only brings findings in is told what became of them, and no more.
        Err(ClientError::Right(_)) if !arguments.paths.is_empty() => {
            say(&accounting(&uploaded.accounting.total));
            say("this token may not read the report");
            Ok(if uploaded.complete { Exit::Clean } else { Exit::Unfinished })
        }
        Err(error) => Err(error.into()),
    }
}

/// What the configuration and the flags say of owners.
fn asked(arguments: &Arguments) -> Result<std::result::Result<OwnersAsked, Faults>> {
    let loaded = match load(arguments.config.as_deref(), &[])? {
        Ok(loaded) => loaded,
        Err(faults) => return Ok(Err(faults)),
    };
    let mut asked = OwnersAsked::of(&loaded.config, &TenantId::default());
    let mut files = asked.inventories.take().unwrap_or_default();
    for path in &arguments.inventory {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        let taken = files.iter().any(|file| file.name == name);
        let name = if taken { path.display().to_string() } else { name.into_owned() };
        files.push(InventoryFile { name, path: path.clone(), columns: Columns::default() });
    }
    asked.inventories = (!files.is_empty()).then_some(files);
    Ok(Ok(asked))
}

/// The user's reading of tags, where one is given.
fn read_tags(path: Option<&Path>) -> Result<Option<String>> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the mapping `{}`", path.display()))?;
    Ok(Some(text))
}

/// The run itself, with its bar on the terminal while it lasts.
fn work(
    store: &mut Store,
    setup: &Setup,
    request: &Request,
    cancelled: &AtomicBool,
    bar: &ProgressBar,
) -> Result<Outcome> {
    let progress = Progress {
        cancelled,
        bytes: &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        },
        doing: &|what| bar.set_message(what.to_owned()),
    };
    let outcome = quell_pipeline::run(store, setup, request, &SystemClock, &progress);
    bar.finish_and_clear();
    Ok(outcome?)
}

/// Ctrl-C asks the run to stop after the present batch; a second one ends at once.
pub(super) fn on_interrupt() -> Result<Arc<AtomicBool>> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    ctrlc::set_handler(move || flag.store(true, Ordering::SeqCst))
        .context("cannot listen for Ctrl-C")?;
    Ok(cancelled)
}

fn format(arguments: &Arguments) -> Result<&'static Format> {
    let name = if arguments.json { "json" } else { arguments.format.as_str() };
    match quell_report::FORMATS.iter().find(|f| f.name == name) {
        Some(format) => Ok(format),
        None => bail!("there is no format `{name}`"),
    }
}

/// How many incidents to print: what was asked for, else what suits the format.
fn limit(arguments: &Arguments, format: &Format) -> Option<usize> {
    if arguments.all {
        return None;
    }
    arguments.limit.or(format.default_limit)
}

/// Prints the report where it was asked for.
pub(super) fn print(
    report: &Report,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<()> {
    let format = format(arguments)?;
    let to_terminal = environment.terminal_out && arguments.output.is_none();
    let color = to_terminal && !environment.no_color && !arguments.no_color;
    let options = Options { color, ..Options::default() };
    match &arguments.output {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
            let mut out = BufWriter::new(file);
            (format.write)(report, &options, &mut out)?;
            out.flush().with_context(|| format!("cannot write `{}`", path.display()))?;
            if !arguments.quiet {
                say(&format!("report written to {}", path.display()));
            }
        }
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            (format.write)(report, &options, &mut out)?;
            out.flush()?;
        }
    }
    Ok(())
}

fn write_rejects(path: &Path, rejects: &[quell_model::Reject]) -> Result<()> {
    let write = || -> Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        for reject in rejects {
            serde_json::to_writer(&mut out, reject)?;
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    };
    write().with_context(|| format!("cannot write the rejects to `{}`", path.display()))
}

fn exit(outcome: &Outcome, arguments: &Arguments) -> Exit {
    if !outcome.complete {
        say("some input could not be read to its end; the lines above say which");
        return Exit::Unfinished;
    }
    let gate = arguments.fail_on.as_deref().map(Severity::from_word);
    if let (Some(gate), Some(worst)) = (gate, outcome.worst)
        && worst >= gate
    {
        say(&format!(
            "gate crossed: an open issue is {}, --fail-on is {}",
            worst.as_str(),
            gate.as_str()
        ));
        return Exit::Gate;
    }
    Exit::Clean
}
