//! How fast one file of findings becomes stored, scored incidents, and what it takes.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{cargo, run as run_step, say};

/// Findings, unless the first argument says otherwise.
const FINDINGS: u64 = 100_000;
/// Runs, of which the median counts.
const RUNS: usize = 3;

/// One run's figures.
#[derive(Debug, Clone, Copy)]
struct Figures {
    millis: u64,
    peak_kib: u64,
    disk_bytes: u64,
}

/// Makes the findings, imports them `RUNS` times into fresh data directories and once more into
/// each, prints medians.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let count = match arguments.first() {
        Some(text) => text.parse().context("the first argument is a count of findings")?,
        None => FINDINGS,
    };
    run_step(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("estate.ocsf.json");
    let mut out = BufWriter::new(fs::File::create(&input)?);
    quell_testkit::estate::write_ocsf(count, 1, &mut out)?;
    out.flush()?;
    let input_bytes = fs::metadata(&input)?.len();
    say(&format!(
        "{count} findings, {} MB, {} bytes each",
        input_bytes >> 20,
        input_bytes / count.max(1)
    ));
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for number in 0..RUNS {
        let data = folder.path().join(format!("data-{number}"));
        for (name, all) in [("first", &mut first), ("again", &mut again)] {
            let figures = measure(&input, &data)?;
            say(&format!("run {}, {name}: {}", number + 1, line(count, figures)));
            all.push(figures);
        }
        fs::remove_dir_all(&data)?;
    }
    for (name, all) in [("first import", &mut first), ("same file again", &mut again)] {
        all.sort_by_key(|f| f.millis);
        let median = all.get(all.len() / 2).copied().context("no run was made")?;
        say(&format!("median, {name}: {}", line(count, median)));
    }
    Ok(())
}

fn line(count: u64, figures: Figures) -> String {
    format!(
        "{} findings/s ({} ms), peak memory {} MB, {} bytes a finding on disk",
        count * 1000 / figures.millis.max(1),
        figures.millis,
        figures.peak_kib >> 10,
        figures.disk_bytes / count.max(1),
    )
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time and polls a process")]
fn measure(input: &Path, data: &Path) -> Result<Figures> {
    let started = std::time::Instant::now();
    let mut child = Command::new("target/release/quell")
        .arg("triage")
        .arg(input)
        .arg("--data")
        .arg(data)
        .args(["--limit", "10"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("target/release/quell could not be started")?;
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = peak_kib.max(peak_memory_kib(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if !status.success() {
        bail!("quell triage failed with {status}");
    }
    let mut disk_bytes = 0;
    for entry in fs::read_dir(data)? {
        disk_bytes += entry?.metadata()?.len();
    }
    Ok(Figures { millis, peak_kib, disk_bytes })
}

/// The highest resident size so far, as Linux tells it; 0 elsewhere.
fn peak_memory_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
