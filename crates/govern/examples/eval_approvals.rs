//! Whether anything is carried out without a valid approval: every world that can be reached
//! within some acts, and many random histories. `cargo xtask eval-approvals` runs it.

use std::io::Write;
use std::process::ExitCode;

use quell_govern::approval::walk::{Fault, Walked, walk_all, walk_random};

/// Acts of a random history.
const LONG: usize = 24;

fn number(name: &str, default: u64) -> u64 {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    let value = at.and_then(|at| arguments.get(at + 1));
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn tell(what: &str, walked: &Result<Walked, Box<Fault>>) -> bool {
    let mut out = std::io::stdout().lock();
    let told = match walked {
        Ok(Walked { seen, tried, executed, deep, closed }) => writeln!(
            out,
            "{what}: {seen} seen, {tried} attempts, {executed} carried out, 0 without a valid \
             approval; up to {deep} acts{}",
            if *closed { ", and none leads further" } else { "" }
        ),
        Err(fault) => writeln!(out, "{what}: {fault:?}"),
    };
    told.is_ok() && walked.is_ok()
}

fn main() -> ExitCode {
    let deep = usize::try_from(number("--deep", u64::MAX)).unwrap_or(usize::MAX);
    let all = tell("all worlds", &walk_all(deep));
    let mut random = fastrand::Rng::with_seed(number("--seed", 1));
    let histories = number("--histories", 1_000_000);
    let lived = walk_random(histories, LONG, &mut |count| random.usize(0..count));
    let lived = tell(&format!("random histories of {LONG} acts"), &lived);
    if all && lived { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
