//! The intake log: how fast it is, and whether it loses anything when it is killed.

use anyhow::{Context, Result, bail};

use crate::step::{cargo, run};

const BENCH: &str = "usage: cargo xtask bench-spool [--threads N] [--seconds N]";
const SOAK: &str = "usage: cargo xtask soak-spool [--kills N] [--seed N]";

/// Appends 2 KiB a time from many threads, in a folder on this disk.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let [threads, seconds] = numbers(arguments, [("--threads", 64), ("--seconds", 10)], BENCH)?;
    tool("bench", &[threads, seconds])
}

/// Kills a process that appends, again and again.
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let [kills, seed] = numbers(arguments, [("--kills", 10_000), ("--seed", 1)], SOAK)?;
    tool("soak", &[kills, seed])
}

fn tool(command: &str, numbers: &[u64]) -> Result<()> {
    // The system's folder for temporary files may be in memory, where a flush takes no time.
    let dir = tempfile::tempdir_in("target").context("no folder in `target`")?;
    let program = ["--quiet", "--release", "-p", "quell-spool", "--bin", "quell-spool-tool", "--"];
    let numbers = numbers.iter().map(u64::to_string);
    run(cargo().arg("run").args(program).arg(command).arg(dir.path()).args(numbers))
}

fn numbers<const N: usize>(
    arguments: &[String],
    options: [(&str, u64); N],
    usage: &str,
) -> Result<[u64; N]> {
    let mut values = options.map(|(_, value)| value);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().and_then(|value| value.parse().ok());
        let place = options.iter().position(|(name, _)| name == word);
        match (place.and_then(|place| values.get_mut(place)), value) {
            (Some(place), Some(value)) => *place = value,
            _ => bail!("{usage}"),
        }
    }
    Ok(values)
}
