//! `quell status`: whether a server is well.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use quell_client::Status;
use quell_model::{Clock, TenantId, Timestamp, Untrusted};
use quell_report::{SourceHealth, SourceReport, cell, wrapped};
use quell_server::offline;

use super::jobs::tenant;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::ServerArguments;

const EXAMPLES: &str = "\
Examples:
  quell status                                on the data directory
  quell status --server https://quell.example --token-file token --json

Exit codes: 0 it is well, 2 usage or a wrong token, 3 it is not well: nobody
answers, it takes no work, or no server runs on the data directory.";

/// Width of the labels.
const LABEL: usize = 10;

/// Whether a server is well: what it holds, what waits, what fails.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
    /// Whose findings and jobs, on the data directory; a server knows it by the token
    #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(
    arguments: &Arguments,
    (data, named): (&Path, Option<&Path>),
    environment: &Environment,
) -> Result<Exit> {
    let (place, status) = match arguments.server.connect(named, environment)? {
        Some(remote) => {
            let place = remote.connection.address().to_string();
            (place, remote.ask(remote.connection.status())?)
        }
        None => {
            let told = offline::status(data, &tenant(&arguments.tenant)?, SystemClock.now())?;
            let status = serde_json::from_value(told).context("the status cannot be read")?;
            (data.display().to_string(), status)
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        write_json(&mut out, &status)?;
    } else {
        write(&place, &status, &mut out)?;
    }
    out.flush()?;
    Ok(if status.ready { Exit::Clean } else { Exit::Unfinished })
}

fn write(place: &str, status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let state = match (&status.why, status.ready) {
        (_, true) => "ready".to_owned(),
        (Some(why), false) => format!("not ready: {}", cell(&Untrusted::from(why.as_str()), 56)),
        (None, false) => "not ready".to_owned(),
    };
    let version = cell(&Untrusted::from(status.version.as_str()), 30);
    line("server", &cell(&Untrusted::from(place), 68), out)?;
    line("state", &format!("{state} (version {version})"), out)?;
    line("jobs", &jobs(status), out)?;
    if let Some(intake) = status.intake {
        let told = match intake.waiting_since {
            None => "nothing waits".to_owned(),
            Some(_) => format!("the oldest delivery waits for {}", span(intake.behind_seconds)),
        };
        line("intake", &told, out)?;
    }
    let issues = counted(status.issues_open, "issue");
    let open = match status.findings_open {
        Some(findings) => format!("{issues} of {}", counted(findings, "finding")),
        None => issues,
    };
    line("open", &open, out)?;
    let disk = status.disk;
    let told = format!(
        "{} (database {}, intake log {}, raw payloads {})",
        bytes(disk.total_bytes),
        bytes(disk.database_bytes),
        bytes(disk.intake_bytes),
        bytes(disk.raw_bytes),
    );
    line("disk", &told, out)?;
    write_sources(status, out)
}

fn line(label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&format!("{label:<LABEL$}{text}"), &" ".repeat(LABEL), out)
}

/// Jobs by state; those that want a person say what to do.
fn jobs(status: &Status) -> String {
    if status.jobs.is_empty() {
        return "none".to_owned();
    }
    let told: Vec<String> = status
        .jobs
        .iter()
        .map(|(state, count)| format!("{count} {}", cell(&Untrusted::from(state.as_str()), 20)))
        .collect();
    let wants = ["held", "dead"].into_iter().find(|state| status.jobs.contains_key(*state));
    match wants {
        Some(state) => format!("{}; look: quell jobs list --state {state}", told.join(", ")),
        None => told.join(", "),
    }
}

fn write_sources(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    if status.sources.is_empty() {
        return line("sources", "none was heard of yet", out);
    }
    writeln!(out, "sources")?;
    for source in &status.sources {
        writeln!(
            out,
            "  {:<8} {:<7} {:<34} {}",
            source.health.as_str(),
            cell(&Untrusted::from(source.kind.as_str()), 7),
            cell(&Untrusted::from(source.name.as_str()), 34),
            cell(&Untrusted::from(heard(source, status.at)), 24),
        )?;
        if let Some(reason) =
            source.reason.as_ref().filter(|_| source.health == SourceHealth::Failing)
        {
            writeln!(out, "           {}", cell(reason, 68))?;
        }
    }
    Ok(())
}

pub(super) fn heard(source: &SourceReport, now: Timestamp) -> String {
    match source.heard_at {
        None => "never heard of".to_owned(),
        Some(at) => {
            let seconds = now.as_second().saturating_sub(at.as_second());
            format!("heard {} ago", span(u64::try_from(seconds).unwrap_or(0)))
        }
    }
}

/// A length of time in its largest whole unit.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let told = [0, 119, 120, 7_199, 7_200, 172_800].map(span);
        assert_eq!(told, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
    }
}
