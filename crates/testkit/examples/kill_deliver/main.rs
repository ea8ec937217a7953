//! Kills a server while it delivers, and counts what stands at the sinks.
//!
//! `cargo xtask kill-deliver` builds the server and runs this.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use quell_testkit::letters::{Ended, HOOK, Plan, SECRETS, Start, run};
use quell_testkit::server::Process;
use quell_testkit::sinks::HookDouble;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "usage: kill_deliver QUELL [--kills N] [--seed N] [--at-once N]";

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut words = words.iter().map(String::as_str);
    let quell = PathBuf::from(words.next().ok_or(USAGE)?);
    let (mut kills, mut seed, mut at_once) = (1000, 1, 4);
    while let Some(word) = words.next() {
        let value: u64 = words.next().and_then(|value| value.parse().ok()).ok_or(USAGE)?;
        match word {
            "--kills" => kills = value,
            "--seed" => seed = value,
            "--at-once" => at_once = value.max(1),
            _ => return Err(USAGE.into()),
        }
    }
    let begun = now();
    let all: Vec<Outcome<Ended>> = std::thread::scope(|scope| {
        let ours = |number| kills / at_once + u64::from(number < kills % at_once);
        let runs: Vec<_> = (0..at_once)
            .map(|number| (number, &quell))
            .map(|(number, quell)| {
                scope.spawn(move || one(quell, number, ours(number), seed + number))
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().unwrap_or_else(|_| Err("it panicked".into())))
            .collect()
    });
    let mut sum = Ended::default();
    let mut findings = 0;
    for ended in all {
        let ended = ended?;
        findings += ended.findings.len();
        sum.at_random += ended.at_random;
        sum.at_flushes += ended.at_flushes;
        sum.before_requests += ended.before_requests;
        sum.after_requests += ended.after_requests;
        sum.letters += ended.letters;
        sum.tried_again += ended.tried_again;
        sum.requests += ended.requests;
        sum.faults.extend(ended.faults);
    }
    say(&format!(
        "{kills} kills in {} s: {} at random, {} at a flush, {} before and {} after a request was \
         carried out; {findings} findings, {} letters at five sinks, {} rows tried again, {} \
         requests that change something; {} faults",
        begun.elapsed().as_secs(),
        sum.at_random,
        sum.at_flushes,
        sum.before_requests,
        sum.after_requests,
        sum.letters,
        sum.tried_again,
        sum.requests,
        sum.faults.len()
    ));
    sum.faults.iter().take(50).for_each(|fault| say(fault));
    if sum.faults.is_empty() { Ok(()) } else { Err("not exactly once".into()) }
}

/// One server after the other, on one data directory.
fn one(quell: &Path, number: u64, kills: u64, seed: u64) -> Outcome<Ended> {
    // The system's folder for temporary files may be in memory, where a flush takes no time.
    let folder = tempfile::tempdir_in("target")?;
    let data = folder.path().join("data");
    let config = folder.path().join("quell.toml");
    let command = |start: &Start| {
        let mut words = start.before.iter().cloned();
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(quell);
                command
            }
            None => Command::new(quell),
        };
        // Where it cannot be written, the server does not start, and says so.
        let _told_by_the_server = fs::write(&config, &start.config);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(&start.data)
            .env("QUELL_TELEMETRY_LOG_LEVEL", "warn")
            .env("KILL_RECEIVER", HookDouble::secret(1))
            .envs(SECRETS);
        command
    };
    let token = first_token(quell, &folder, &data)?;
    let told = |done: u64| {
        if done.is_multiple_of(25) {
            say(&format!("{HOOK} {number}: {done} kills"));
        }
    };
    let patience = Duration::from_secs(3000);
    let plan = Plan { kills, seed, data, token, jump: 0, patience, command: &command, told: &told };
    let ended = run(&plan)?;
    if !ended.faults.is_empty() {
        say(&format!("the data stays in {}", folder.keep().display()));
    }
    Ok(ended)
}

/// The administrator's token, which the first start tells.
fn first_token(quell: &Path, folder: &tempfile::TempDir, data: &Path) -> Outcome<String> {
    let empty = folder.path().join("first.toml");
    fs::write(&empty, "")?;
    let mut command = Command::new(quell);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(empty)
        .arg("--data")
        .arg(data);
    let process = Process::start(&mut command)?;
    for _ in 0..200 {
        if let Some(token) = process.token() {
            process.kill()?;
            return Ok(token);
        }
        #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("no token was told".into())
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "it says how long it took")]
    Instant::now()
}

fn say(line: &str) {
    let _nobody_reads = writeln!(io::stdout(), "{line}");
}
