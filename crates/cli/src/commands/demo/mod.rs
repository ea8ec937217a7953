//! `quell demo`: a labelled sample world, offline, through the very same path.

mod live;

use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use clap::Args;
use include_dir::{Dir, include_dir};
use quell_model::FixedClock;
use quell_pipeline::{OwnersAsked, Progress, Request, Setup};
use quell_report::{Options, Report};
use quell_store::Store;

use crate::console::say;
use crate::environment::Environment;
use crate::exit::Exit;

/// The sample world: `findings/`, `infrastructure/` and `truth.json`.
static WORLD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../content/demo");

/// The day on which the sample world is looked at, so that its numbers never change.
const TODAY: &str = "2026-11-01T09:00:00Z";

/// Where the report is written when nothing else is said.
const REPORT: &str = "quell-report.html";

const EXAMPLES: &str = "\
Examples:
  quell demo                 files of nine tools, their incidents and fixes
  quell demo --live          a server that asks four platforms, in one process
  quell demo --live --seconds 60";

/// Show a labelled sample world, offline.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    live: Live,
    /// Print JSON instead of the summary
    #[arg(long)]
    json: bool,
    /// Where to write the report for people
    #[arg(long, short, default_value = REPORT, value_name = "FILE")]
    output: std::path::PathBuf,
    /// Print every incident
    #[arg(long)]
    all: bool,
}

/// The world as four platforms tell it, live.
#[derive(Debug, Args)]
struct Live {
    /// Run the server against doubles of Wiz, Prisma Cloud, Orca and Lacework
    #[arg(long, conflicts_with_all = ["json", "all", "output"])]
    live: bool,
    /// With --live: where the server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420", requires = "live")]
    listen: SocketAddr,
    /// With --live: end after so many seconds, and not with Ctrl-C
    #[arg(long, value_name = "N", requires = "live")]
    seconds: Option<u64>,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit> {
    let folder = std::env::temp_dir().join(format!("quell-demo-{}", std::process::id()));
    let result = if arguments.live.live {
        live::run(&arguments.live, &folder).map(|()| Exit::Clean)
    } else {
        show(arguments, &folder, environment)
    };
    // The sample world is not kept; what cannot be removed is the system's to clean up.
    drop(std::fs::remove_dir_all(&folder));
    result
}

fn show(arguments: &Arguments, folder: &Path, environment: &Environment) -> Result<Exit> {
    std::fs::create_dir_all(folder).context("cannot make a temporary folder")?;
    WORLD.extract(folder).context("cannot unpack the sample world")?;
    let limit = if arguments.all || arguments.json { None } else { Some(10) };
    let mut report = triage(folder, limit)?;
    name_as_content(&mut report, folder);
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        write("json", &report, false, &mut out)?;
        out.flush()?;
        return Ok(Exit::Clean);
    }
    let color = environment.terminal_out && !environment.no_color;
    writeln!(out, "SAMPLE DATA: a made-up company, three clouds, nine tools\n")?;
    write("terminal", &report, color, &mut out)?;
    out.flush()?;
    let mut file = BufWriter::new(
        std::fs::File::create(&arguments.output)
            .with_context(|| format!("cannot write `{}`", arguments.output.display()))?,
    );
    write("html", &report, false, &mut file)?;
    file.flush()?;
    say(&format!("\nreport for people: {} (open it in a browser)", arguments.output.display()));
    say("next: quell triage <your scanner results> --repo <your Terraform>");
    Ok(Exit::Clean)
}

fn triage(folder: &Path, limit: Option<usize>) -> Result<Report> {
    let mut store = Store::open(&folder.join("data"))?;
    let setup = Setup::embedded(None)?;
    let request = Request {
        among: None,
        paths: vec![folder.join("findings")],
        intel: Vec::new(),
        repository: Some(folder.join("infrastructure")),
        owners: OwnersAsked::default(),
        limit,
        only_incidents: false,
        sample_data: true,
        states: Vec::new(),
        keep_rejects: false,
    };
    let clock = FixedClock(TODAY.parse().context("the sample day is no time")?);
    let progress =
        Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
    Ok(quell_pipeline::run(&mut store, &setup, &request, &clock, &progress)?.report)
}

/// Names files as they stand in the repository, not where they were unpacked.
fn name_as_content(report: &mut Report, folder: &Path) {
    let unpacked = folder.display().to_string();
    let rename = |name: &quell_model::Untrusted| {
        quell_model::Untrusted::from(name.raw().replace(&unpacked, "content/demo"))
    };
    for file in &mut report.accounting.files {
        file.path = rename(&file.path);
    }
    for finding in report.issues.iter_mut().flat_map(|issue| &mut issue.findings) {
        finding.file = rename(&finding.file);
    }
}

fn write(format: &str, report: &Report, color: bool, out: &mut dyn Write) -> Result<()> {
    let format =
        quell_report::FORMATS.iter().find(|f| f.name == format).context("the format is missing")?;
    (format.write)(report, &Options { color, ..Options::default() }, out)?;
    Ok(())
}
