//! `quell trace`: the block of code that made a thing in a cloud.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use quell_pipeline::{Setup, TraceRequest, trace_thing};
use quell_report::write_trace;
use quell_store::Store;

use super::fix::state_files;
use crate::console::write_json;
use crate::environment::SystemClock;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell trace 0a1b2c3d4e --repo infra/                   the asset of an issue
  quell trace arn:aws:s3:::acme-logs --repo infra/
  quell trace arn:aws:s3:::acme-logs --repo infra/ --state prod=prod.tfstate
  terraform show -json plan.out > plan.json
  quell trace arn:aws:s3:::acme-logs --repo infra/ --plan plan.json --json

Exit code 0 whatever was found: `verdict` and `confidence` of --json say what.
docs/trace.md says what speaks for a block and how sure that is.";

/// Find the block of code that made a thing in a cloud.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An issue (first characters are enough), or an asset in the words of its cloud
    #[arg(value_name = "ISSUE|ASSET")]
    name: String,
    /// The repository with the infrastructure code
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// A state file of Terraform or OpenTofu; with DIR= the folder of its root module
    #[arg(long, value_name = "[DIR=]FILE")]
    state: Vec<String>,
    /// A plan as `terraform show -json` prints it; with DIR= the folder of its root module
    #[arg(long, value_name = "[DIR=]FILE")]
    plan: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, data: &Path) -> Result<Exit> {
    let mut states = state_files(&arguments.state, &arguments.repo);
    states.extend(state_files(&arguments.plan, &arguments.repo));
    let request =
        TraceRequest { name: arguments.name.clone(), repository: arguments.repo.clone(), states };
    let (store, setup) = (Store::open(data)?, Setup::embedded(None)?);
    let report = trace_thing(&store, &setup, &request, &SystemClock)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        write_trace(&report, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Clean)
}
