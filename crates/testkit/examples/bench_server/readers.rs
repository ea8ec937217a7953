//! People who look at lists while findings are imported by API.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read as _, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use quell_testkit::estate::SOURCES;
use quell_testkit::server::{Answer, Client, Request, peak_memory_kib};

use super::drain::{millis, shares};
use super::{Chunks, LAST_CHUNK, Outcome, Place, begin_import, now, pause, say};

/// What they look at: lists, filters and counts.
const LOOKED_AT: [&str; 8] = [
    "/api/v1/issues?status=open",
    "/api/v1/issues?status=open&facets=true",
    "/api/v1/issues?status=open&severity=critical",
    "/api/v1/issues?status=open&control=aws.s3&facets=true",
    "/api/v1/findings?limit=50",
    "/api/v1/findings?severity=high&facets=true",
    "/api/v1/assets?sort=open_issues",
    "/api/v1/statistics",
];
/// How long they look before and after the import, in seconds.
const ALONE: u64 = 10;

/// How many people there are, and how long each waits between an answer and the next question.
#[derive(Clone, Copy)]
pub(super) struct Readers {
    pub(super) count: u64,
    pub(super) pause_millis: u64,
}

/// What they saw: how long each answer took, and how many had which status.
#[derive(Default)]
struct Seen {
    took: Vec<u64>,
    statuses: BTreeMap<u16, u64>,
}

/// Stores findings, has people look at them, and then look while others are imported.
pub(super) fn readers(place: &Place, (stored, more): (u64, u64), who: Readers) -> Outcome<()> {
    let (process, client) = place.first()?;
    if stored > 0 {
        import(&client, 0..stored)?;
    }
    say(&format!("{stored} findings stored"));
    let (alone, ()) = looking(&client, who, || {
        pause(ALONE * 1000);
        Ok(())
    })?;
    alone.say(&format!("{} readers alone", who.count));
    let begun = now();
    let (beside, state) = looking(&client, who, || import(&client, stored..stored + more))?;
    let took = millis(begun);
    beside.say(&format!("{} readers beside the import", who.count));
    say(&format!(
        "import of {more} beside them: {state}, {} s, {} findings/s; peak {} MB",
        took / 1000,
        more * 1000 / took,
        peak_memory_kib(process.id()) >> 10
    ));
    Ok(())
}

/// Does something while people look.
fn looking<T>(
    client: &Client,
    who: Readers,
    work: impl FnOnce() -> Outcome<T>,
) -> Outcome<(Seen, T)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|threads| {
        let over = &is_over;
        let one = |number| threads.spawn(move || look(client, (number, who), over));
        let all: Vec<_> = (0..who.count).map(one).collect();
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for one in all {
            let one = one.join().map_err(|_| "a reader gave up")?;
            seen.took.extend(one.took);
            for (status, count) in one.statuses {
                *seen.statuses.entry(status).or_default() += count;
            }
        }
        Ok((seen, done?))
    })
}

/// One who looks until it is over. No answer is a status of 0.
fn look(client: &Client, (number, who): (u64, Readers), is_over: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let first = usize::try_from(number).unwrap_or_default();
    // They do not all begin at once.
    pause(who.pause_millis * number / who.count.max(1));
    for path in LOOKED_AT.iter().cycle().skip(first % LOOKED_AT.len()) {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let begun = now();
        let status = client.send(&Request::get(path)).map_or(0, |answer| answer.status);
        seen.took.push(millis(begun));
        *seen.statuses.entry(status).or_default() += 1;
        pause(who.pause_millis);
    }
    seen
}

impl Seen {
    fn say(mut self, what: &str) {
        self.took.sort_unstable();
        let count = self.took.len();
        say(&format!("{what}: {count} answers {:?}, {}", self.statuses, shares(&self.took)));
    }
}

/// Imports made-up findings and waits for the end, which is told.
fn import(client: &Client, numbers: Range<u64>) -> Outcome<String> {
    let mut stream = begin_import(client)?;
    stream.set_read_timeout(Some(Duration::from_secs(3600)))?;
    let mut chunks = BufWriter::with_capacity(1 << 20, Chunks(&mut stream));
    SOURCES.iter().take(1).try_for_each(|source| source.write(numbers.clone(), 1, &mut chunks))?;
    chunks.flush()?;
    drop(chunks);
    stream.write_all(LAST_CHUNK)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let answer = Answer::parse(&bytes)?;
    let state = answer.json().get("state").cloned().unwrap_or_default();
    Ok(format!("{} {state}", answer.status))
}
