//! The project's own commands: `cargo xtask check` is what has to pass before a change lands.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

mod audit;
mod bench;
mod bench_access;
mod bench_explain;
mod bench_fixes;
mod bench_lists;
mod bench_server;
mod eval_fixes;
mod eval_merge;
mod eval_priority;
mod layers;
mod spool;
mod step;
mod tidy;

use step::{cargo, run};

const HELP: &str = "\
cargo xtask <command>

  check   all that a change has to pass: format, lints, tests, docs, licences, layers, tidiness
  fmt     format the code
  test    the tests only
  demo    the sample world, as `cargo run --release -- demo`
  bench   findings a second, memory and disk; [--findings N] [--sources 1|4] [--runs N]
          [--make DIR] (see docs/benchmarks.md)
  bench-access
          microseconds to decide whether somebody may do something (see docs/benchmarks.md)
  bench-fixes [--findings N] [--files N] [--runs N]
          seconds to plan and prove 1,000 findings over 500 files (see docs/benchmarks.md)
  bench-audit [--threads N] [--seconds N] [--records N]
          records of the audit log a second, proofs in a large one, and checking it
  sim-outbox [N] [FIRST SEED]
          histories of an outbox, with crashes and lost answers (see docs/benchmarks.md)
  eval-mask [SEEDS] [KIND]
          whether what must not leave for a model stays (see docs/masking.md)
  eval-noninterference [RUNS] [SEED]
          whether what an attacker writes changes what is decided (see docs/noninterference.md)
  eval-invented [TASK]
          whether anything that a model makes up is delivered (see docs/noninterference.md)
  eval-tokens [TASK]
          tokens of a call beside one prompt that nothing guards (see docs/benchmarks.md)
  bench-analyst [CALLS]
          milliseconds to mask 16 KB of facts and to judge an answer (see docs/benchmarks.md)
  bench-spool [--threads N] [--seconds N]
          appends to the intake log a second, and how long one waits
  soak-spool [--kills N] [--seed N]
          kills a process that appends, and looks whether what it acknowledged is there
  bench-lists [--findings N] [--sources 1|4] [--data DIR]
          milliseconds of lists, counts and facets (see docs/benchmarks.md)
  bench-explain [--findings N] [--incidents N]
          milliseconds to explain an incident without a model (see docs/benchmarks.md)
  bench-server [hooks|import|readers|drain|tickets|letters|bogus] [--seconds N] [--rate N] [--connections N] [--findings N]
          webhooks a second, memory of an import, from the log into lists, until a ticket
          stands, also while an import runs, names not there (see docs/benchmarks.md)
  kill-server [--kills N]
          kills a busy server again and again, and looks for what it acknowledged
  kill-deliver [--kills N] [--seed N] [--at-once N]
          kills a server while it delivers, and counts what stands at its sinks
  eval-approvals [--histories N] [--deep N] [--seed N]
          whether anything is carried out without a valid approval (see docs/governance.md)
  eval-fixes DIR [--result FILE] [--checkov PROGRAM] [--keep DIR] [--json FILE] [--release]
          how many findings the fixes close, by Checkov's own second scan (see docs/fixes.md)
  eval-merge  how well findings of several tools are merged (see docs/merging.md)
  eval-priority [--seeds N] [--from SEED] [--incidents N] [--keep DIR]
          whether planted incidents come first among many (see docs/risk.md)
  fuzz    makes inputs for a format, or all, and checks what must hold (see docs/fuzzing.md)
  layers  the dependency layers only
  tidy    file sizes, doc lines and listed folders only
";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            step::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match command.as_deref() {
        Some("check") => check(),
        Some("fmt") => run(cargo().args(["fmt", "--all"])),
        Some("test") => test(),
        Some("demo") => {
            run(cargo().args(["run", "--release", "--bin", "quell", "--", "demo"]).args(&rest))
        }
        Some("bench") => bench::run(&rest),
        Some("bench-access") => bench_access::bench(),
        Some("bench-fixes") => bench_fixes::run(&rest),
        Some("bench-server") => bench_server::bench(&rest),
        Some("kill-server") => bench_server::kill(&rest),
        Some("kill-deliver") => bench_server::kill_deliver(&rest),
        Some("bench-audit") => audit::bench(&rest),
        Some("bench-spool") => spool::bench(&rest),
        Some("soak-spool") => spool::soak(&rest),
        Some("bench-lists") => bench_lists::run(&rest),
        Some("bench-explain") => bench_explain::run(&rest),
        Some("eval-approvals") => {
            let walk = ["run", "--release", "--quiet", "-p", "quell-govern", "--example"];
            run(cargo().args(walk).args(["eval_approvals", "--"]).args(&rest))
        }
        Some("sim-outbox") => {
            let histories = ["run", "--release", "--quiet", "-p", "quell-testkit", "--features"];
            let example = ["outbox", "--example", "outbox", "--"];
            run(cargo().args(histories).args(example).args(&rest))
        }
        Some("eval-mask") => {
            let example = ["run", "--release", "--quiet", "-p", "quell-testkit", "--features"];
            run(cargo().args(example).args(["mask", "--example", "mask", "--"]).args(&rest))
        }
        Some("eval-noninterference") => example("quell-proof", "noninterference", &rest),
        Some("eval-invented") => example("quell-proof", "invented", &rest),
        Some("eval-tokens") => example("quell-proof", "tokens", &rest),
        Some("bench-analyst") => example("quell-analyst", "latency", &rest),
        Some("eval-fixes") => eval_fixes::run(&rest),
        Some("eval-merge") => eval_merge::run(&rest),
        Some("eval-priority") => eval_priority::run(&rest),
        Some("fuzz") => {
            let fuzz = ["run", "--quiet", "--profile", "fuzz", "-p", "quell-fuzz", "--"];
            run(cargo().args(fuzz).args(&rest))
        }
        Some("layers") => layers::check(),
        Some("tidy") => tidy::check(),
        Some("help" | "-h" | "--help") | None => {
            step::say(HELP);
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`; see `cargo xtask help`"),
    }
}

/// Runs an example of a crate, as fast as it gets.
fn example(package: &str, name: &str, rest: &[String]) -> Result<()> {
    let run_it = ["run", "--release", "--quiet", "-p", package, "--example", name, "--"];
    run(cargo().args(run_it).args(rest))
}

fn test() -> Result<()> {
    run(cargo().args(["test", "--workspace", "--quiet"]))
}

fn check() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    layers::check()?;
    tidy::check()?;
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    run(cargo().args(["test", "--workspace"]))?;
    run(cargo()
        .args(["doc", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    licences().context("the licence check failed")?;
    step::say("check: all passed");
    Ok(())
}

/// cargo-deny is installed from the registry where it is missing.
const CARGO_DENY: &str = "0.20.2";

fn licences() -> Result<()> {
    if run(cargo().args(["deny", "--version"])).is_err() {
        run(cargo().args([
            "install",
            "cargo-deny",
            "--locked",
            "--version",
            CARGO_DENY,
            "--quiet",
        ]))?;
    }
    // Advisories need a database from outside the registry; licences, bans and sources do not.
    run(cargo().args(["deny", "--locked", "check", "licenses", "bans", "sources"]))
}
