//! Kills a process that appends, at any time, and looks whether what it acknowledged is there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use quell_spool::{Position, Spool};

use crate::append::{LIMITS, record};
use crate::{Outcome, say};

/// Numbers a round may use.
const ROUND: u64 = 1_000_000;

pub(crate) fn run(dir: &Path, kills: u64, seed: u64) -> Outcome {
    let mut acknowledged = BTreeMap::new();
    let mut checked = Position::START;
    let mut random = seed;
    for round in 0..kills {
        // Any sequence that jumps about will do.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        let lines = usize::try_from((random >> 33) % 200)?;
        let told = round_of(dir, round.saturating_mul(ROUND), lines)?;
        acknowledged.extend(told);
        checked = check(dir, checked, &acknowledged)?;
        // The log grows, and a round should not.
        acknowledged = acknowledged.split_off(&checked);
    }
    let spool = Spool::open(dir, LIMITS)?;
    let segments = spool.status().segments;
    say(&format!("{kills} kills, {segments} segments, nothing lost"))?;
    Ok(())
}

/// Starts a process and kills it when it has said that many lines. What it acknowledged.
fn round_of(
    dir: &Path,
    first: u64,
    lines: usize,
) -> Result<BTreeMap<Position, u64>, Box<dyn std::error::Error>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("append")
        .arg(dir)
        .args([first.to_string(), ROUND.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or("the process has no output")?;
    let mut reader = BufReader::new(out).lines();
    let mut said: Vec<String> = reader.by_ref().take(lines).collect::<Result<_, _>>()?;
    child.kill()?;
    said.extend(reader.map_while(Result::ok));
    child.wait()?;
    Ok(said.iter().filter_map(|line| parse(line)).collect())
}

/// A whole line is an acknowledgement.
pub(crate) fn parse(line: &str) -> Option<(Position, u64)> {
    let (number, position) = line.split_once(' ')?;
    Some((Position::from_i64(position.parse().ok()?), number.parse().ok()?))
}

/// Opens the log and holds it against what was acknowledged from a position on. Where it ends.
fn check(
    dir: &Path,
    from: Position,
    acknowledged: &BTreeMap<Position, u64>,
) -> Result<Position, Box<dyn std::error::Error>> {
    let spool = Spool::open(dir, LIMITS)?;
    if let Some(damage) = spool.recovery().damage.first() {
        return Err(format!("damaged: {damage}").into());
    }
    let mut expected = acknowledged.range(from..).peekable();
    for stored in spool.read_from(from) {
        let stored = stored?;
        let number = u64::try_from(stored.record.received_at_micros())?;
        if stored.record != record(number)? {
            return Err(format!("{number} is not what was sent").into());
        }
        if expected.next_if(|(position, _)| **position == stored.position).is_some() {
            let position = stored.position;
            if acknowledged.get(&position) != Some(&number) {
                return Err(format!("{position} is another record").into());
            }
        }
    }
    match expected.next() {
        Some((position, number)) => Err(format!("{number} at {position} is lost").into()),
        None => Ok(spool.durable_end()),
    }
}
