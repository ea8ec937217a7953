//! Appends records that follow from their numbers, and says which are acknowledged.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use quell_spool::{Appended, Limits, Origin, Record, Spool, SpoolError};

use crate::{Outcome, say};

const THREADS: usize = 4;
/// Small, so that segments are closed and sealed all the time.
pub(crate) const LIMITS: Limits = Limits {
    segment_bytes: 128 * 1024,
    queue_bytes: 64 * 1024 * 1024,
    batch_bytes: 8 * 1024 * 1024,
    recent: 10_000,
};

/// The record of a number.
pub(crate) fn record(number: u64) -> Result<Record, SpoolError> {
    let length = usize::try_from(number % 3000).unwrap_or(0);
    let mut body = vec![0; 8 + length];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut body);
    let origin = Origin {
        tenant: format!("tenant-{}", number % 5),
        source: "soak".to_owned(),
        delivery: Some(number.to_string()),
    };
    Record::new(origin, i64::try_from(number).unwrap_or(i64::MAX), body)
}

/// Appends that many and ends, or is killed before.
pub(crate) fn run(dir: &Path, first: u64, count: u64) -> Outcome {
    let spool = Spool::open(dir, LIMITS)?;
    say("open")?;
    let next = AtomicU64::new(first);
    let worker = || -> Result<(), SpoolError> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= first.saturating_add(count) {
                return Ok(());
            }
            let told = append(&spool, record(number)?)?;
            // Nobody listens any more when the line cannot be said.
            if say(&format!("{number} {}", told.position.to_i64())).is_err() {
                return Ok(());
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        let ended: Result<Vec<()>, SpoolError> = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or(Err(SpoolError::Closed)))
            .collect();
        ended.map(|_| ())
    })?;
    spool.close();
    Ok(())
}

/// Appends and waits.
pub(crate) fn append(spool: &Spool, record: Record) -> Result<Appended, SpoolError> {
    let (sender, told) = mpsc::sync_channel(1);
    spool.append(record, move |result| drop(sender.send(result)))?;
    told.recv().unwrap_or(Err(SpoolError::Closed))
}
