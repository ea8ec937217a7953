//! Fills a small disk, and looks that reading works, nothing is lost and appending works again.

use std::fs;
use std::io::Write;
use std::path::Path;

use quell_spool::{Payloads, Position, Spool, SpoolError};

use crate::append::{LIMITS, append, record};
use crate::{Outcome, say};

/// Given back when the disk is full.
const FILLER_BYTES: usize = 1024 * 1024;

pub(crate) fn run(dir: &Path) -> Outcome {
    let (log, filler) = (dir.join("intake"), dir.join("filler"));
    fs::write(&filler, vec![7; FILLER_BYTES])?;
    let payloads = Payloads::open(&dir.join("raw"))?;
    let spool = Spool::open(&log, LIMITS)?;
    let (mut next, mut taken) = (0, Vec::new());
    fill(&spool, &mut next, &mut taken)?;
    let full = taken.len();
    for _ in 0..50 {
        fill(&spool, &mut next, &mut taken)?;
    }
    raw(&payloads)?;
    check(&spool, &taken)?;
    // A start on a full disk reads and refuses.
    spool.close();
    let spool = Spool::open(&log, LIMITS)?;
    fill(&spool, &mut next, &mut taken)?;
    check(&spool, &taken)?;
    fs::remove_file(&filler)?;
    let before = taken.len();
    fill(&spool, &mut next, &mut taken)?;
    if taken.len() <= before {
        return Err("nothing was taken when there was space again".into());
    }
    check(&spool, &taken)?;
    spool.close();
    let spool = Spool::open(&log, LIMITS)?;
    check(&spool, &taken)?;
    let (damage, torn) = (&spool.recovery().damage, &spool.recovery().torn);
    say(&format!("full after {full}, {} in all; {damage:?} {torn:?}", taken.len()))?;
    if damage.is_empty() && torn.is_none() { Ok(()) } else { Err("damaged".into()) }
}

/// Appends until there is no space.
fn fill(spool: &Spool, next: &mut u64, taken: &mut Vec<(Position, u64)>) -> Outcome {
    for _ in 0..100_000 {
        let number = *next;
        *next += 1;
        match append(spool, record(number)?) {
            Ok(told) => taken.push((told.position, number)),
            Err(SpoolError::DiskFull) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Err("the disk was never full".into())
}

/// A raw file that does not fit leaves nothing.
fn raw(payloads: &Payloads) -> Outcome {
    let mut body = vec![0; 8 * FILLER_BYTES];
    blake3::Hasher::new().finalize_xof().fill(&mut body);
    let mut writer = payloads.writer(u64::MAX)?;
    let stored = match writer.write_all(&body) {
        Ok(()) => writer.commit().is_ok(),
        Err(_) => {
            drop(writer);
            false
        }
    };
    if stored {
        return Err("a raw file fitted on a full disk".into());
    }
    match (payloads.list().count(), payloads.sweep_temporary()?) {
        (0, 0) => Ok(()),
        left => Err(format!("left on the full disk: {left:?}").into()),
    }
}

fn check(spool: &Spool, taken: &[(Position, u64)]) -> Outcome {
    let found: Result<Vec<_>, SpoolError> = spool.read_from(Position::START).collect();
    let found = found?;
    if found.len() != taken.len() {
        return Err(format!("{} of {} are there", found.len(), taken.len()).into());
    }
    for (stored, (position, number)) in found.iter().zip(taken) {
        if stored.position != *position || stored.record != record(*number)? {
            return Err(format!("{number} is not what was taken").into());
        }
    }
    Ok(())
}
