//! Runs histories of an outbox: `outbox [COUNT] [FIRST SEED]`.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;

use quell_testkit::outbox::simulate;

fn main() -> io::Result<ExitCode> {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let (count, first) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(1));
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let share = count.div_ceil(threads);
    let all: Vec<_> = thread::scope(|scope| {
        let run = |at: u64| scope.spawn(move || simulate(first + at * share, share));
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let sum = |of: fn(&quell_testkit::outbox::Histories) -> u64| all.iter().map(of).sum::<u64>();
    let wrong: Vec<_> = all.iter().flat_map(|some| &some.wrong).collect();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} histories: {} calls, {} crashes, {} lost answers; {} went wrong",
        sum(|some| some.count),
        sum(|some| some.calls),
        sum(|some| some.crashes),
        sum(|some| some.lost),
        wrong.len()
    )?;
    for (seed, why) in wrong.iter().take(10) {
        writeln!(out, "  seed {seed}: {why}")?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
