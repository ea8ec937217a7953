//! `quell trace`: the block of code that made a thing in a cloud.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use quell_client::ClientError;
use quell_model::{Asset, AssetId, Hints};
use quell_pipeline::{FixCase, Setup, TraceRequest, named_asset, trace_asset, trace_thing};
use quell_report::write_trace;
use quell_store::Store;
use serde_json::Value;

use super::fix::state_files;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::{Remote, ServerArguments};

const EXAMPLES: &str = "\
Examples:
  quell trace 0a1b2c3d4e --repo infra/                   the asset of an issue
  quell trace arn:aws:s3:::acme-logs --repo infra/
  quell trace arn:aws:s3:::acme-logs --repo infra/ --state prod=prod.tfstate
  terraform show -json plan.out > plan.json
  quell trace arn:aws:s3:::acme-logs --repo infra/ --plan plan.json --json
  quell trace 0a1b2c3d4e --repo infra/ --server https://quell.example \
      --token-file token                             the code stays where it is

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
    #[command(flatten)]
    server: ServerArguments,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let mut states = state_files(&arguments.state, &arguments.repo);
    states.extend(state_files(&arguments.plan, &arguments.repo));
    let request =
        TraceRequest { name: arguments.name.clone(), repository: arguments.repo.clone(), states };
    let report = match arguments.server.connect(named, environment)? {
        Some(remote) => trace_asset(&asset_at(&remote, arguments.name.trim())?, &request)?,
        None => {
            let (store, setup) = (Store::open(data)?, Setup::embedded(None)?);
            trace_thing(&store, &setup, &request, &SystemClock)?
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        write_trace(&report, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Clean)
}

/// The asset of an issue at a server; else the one of that id there; else what the id alone says.
fn asset_at(remote: &Remote, name: &str) -> Result<Asset> {
    let is_issue = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
    if is_issue {
        let case: Option<FixCase> = remote.ask(remote.connection.fix_input_of(name))?;
        let case = case.with_context(|| format!("the server tells nothing of `{name}`"))?;
        return Ok(case.issue.asset);
    }
    let parsed = AssetId::parse(name, &Hints::default());
    for id in [parsed.key(), name] {
        let story = match remote.runtime.block_on(remote.connection.asset(id)) {
            Ok(story) => story,
            Err(ClientError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        // It is found by its first characters, too; a longer one is another asset.
        if story.get("id").and_then(Value::as_str) != Some(id) {
            continue;
        }
        if let Some(issue) = story.pointer("/issues/0/id").and_then(Value::as_str) {
            let case: Option<FixCase> = remote.ask(remote.connection.fix_input_of(issue))?;
            return case.map(|case| case.issue.asset).context("the server tells no asset");
        }
    }
    Ok(named_asset(name)?)
}
