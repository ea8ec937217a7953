//! Appends to a log until it is killed, and measures, for tests and `cargo xtask bench-audit`.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quell_audit::{Action, Actor, Leaf, Log, Place, Reader, Stage};
use quell_model::TenantId;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const HELP: &str =
    "append DIR COUNT THREADS | bench DIR THREADS SECONDS | fill DIR COUNT | prove DIR TIMES";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(say(&format!("error: {error}")));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["append", dir, count, threads] => append(&place(dir), count.parse()?, threads.parse()?),
        ["bench", dir, threads, seconds] => bench(&place(dir), threads.parse()?, seconds.parse()?),
        ["fill", dir, count] => fill(&place(dir), count.parse()?),
        ["prove", dir, times] => prove(Path::new(dir), times.parse()?),
        _ => Err(HELP.into()),
    }
}

fn place(dir: &str) -> Place {
    Place { folder: dir.into(), name: "bench".to_owned() }
}

/// One line to standard output, at once.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A record as a mark at the API makes one.
fn record(number: u64, now: Timestamp) -> Leaf {
    let actor = Actor {
        kind: "token",
        id: "4v8k2m9x0qtr".to_owned(),
        role: Some("analyst".to_owned()),
        name: None,
    };
    let id = format!("{number:026}");
    Leaf::new((Action::IssueMark, Stage::Begun), &actor, &TenantId::default(), now)
        .object("issue", &id)
        .decision("accepted")
        .evidence(quell_audit::sha256(id.as_bytes()))
}

/// Appends from several threads, and says each number once it is on the disk.
fn append(place: &Place, count: u64, threads: u64) -> Outcome {
    let log = Log::open(place)?;
    let one = || (0..count).try_for_each(|number| append_one(&log, number));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or(Ok(())))
    })
}

/// Appends a record and says its number; now and then also the head that was signed.
fn append_one(log: &Log, number: u64) -> Outcome {
    let told = log.append(record(number, Timestamp::now()))?;
    say(&format!("{} {}", told.index(), quell_audit::hex(told.hash())))?;
    if number.is_multiple_of(16) {
        log.settle()?;
        let note = quell_audit::checkpoint(&log.place().folder)?.note;
        say(&format!("checkpoint {}", note.replace('\n', "|")))?;
    }
    Ok(())
}

/// Appends in groups from many threads.
fn bench(place: &Place, threads: usize, seconds: u64) -> Outcome {
    let log = Log::open(place)?;
    let (done, begun) = (AtomicU64::new(0), now());
    let end = begun + Duration::from_secs(seconds);
    let waits: Vec<Duration> = std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| one_writer(&log, &done, end))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap_or_default()).collect()
    });
    let taken = begun.elapsed().as_secs_f64();
    let mut waits = waits;
    waits.sort_unstable();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    let count = done.load(Ordering::Relaxed);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / taken;
    say(&format!(
        "{count} records in {taken:.1} s from {threads} threads: {rate:.0} a second; \
         a record waits {:.1?} (half), {:.1?} (99 of 100)",
        at(50),
        at(99)
    ))?;
    Ok(())
}

fn one_writer(log: &Log, done: &AtomicU64, end: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    while now() < end {
        let (begun, number) = (now(), done.fetch_add(1, Ordering::Relaxed));
        if log.append(record(number, Timestamp::now())).is_err() {
            break;
        }
        waits.push(begun.elapsed());
    }
    waits
}

/// Makes a large log.
fn fill(place: &Place, count: u64) -> Outcome {
    let log = Log::open(place)?;
    let begun = now();
    for number in 0..count {
        log.append_later(record(number, Timestamp::UNIX_EPOCH))?;
    }
    let size = log.settle()?;
    let taken = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / taken;
    say(&format!("{count} records in {taken:.1} s: {rate:.0} a second; the log has {size}"))?;
    Ok(())
}

/// Proves records all over a log, each with nothing in memory.
fn prove(folder: &Path, times: u64) -> Outcome {
    let mut taken = Vec::new();
    let size = Reader::open(folder)?.size();
    for time in 0..times {
        let begun = now();
        let mut reader = Reader::open(folder)?;
        let proof = reader.inclusion((time * 7_919_337) % size.max(1))?;
        taken.push(begun.elapsed());
        if proof.path.len() > 64 {
            return Err("a proof is too long".into());
        }
    }
    taken.sort_unstable();
    let (half, last) = (taken.get(taken.len() / 2), taken.last());
    say(&format!("{times} proofs in {size} records: {half:?} (half), {last:?} (longest)"))?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn now() -> Instant {
    Instant::now()
}
