//! How long lists take over many findings.

use anyhow::{Context, Result};

use crate::step::{cargo, run as run_step};

const USAGE: &str = "usage: bench-lists [--findings N] [--sources 1|4] [--data DIR]";

/// Runs the benchmark of the pipeline's lists. A data directory that is there already is measured
/// as it is; one that is not is made and stays.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut findings, mut sources, mut data) = ("1000000", "1", None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("`{word}` needs a value; {USAGE}"))?;
        match word.as_str() {
            "--findings" => findings = value,
            "--sources" => sources = value,
            "--data" => data = Some(std::path::absolute(value)?),
            other => anyhow::bail!("there is no `{other}`; {USAGE}"),
        }
    }
    let mut bench = cargo();
    bench.args(["bench", "--quiet", "-p", "quell-pipeline", "--bench", "lists", "--"]);
    bench.args([findings, sources]);
    if let Some(data) = data {
        bench.arg(data);
    }
    run_step(&mut bench)
}
