//! `quell map`: describing a format that Quell does not know.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use quell_model::{Record, Timestamp, Untrusted};
use quell_report::cell;
use quell_sources::intake::{
    self, Detected, Detection, Format, Formats, Input, Item, Limits, normalize_batch,
};
use quell_sources::mapped::{FormatMap, draft};

use crate::console::say;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell map new acme.csv > acme.toml        a draft, made by looking at the data
  quell map test acme.toml acme.csv         ten records through it
  quell triage acme.csv --map acme.toml";

/// Describe a format that Quell does not know: any JSON, NDJSON or CSV.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draft a map by looking at a file, and print it
    New {
        /// A file of the format; `-` is stdin
        file: PathBuf,
        /// The tool's short name [default: the file's name]
        #[arg(long, value_name = "NAME")]
        tool: Option<String>,
    },
    /// Show what the first records of a file become
    Test {
        /// The map
        map: PathBuf,
        /// A file of the format; `-` is stdin
        file: PathBuf,
        /// How many records
        #[arg(long, default_value_t = 10, value_name = "N")]
        rows: usize,
    },
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    match &arguments.command {
        Command::New { file, tool } => new(file, tool.as_deref()),
        Command::Test { map, file, rows } => test(map, file, *rows),
    }
}

/// Reads the user's maps.
pub(super) fn read_maps(paths: &[PathBuf]) -> Result<Vec<Arc<FormatMap>>> {
    paths.iter().map(|path| read_map(path)).collect()
}

fn read_map(path: &Path) -> Result<Arc<FormatMap>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the map `{}`", path.display()))?;
    let map = FormatMap::parse(&text).with_context(|| format!("in `{}`", path.display()))?;
    Ok(Arc::new(map))
}

/// The one input that a path names.
fn input(path: &Path) -> Result<Input> {
    let mut inputs = intake::walk(&[path.to_owned()]);
    match (inputs.pop(), inputs.is_empty()) {
        (Some(Ok(input)), true) => Ok(input),
        (Some(Err(unreadable)), _) => bail!("`{}` {}", path.display(), unreadable.reason),
        _ => bail!("`{}` is not one file; name one", path.display()),
    }
}

fn new(path: &Path, tool: Option<&str>) -> Result<Exit> {
    let mut input = input(path)?;
    let tool = tool.map_or_else(|| name_of(path), str::to_owned);
    if let Ok(Detected::Fits(fit)) =
        intake::detect(&mut input, Formats::BUILT_IN, &Limits::default())
    {
        say(&format!("note: Quell reads this without a map, as {}", fit.format.title()));
    }
    let drafted = draft(&mut input, &tool, &Limits::default())
        .map_err(|error| anyhow!("`{}` {error}", path.display()))?;
    let mut out = io::stdout().lock();
    out.write_all(drafted.text.as_bytes())?;
    for missing in drafted.missing {
        say(&format!("to do: {missing}"));
    }
    Ok(Exit::Clean)
}

/// A short name made of a file's.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("tool");
    let stem = stem.split('.').next().unwrap_or(stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = stem.chars().map(plain).collect();
    let name = name.trim_matches('_').to_owned();
    if name.is_empty() { "tool".to_owned() } else { name }
}

fn test(map: &Path, path: &Path, rows: usize) -> Result<Exit> {
    let maps = [read_map(map)?];
    let mut input = input(path)?;
    let formats = Formats { maps: &maps, ..Formats::BUILT_IN };
    let fit = match intake::detect(&mut input, formats, &Limits::default()) {
        Ok(Detected::Fits(fit)) => fit,
        Ok(Detected::Empty) => bail!("`{}` holds no record", path.display()),
        Ok(Detected::NoFit(reason)) => bail!("`{}`: {reason}", path.display()),
        Err(error) => bail!("`{}` {error}", path.display()),
    };
    if !matches!(fit.format, Format::Mapped(_)) {
        let needs = maps.iter().flat_map(|map| map.needs()).collect::<Vec<_>>().join("`, `");
        bail!(
            "the map does not fit `{}`: it asks for `{needs}`; the file is read as {}",
            path.display(),
            fit.format.title()
        );
    }
    let detection = fit.at(Timestamp::now());
    print_rows(&mut input, &detection, rows)
}

fn print_rows(input: &mut Input, detection: &Detection, rows: usize) -> Result<Exit> {
    let mut out = io::stdout().lock();
    let mut left = rows;
    let mut rejected = 0usize;
    let mut failed = None;
    writeln!(out, "{:<13} {:<10} {:<26} {:<28}", "severity", "status", "asset", "what is wrong")?;
    let summary = intake::read(input, detection, &Limits::default(), &mut |item| {
        for line in lines(&item, detection).into_iter().take(left) {
            rejected += usize::from(line.is_err());
            left -= 1;
            let line = line.unwrap_or_else(|reason| {
                format!("rejected: {}", cell(&Untrusted::from(reason), 68))
            });
            failed = failed.take().or(writeln!(out, "{line}").err());
        }
        if left == 0 || failed.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let shown = rows - left;
    writeln!(out, "\n{shown} records, {rejected} rejected")?;
    match summary.broke_off {
        Some(broke_off) if left > 0 => bail!("{}", broke_off.why),
        _ => Ok(if rejected > 0 { Exit::Unfinished } else { Exit::Clean }),
    }
}

/// A line for each record of an item.
fn lines(item: &Item, detection: &Detection) -> Vec<Result<String, String>> {
    let batch = match item {
        Item::Batch(batch) => batch,
        Item::Reject { reason, .. } => return vec![Err(reason.clone())],
    };
    let line = |result: Result<Vec<Record>, String>| {
        let records = result?;
        Ok(records.iter().map(describe).collect::<Vec<_>>().join("\n"))
    };
    normalize_batch(batch, detection).map(|n| line(n.result)).collect()
}

fn describe(record: &Record) -> String {
    let (severity, status, asset, title) = match record {
        Record::Finding(finding) => (
            finding.severity.as_str(),
            finding.status.as_str(),
            finding.asset.native_id.as_str(),
            if finding.title.is_empty() { finding.rule.id.as_str() } else { finding.title.raw() },
        ),
        Record::Evidence(evidence) => {
            let title = evidence.rule.title.raw();
            let title = if title.is_empty() { evidence.rule.id.as_str() } else { title };
            (
                "-",
                if evidence.passed { "passed" } else { "undecided" },
                evidence.asset.native_id.as_str(),
                title,
            )
        }
        Record::Statement(statement) => {
            ("-", "statement", statement.product.name.as_str(), statement.vulnerability.as_str())
        }
        Record::Exploited(exploited) => ("-", "exploited", "", exploited.weakness.as_str()),
        Record::Asset(asset) => ("-", "asset", asset.native_id.as_str(), asset.name.raw()),
        Record::Relation(relation) => ("-", "relation", relation.from.key(), relation.kind.words()),
        Record::Activity(activity) => {
            ("-", "activity", activity.asset.native_id.as_str(), activity.action.as_str())
        }
    };
    let (asset, title) = (cell(&Untrusted::from(asset), 26), cell(&Untrusted::from(title), 28));
    format!("{severity:<13} {status:<10} {asset:<26} {title}")
}
