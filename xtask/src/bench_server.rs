//! What a release server takes, and what it loses when it is killed.
//!
//! The client is a program of its own, `crates/testkit/examples/bench_server.rs`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::step::{cargo, run, say};

/// Webhooks, an import and names that are not there; the first word chooses one of them.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let chosen = arguments.first().map(String::as_str).filter(|word| !word.starts_with("--"));
    match chosen {
        Some(word) => measure(word, arguments.get(1..).unwrap_or_default()),
        None => {
            ["hooks", "import", "tickets", "letters", "bogus"].into_iter().try_for_each(|word| {
                say(word);
                measure(word, arguments)
            })
        }
    }
}

/// Kills a busy server again and again.
pub(crate) fn kill(arguments: &[String]) -> Result<()> {
    measure("kill", arguments)
}

/// Kills a server again and again while it delivers, and counts what stands at the sinks.
pub(crate) fn kill_deliver(arguments: &[String]) -> Result<()> {
    let quell = quell()?;
    let driver = ["--quiet", "--release", "-p", "quell-testkit", "--features", "letters"];
    let example = ["--example", "kill_deliver", "--"];
    run(cargo().arg("run").args(driver).args(example).arg(quell).args(arguments))
}

fn quell() -> Result<PathBuf> {
    run(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    Path::new("target/release/quell").canonicalize().context("quell was not built")
}

fn measure(word: &str, arguments: &[String]) -> Result<()> {
    let quell = quell()?;
    let client = ["--quiet", "--release", "-p", "quell-testkit", "--features", "letters"];
    let example = ["--example", "bench_server", "--"];
    run(cargo().arg("run").args(client).args(example).arg(quell).arg(word).args(arguments))
}
