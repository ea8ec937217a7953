//! Measures what leaves: `mask [SEEDS] [KIND]`.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use quell_mask::{Grants, Masker};
use quell_testkit::mask::{CARRIERS, HIDDEN, KEPT, example, measure};

/// How long a text of 16 KB takes, of all kinds in all carriers.
fn timing() -> String {
    let mut text = String::new();
    let pairs = HIDDEN.iter().zip(CARRIERS.iter().cycle()).cycle().zip(0..);
    for ((kind, carrier), seed) in pairs.take_while(|(_, seed)| *seed < 500) {
        text.push_str(&example(kind, carrier, seed).0);
        text.push_str("\nThe check failed on this asset, which is not encrypted at rest.\n");
    }
    text.truncate(text.floor_char_boundary(16 << 10));
    let mut times: Vec<Duration> = (0..300).map(|_| one(&text)).collect();
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    format!("a text of {} KB: {:?} in the median, {:?} at 99 %", text.len() >> 10, at(50), at(99))
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn one(text: &str) -> Duration {
    let began = Instant::now();
    let masked = Masker::new(Vec::new(), Grants::default()).mask(text);
    assert!(!masked.as_str().is_empty());
    began.elapsed()
}

fn main() -> io::Result<ExitCode> {
    let seeds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let only = std::env::args().nth(2).unwrap_or_default();
    let score = measure(0..seeds, 1, &only);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} kinds in {} carriers, {} identifiers",
        HIDDEN.len(),
        CARRIERS.len(),
        KEPT.len()
    )?;
    let share = |(all, lost): (u64, u64)| lost as f64 * 100.0 / all.max(1) as f64;
    writeln!(
        out,
        "must not leave: {} texts, {} let something through ({:.3} %)",
        score.hidden.0,
        score.hidden.1,
        share(score.hidden)
    )?;
    writeln!(
        out,
        "must stay: {} texts, {} lost it ({:.3} %)",
        score.kept.0,
        score.kept.1,
        share(score.kept)
    )?;
    for ((kind, carrier), count) in &score.wrong {
        writeln!(out, "  {count:>5}  {kind} in {carrier}")?;
    }
    let shown = score.wrong.keys().filter_map(|(kind, carrier)| {
        let kind = HIDDEN.iter().find(|one| one.name == *kind)?;
        let carrier = CARRIERS.iter().find(|one| one.name == *carrier)?;
        Some(example(kind, carrier, 0))
    });
    for (text, masked) in shown.take(12) {
        writeln!(out, "\n{text}\n  -> {masked}")?;
    }
    if only.is_empty() {
        writeln!(out, "\n{}", timing())?;
    }
    let is_good = share(score.hidden) <= 0.5 && share(score.kept) <= 2.0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
