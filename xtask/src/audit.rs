//! The audit log: records a second, proofs in a large log, and how fast all of it is checked.

use anyhow::{Context, Result, bail};

use crate::step::{cargo, run};

const BENCH: &str = "usage: cargo xtask bench-audit [--threads N] [--seconds N] [--records N]";

/// Appends in groups, makes a large log, proves records in it and checks all of it.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let (mut threads, mut seconds, mut records) = (256_u64, 10_u64, 10_000_000_u64);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().and_then(|value| value.parse().ok());
        match (word.as_str(), value) {
            ("--threads", Some(value)) => threads = value,
            ("--seconds", Some(value)) => seconds = value,
            ("--records", Some(value)) => records = value,
            _ => bail!("{BENCH}"),
        }
    }
    // The system's folder for temporary files may be in memory, where a flush takes no time.
    let dir = tempfile::tempdir_in("target").context("no folder in `target`")?;
    let (groups, large) = (dir.path().join("groups"), dir.path().join("large"));
    let (groups, large) = (groups.display().to_string(), large.display().to_string());
    tool(&["bench", &groups, &threads.to_string(), &seconds.to_string()])?;
    tool(&["fill", &large, &records.to_string()])?;
    tool(&["prove", &large, "1000"])?;
    verify(&large)
}

fn tool(arguments: &[&str]) -> Result<()> {
    let program = ["--quiet", "--release", "-p", "quell-audit", "--bin", "quell-audit-tool", "--"];
    run(cargo().arg("run").args(program).args(arguments))
}

fn verify(folder: &str) -> Result<()> {
    let program = ["--quiet", "--release", "-p", "quell-audit-verify", "--", folder];
    run(cargo().arg("run").args(program))
}
