//! People who look at lists while findings are imported by API.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use quell_testkit::estate::SOURCES;
use quell_testkit::server::{Client, Request, peak_memory_kib};

use super::drain::{millis, shares};
use super::{Outcome, Place, answered, now, pause, say, upload};

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
/// How many of the slowest answers are told with what was asked.
const SLOWEST: usize = 3;
/// How long they look before and after the import, in seconds.
const ALONE: u64 = 10;

/// How many people there are, how long each waits between an answer and the next question, and
/// what is imported meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Readers {
    pub(super) count: u64,
    pub(super) pause_millis: u64,
    /// Whose findings are imported beside them, and the number of the first one.
    pub(super) tool: usize,
    pub(super) first: u64,
}

/// What they saw: how long each answer took, and how many had which status.
#[derive(Default)]
struct Seen {
    /// With the number of what was looked at.
    took: Vec<(u64, usize)>,
    statuses: BTreeMap<u16, u64>,
}

/// Stores findings, has people look at them, and then look while others are imported.
pub(super) fn readers(place: &Place, (stored, more): (u64, u64), who: Readers) -> Outcome<()> {
    let (process, client) = place.first()?;
    if stored > 0 {
        import(&client, 0, 0..stored)?;
    }
    say(&format!("{stored} findings stored"));
    let (alone, ()) = looking(&client, who, || {
        pause(ALONE * 1000);
        Ok(())
    })?;
    alone.say(&format!("{} readers alone", who.count));
    let begun = now();
    let (beside, state) =
        looking(&client, who, || import(&client, who.tool, who.first..who.first + more))?;
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
    let all = LOOKED_AT.iter().enumerate().cycle();
    for (at, path) in all.skip(first % LOOKED_AT.len()) {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let begun = now();
        let status = client.send(&Request::get(path)).map_or(0, |answer| answer.status);
        seen.took.push((millis(begun), at));
        *seen.statuses.entry(status).or_default() += 1;
        pause(who.pause_millis);
    }
    seen
}

impl Seen {
    fn say(mut self, what: &str) {
        self.took.sort_unstable();
        let took: Vec<u64> = self.took.iter().map(|(millis, _)| *millis).collect();
        say(&format!("{what}: {} answers {:?}, {}", took.len(), self.statuses, shares(&took)));
        for (millis, at) in self.took.iter().rev().take(SLOWEST) {
            say(&format!("  {millis} ms: {}", LOOKED_AT.get(*at).copied().unwrap_or_default()));
        }
    }
}

/// Imports made-up findings of a tool and waits for the end, which is told. What another tool sees
/// closes nothing of the first one's.
fn import(client: &Client, tool: usize, numbers: Range<u64>) -> Outcome<String> {
    let source = SOURCES.get(tool).ok_or("there is no such tool")?;
    let answer = answered(upload(client, |chunks| source.write(numbers, 1, chunks))?)?;
    let state = answer.json().get("state").cloned().unwrap_or_default();
    Ok(format!("{} {state}", answer.status))
}
