//! Runs attackers' texts through all stages: `noninterference [RUNS] [SEED]`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use quell_proof::{Bench, Sums, upper_bound};

/// Runs between two words on how far it is.
const STEP: u64 = 10_000;

fn rate(runs: u64, seconds: f64) -> f64 {
    f64::from(u32::try_from(runs).unwrap_or(u32::MAX)) / seconds
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |usual| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (runs, seed) = (number(1_000_000_u64), number(1_u64));
    let bench = Bench::new().map_err(io::Error::other)?;
    let began = Instant::now();
    let mut sums = Sums::default();
    let mut at = 0;
    while at < runs {
        let end = (at + STEP).min(runs);
        sums = sums.and(bench.runs(at..end, seed).map_err(io::Error::other)?);
        at = end;
        if io::stderr().is_terminal() {
            let mut progress = io::stderr().lock();
            write!(progress, "\r{at} of {runs} runs, {} differences", sums.different)?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let (seats, texts) = bench.counts();
    let mut out = io::stdout().lock();
    writeln!(out, "{seats} places, {texts} texts of {} kinds", sums.kinds.len())?;
    writeln!(
        out,
        "{} runs in {seconds:.0} s, {:.0} a second",
        sums.runs,
        rate(sums.runs, seconds)
    )?;
    writeln!(
        out,
        "{} answers of a model that obeys, {} of them with a sentence that stays",
        sums.answers, sums.believed
    )?;
    let tasks: Vec<String> =
        sums.tasks.iter().map(|(task, count)| format!("{task} {count}")).collect();
    writeln!(out, "asked: {}", tasks.join(", "))?;
    writeln!(out, "{} runs in a database too, which told the same", sums.stored)?;
    writeln!(
        out,
        "{} runs in which something was decided otherwise; at most {:.2e} of all (Wilson, 95 %)",
        sums.different,
        upper_bound(sums.different, sums.runs)
    )?;
    for one in &sums.kept {
        writeln!(
            out,
            "run {} · {} · {}\n  {:?}\n  {}",
            one.run, one.seat, one.kind, one.text, one.what
        )?;
    }
    Ok(if sums.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
