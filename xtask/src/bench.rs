//! How fast one file of findings becomes stored, scored incidents, and what it takes.

use std::ffi::OsString;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use quell_testkit::estate::SOURCES;

use crate::step::{cargo, run as run_step, say};

/// Findings, unless the first argument says otherwise.
const FINDINGS: u64 = 100_000;
/// Runs, of which the median counts; `--runs` asks for others.
const RUNS: usize = 3;

/// One run's figures.
#[derive(Debug, Clone, Copy)]
struct Figures {
    millis: u64,
    peak_kib: u64,
    disk_bytes: u64,
}

/// What is asked for.
struct Plan {
    findings: u64,
    sources: usize,
    runs: usize,
    /// Where to leave the files, in place of measuring.
    make: Option<PathBuf>,
}

impl Plan {
    fn of(arguments: &[String]) -> Result<Self> {
        let mut plan = Self { findings: FINDINGS, sources: 1, runs: RUNS, make: None };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--make" => plan.make = Some(value()?.into()),
                "--findings" => plan.findings = value()?.parse()?,
                "--sources" => plan.sources = value()?.parse()?,
                "--runs" => plan.runs = value()?.parse()?,
                count => {
                    plan.findings = count.parse().context(
                        "usage: bench [--findings N] [--sources 1|4] [--runs N] [--make DIR]",
                    )?
                }
            }
        }
        if !(1..=SOURCES.len()).contains(&plan.sources) {
            bail!("--sources is 1 to {}", SOURCES.len());
        }
        Ok(plan)
    }
}

/// Makes the findings, imports them into fresh data directories and once more into each, asks
/// the full store, prints medians.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = Plan::of(arguments)?;
    if let Some(folder) = &plan.make {
        make(&plan, folder)?;
        return Ok(());
    }
    run_step(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("estate");
    let input_bytes = make(&plan, &input)?;
    let count = plan.findings;
    say(&format!(
        "{count} findings in {} files, {} MB, {} bytes each",
        plan.sources,
        input_bytes >> 20,
        input_bytes / count.max(1)
    ));
    let mut all: Vec<(&str, Vec<Figures>)> = Vec::new();
    for number in 0..plan.runs {
        let data = folder.path().join(format!("data-{number}"));
        for (name, arguments) in steps(&input) {
            let figures = measure(&arguments, &data)?;
            say(&format!("run {}, {name}: {}", number + 1, line(count, figures)));
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.push(figures),
                None => all.push((name, vec![figures])),
            }
        }
        fs::remove_dir_all(&data)?;
    }
    for (name, mut figures) in all {
        figures.sort_by_key(|f| f.millis);
        let median = figures.get(figures.len() / 2).copied().context("no run was made")?;
        say(&format!("median, {name}: {}", line(count, median)));
    }
    Ok(())
}

/// What is measured, in this order, with the same data directory.
fn steps(input: &Path) -> Vec<(&'static str, Vec<OsString>)> {
    let words = |words: &str| words.split(' ').map(OsString::from).collect::<Vec<_>>();
    let import = [words("triage"), vec![input.into()], words("--limit 10")].concat();
    vec![
        ("first import", import.clone()),
        ("same again", import),
        ("top ten", words("triage")),
        ("list and count", words("issue list --severity critical --limit 10")),
        ("list by asset", words("issue list --asset s3-resource-77 --tool prowler --limit 10")),
    ]
}

/// Writes one file a source. Each cloud tool sees half of what the one before it sees.
fn make(plan: &Plan, folder: &Path) -> Result<u64> {
    fs::create_dir(folder)?;
    let each = plan.findings / u64::try_from(plan.sources)?;
    let mut bytes = 0;
    for (number, source) in (0..).zip(SOURCES.iter().take(plan.sources)) {
        let path = folder.join(source.file);
        let mut out = BufWriter::new(fs::File::create(&path)?);
        let first = number * each / 2;
        source.write(first..first + each, 1, &mut out)?;
        out.flush()?;
        bytes += fs::metadata(&path)?.len();
    }
    Ok(bytes)
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
fn measure(arguments: &[OsString], data: &Path) -> Result<Figures> {
    let started = std::time::Instant::now();
    let mut child = Command::new("target/release/quell")
        .args(arguments)
        .arg("--data")
        .arg(data)
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
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if !status.success() {
        bail!("quell failed with {status}");
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
