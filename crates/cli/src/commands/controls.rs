//! `quell controls`: the catalogue, and how much of an input it knows.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use quell_catalog::{Catalog, Control};
use quell_pipeline::{Coverage, Setup};

use crate::console::write_json;
use crate::environment::Environment;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  quell controls list
  quell controls show aws.s3.bucket_public_access_block
  quell controls coverage results/          how much of it the catalogue knows";

/// Width of the labels of a control.
const LABEL: usize = 18;

/// The catalogue of faults that Quell knows.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every control, a line each
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// All that is known of one control
    Show {
        /// Its id
        id: String,
    },
    /// How much of an input the catalogue knows, by tool, and the most frequent rules it does not
    Coverage {
        /// Files and folders
        #[arg(required = true, value_name = "FILE")]
        paths: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, _environment: &Environment) -> Result<Exit> {
    let setup = Setup::embedded(None)?;
    let mut out = io::stdout().lock();
    match &arguments.command {
        Command::List { json: true } => {
            let rows: Vec<_> = setup.catalog().controls().map(row).collect();
            write_json(&mut out, &rows)?;
        }
        Command::List { json: false } => {
            for control in setup.catalog().controls() {
                writeln!(
                    out,
                    "{:<9} {:<46} {}",
                    control.severity.as_str(),
                    control.id,
                    marks(control)
                )?;
            }
            writeln!(out, "{} controls", setup.catalog().controls().count())?;
        }
        Command::Show { id } => show(setup.catalog(), id, &mut out)?,
        Command::Coverage { paths, json } => {
            let coverage = quell_pipeline::coverage(&setup, paths)?;
            if *json {
                write_json(&mut out, &coverage)?;
            } else {
                print_coverage(&coverage, &mut out)?;
            }
            if !coverage.complete {
                return Ok(Exit::Unfinished);
            }
        }
    }
    Ok(Exit::Clean)
}

fn row(control: &Control) -> serde_json::Value {
    serde_json::json!({
        "id": control.id,
        "title": control.title,
        "severity": control.severity,
        "has_check": !control.checks.is_empty(),
        "has_fix": !control.fixes.is_empty(),
    })
}

fn marks(control: &Control) -> &'static str {
    match (control.checks.is_empty(), control.fixes.is_empty()) {
        (_, false) => "check, fix",
        (false, true) => "check",
        (true, true) => "",
    }
}

fn show(catalog: &Catalog, id: &str, out: &mut dyn Write) -> Result<()> {
    let Some(control) = catalog.control(id) else {
        bail!("there is no control `{id}`; `quell controls list` names them all");
    };
    writeln!(out, "{}\n{}\n", control.id, control.title)?;
    writeln!(out, "severity          {}", control.severity.as_str())?;
    writeln!(out, "weakness          {}", control.weakness)?;
    if !control.attack.is_empty() {
        writeln!(out, "ATT&CK            {}", control.attack.join(", "))?;
    }
    writeln!(out)?;
    labelled("What", &control.explain.what, out)?;
    labelled("Why", &control.explain.why, out)?;
    labelled("Cause", &control.explain.cause, out)?;
    labelled("Intent", &control.explain.intent, out)?;
    for step in &control.explain.steps {
        labelled("Do", step, out)?;
    }
    labelled("May break", &control.explain.breaks, out)?;
    writeln!(out, "\nReported as")?;
    for (tool, names) in &control.aliases.0 {
        labelled(&format!("  {tool}"), &names.join(", "), out)?;
    }
    writeln!(out, "Evidence for")?;
    for (framework, requirements) in &control.frameworks {
        labelled(&format!("  {framework}"), &requirements.join(", "), out)?;
    }
    for fix in &control.fixes {
        writeln!(out, "Fix               {} ({})", fix.title, fix.resource.join(", "))?;
    }
    Ok(())
}

/// A label, and beside it a text that is wrapped.
fn labelled(label: &str, text: &str, out: &mut dyn Write) -> Result<()> {
    let mut lines = Vec::new();
    quell_report::wrapped(text, &" ".repeat(LABEL), &mut lines)?;
    let lines = String::from_utf8_lossy(&lines);
    let text = lines.trim_start_matches(' ');
    write!(out, "{label:<width$} {text}", width = LABEL - 1)?;
    Ok(())
}

fn print_coverage(coverage: &Coverage, out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "{:<18} {:>9} {:>9} {:>6}   {:>7} {:>7} {:>7}",
        "tool", "findings", "mapped", "%", "code", "own", "unnamed"
    )?;
    let all = &coverage.total;
    let tools = coverage.tools.iter().map(|(tool, count)| (tool.as_str(), count));
    for (tool, count) in tools.chain([("all", all)]) {
        let share = match count.findings {
            0 => "-".to_owned(),
            _ => format!("{:.1}", count.percent()),
        };
        writeln!(
            out,
            "{tool:<18} {:>9} {:>9} {share:>6}   {:>7} {:>7} {:>7}",
            count.findings, count.mapped, count.code, count.own, count.unnamed
        )?;
    }
    if all.code + all.own + all.unnamed > 0 {
        writeln!(
            out,
            "beside the share, since no catalogue can know them: rules about code and\n\
             licences, rules whose id is none of the vendor's, records that name no rule"
        )?;
    }
    if all.by_title > 0 {
        writeln!(out, "of the mapped, by what the title says alone: {}", all.by_title)?;
    }
    writeln!(out, "vulnerabilities and detections need no control: {}", coverage.without_need)?;
    if !coverage.unmapped.is_empty() {
        writeln!(out, "\nmost frequent rules that no control knows")?;
        for rule in &coverage.unmapped {
            writeln!(out, "  {:>6}  {} {}", rule.findings, rule.tool, rule.rule)?;
        }
    }
    Ok(())
}
