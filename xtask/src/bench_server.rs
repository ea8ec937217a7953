//! What a release server takes, and what it loses when it is killed.
//!
//! The client is a program of its own, `crates/testkit/examples/bench_server.rs`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::step::{cargo, run, say};

/// Webhooks, an import and names that are not there; the first word chooses one of them.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let chosen = arguments.first().map(String::as_str).filter(|word| !word.starts_with("--"));
    match chosen {
        Some(word) => measure(word, arguments.get(1..).unwrap_or_default()),
        None => ["hooks", "import", "bogus"].into_iter().try_for_each(|word| {
            say(word);
            measure(word, arguments)
        }),
    }
}

/// Kills a busy server again and again.
pub(crate) fn kill(arguments: &[String]) -> Result<()> {
    measure("kill", arguments)
}

fn measure(word: &str, arguments: &[String]) -> Result<()> {
    run(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    let quell = Path::new("target/release/quell").canonicalize().context("quell was not built")?;
    let client = ["--quiet", "--release", "-p", "quell-testkit", "--features", "server"];
    let example = ["--example", "bench_server", "--"];
    run(cargo().arg("run").args(client).args(example).arg(quell).arg(word).args(arguments))
}
