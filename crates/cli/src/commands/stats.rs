//! `quell stats`: how the clocks of open issues stand.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use quell_model::{Clock, TenantId};
use quell_pipeline::govern::{IncidentTimesReport, ServiceLevelsReport, service_levels, targets};
use quell_pipeline::{Setup, follow_times};
use quell_store::Store;

use super::config::load_or_tell;
use super::jobs::tenant;
use crate::console::write_json;
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::ServerArguments;

const EXAMPLES: &str = "\
Examples:
  quell stats
  quell stats --server https://quell.example --token-file token --json

`[service_levels]` in the configuration says how many days there are;
docs/governance.md says how the clock runs.
Exit codes: 0 done, 2 the configuration is wrong, 3 it could not be done.";

/// How many open issues are late, due soon, or stand still under an exception, and how long
/// incidents take.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    /// The configuration, for `[service_levels]` [default: $QUELL_CONFIG, or quell.toml in the
    /// working directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    let report: ServiceLevelsReport = match arguments.server.connect(named, environment)? {
        Some(remote) => remote.ask(remote.connection.service_levels())?,
        None => {
            let tenant = tenant(&arguments.tenant)?;
            let Some(loaded) = load_or_tell(arguments.config.as_deref(), &[])? else {
                return Ok(Exit::Usage);
            };
            let targets = targets(&loaded.config.service_levels);
            let setup = Setup::embedded(None)?.with_targets(targets);
            let (mut store, now) = (Store::open_for(data, &tenant)?, SystemClock.now());
            follow_times(&mut store, &setup, now)?;
            service_levels(&store, &setup, now)?
        }
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        write(&report, &mut out)?;
    }
    Ok(Exit::Clean)
}

fn write(report: &ServiceLevelsReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:<14} {:>9} {:>9} {:>9} {:>9}", "", "open", "late", "72 hours", "paused")?;
    for own in &report.severities {
        let late = match own.most_late_hours {
            Some(hours) => format!("  the latest by {} days", hours / 24),
            None => String::new(),
        };
        writeln!(
            out,
            "{:<14} {:>9} {:>9} {:>9} {:>9}{late}",
            own.severity.as_str(),
            own.issues,
            own.late,
            own.soon,
            own.paused
        )?;
    }
    writeln!(
        out,
        "{:<14} {:>9} {:>9} {:>9} {:>9}",
        "all", report.issues, report.late, report.soon, report.paused
    )?;
    writeln!(
        out,
        "nothing is due for {}; {} run again behind an exception",
        report.without, report.restarted
    )?;
    write_times(&report.incidents, out)
}

fn write_times(times: &IncidentTimesReport, out: &mut impl Write) -> io::Result<()> {
    let steps = [
        ("understood", &times.understand),
        ("approved", &times.approve),
        ("remediated", &times.remediate),
    ];
    if steps.iter().all(|(_, step)| step.incidents == 0) {
        return writeln!(out, "no incident has been opened by a person yet, or has gone");
    }
    writeln!(out, "{:<14} {:>9} {:>9} {:>9}", "", "incidents", "median", "slowest")?;
    for (word, step) in steps {
        let which = step.slowest.map(|key| format!("  {}", key.short())).unwrap_or_default();
        writeln!(
            out,
            "{word:<14} {:>9} {:>9} {:>9}{which}",
            step.incidents,
            lasted(step.median_minutes),
            lasted(step.slowest_minutes)
        )?;
    }
    Ok(())
}

/// Minutes, hours or days, as people say them.
fn lasted(minutes: Option<i64>) -> String {
    match minutes {
        None => "-".to_owned(),
        Some(minutes @ ..120) => format!("{minutes} min"),
        Some(minutes @ ..2880) => format!("{} h", minutes / 60),
        Some(minutes) => format!("{} days", minutes / 1440),
    }
}
