//! How long it takes to explain incidents without a model.

use anyhow::{Context, Result};

use crate::step::{cargo, run as run_step};

const USAGE: &str = "usage: bench-explain [--findings N] [--incidents N]";

/// Runs the benchmark of the pipeline's explanations.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut findings, mut incidents) = ("100000", "2000");
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("`{word}` needs a value; {USAGE}"))?;
        match word.as_str() {
            "--findings" => findings = value,
            "--incidents" => incidents = value,
            other => anyhow::bail!("there is no `{other}`; {USAGE}"),
        }
    }
    let mut bench = cargo();
    bench.args(["bench", "--quiet", "-p", "quell-pipeline", "--bench", "explain", "--"]);
    run_step(bench.args([findings, incidents]))
}
