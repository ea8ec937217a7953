//! Counts what a model invents and Quell would deliver: `invented [TASK]`.

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    let only = std::env::args().nth(1).unwrap_or_default();
    let told = quell_proof::deliver(&only, usize::MAX).map_err(io::Error::other)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} answers with something invented, over {} cases; {} true sentences stayed",
        told.answers, told.cases, told.kept
    )?;
    writeln!(out, "{} of them delivered something invented", told.invented)?;
    for (way, count) in &told.ways {
        writeln!(out, "  {count:>4} {way}")?;
    }
    for one in told.examples.iter().take(10) {
        writeln!(out, "{} · {}\n  {:?}", one.case, one.way, one.sentence)?;
    }
    Ok(if told.invented == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
