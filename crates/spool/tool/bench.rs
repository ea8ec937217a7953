//! How many appends a second, and how long one waits.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use quell_spool::{Limits, Origin, Record, Spool, SpoolError};

use crate::append::append;
use crate::{Outcome, say};

const BODY_BYTES: usize = 2048;

pub(crate) fn run(dir: &Path, threads: usize, seconds: u64) -> Outcome {
    let spool = Spool::open(dir, Limits::default())?;
    let next = AtomicU64::new(0);
    let start = now();
    let worker = || -> Result<Vec<Duration>, SpoolError> {
        let mut waits = Vec::new();
        while start.elapsed() < Duration::from_secs(seconds) {
            let record = record(next.fetch_add(1, Ordering::Relaxed))?;
            let began = now();
            append(&spool, record)?;
            waits.push(began.elapsed());
        }
        Ok(waits)
    };
    let mut waits = Vec::new();
    let ended: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join()).collect()
    });
    for worker in ended {
        waits.extend(worker.map_err(|_| "a thread has panicked")??);
    }
    let elapsed = start.elapsed();
    waits.sort();
    let at = |thousandth: usize| {
        let wait = waits.get(waits.len() * thousandth / 1000).or(waits.last());
        wait.map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    };
    let a_second = u128::try_from(waits.len())? * 1000 / elapsed.as_millis().max(1);
    say(&format!(
        "{threads} threads, {BODY_BYTES} bytes: {a_second} a second; \
         p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms",
        at(500),
        at(990),
        at(999),
        at(1000),
    ))?;
    let status = spool.status();
    say(&format!(
        "{} segments, {} sealed, {} bytes",
        status.segments, status.sealed, status.stored_bytes
    ))?;
    let began = now();
    let read = spool.read_from(quell_spool::Position::START).filter(Result::is_ok).count();
    say(&format!("{read} read back in {:.2} s", began.elapsed().as_secs_f64()))?;
    spool.close();
    let began = now();
    let spool = Spool::open(dir, Limits::default())?;
    say(&format!("opened in {:.2} s", began.elapsed().as_secs_f64()))?;
    drop(spool);
    Ok(())
}

/// Text like a finding's, different for each number.
fn record(number: u64) -> Result<Record, SpoolError> {
    let origin = Origin {
        tenant: "default".to_owned(),
        source: "bench".to_owned(),
        delivery: Some(number.to_string()),
    };
    let line = format!("{{\"id\":\"{number:016x}\",\"title\":\"made-up finding {number}\"}},");
    let mut body = line.repeat(BODY_BYTES / line.len() + 1).into_bytes();
    body.truncate(BODY_BYTES);
    Record::new(origin, i64::try_from(number).unwrap_or(i64::MAX), body)
}

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn now() -> Instant {
    Instant::now()
}
