//! Detections that one process tree holds together.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{Claim, FindingKey};

use super::attack::{Spotted, chained, cited, claim};
use super::often::Often;
use super::seen::Sighting;
use super::words;

/// How long a process id stands for one process.
const SAME_PID_SECS: i64 = 6 * 3600;
/// How long a name alone stands for one process.
const SAME_NAME_SECS: i64 = 3600;

/// Detections of one tree.
pub(super) struct Chain {
    pub(super) members: Vec<usize>,
    pub(super) claim: Claim,
}

/// A process in its place, as far as it is known.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    place: String,
    name: String,
    pid: Option<i64>,
}

/// One finding of a process.
struct Event {
    time: Option<i64>,
    number: usize,
    finding: FindingKey,
}

/// The process trees that hold two detections or more.
pub(super) fn chains(spotted: &[Spotted<'_>]) -> Vec<Chain> {
    let mut tokens: BTreeMap<Token, Vec<Event>> = BTreeMap::new();
    let mut often = Often::default();
    each(spotted, |place, (name, pid), event| often.count(&(place, name, pid), event.number));
    each(spotted, |place, (name, pid), event| {
        // Most are of one detection.
        if often.holds(&(place, name, pid)) {
            let token = Token { place: place.to_owned(), name: name.to_owned(), pid };
            tokens.entry(token).or_default().push(event);
        }
    });
    tokens.into_iter().flat_map(|(token, events)| of_token(&token, events)).collect()
}

/// Calls back for each process that tells a tree, at each of its places.
fn each(spotted: &[Spotted<'_>], mut each: impl FnMut(&str, (&str, Option<i64>), Event)) {
    for (number, Spotted { candidate, seen, .. }) in spotted.iter().enumerate() {
        let places = || seen.places.iter().chain(std::iter::once(&candidate.asset));
        let told =
            seen.sightings.iter().flat_map(|s| processes(s).into_iter().map(move |p| (s, p)));
        for (sighting, (name, pid)) in told {
            let event = || Event { time: sighting.time, number, finding: sighting.finding };
            places().for_each(|place| each(place, (name, pid), event()));
        }
    }
}

/// What tells a tree: a process by its id; where no ancestor has an id, the nearest one by its
/// name. Processes that every container has are no tree.
fn processes(sighting: &Sighting) -> Vec<(&str, Option<i64>)> {
    let telling = |name: &str| !name.is_empty() && !words::is_common(name);
    let with_id = sighting.processes.iter().enumerate().filter_map(|(at, process)| {
        let pid = process.pid.filter(|pid| *pid > 1)?;
        // What acted may be any program; its id tells it from others of its name.
        (at == 0 || telling(&process.name)).then_some((process.name.as_str(), Some(pid)))
    });
    let mut found: Vec<_> = with_id.collect();
    let mut ancestors = sighting.processes.iter().skip(1);
    if ancestors.clone().all(|process| process.pid.is_none()) {
        let nearest = ancestors.find(|process| telling(&process.name));
        found.extend(nearest.map(|process| (process.name.as_str(), None)));
    }
    found
}

fn of_token(token: &Token, mut events: Vec<Event>) -> Vec<Chain> {
    events.sort_by_key(|event| (event.time, event.number, event.finding));
    let order: Vec<usize> = (0..events.len()).collect();
    let window = if token.pid.is_some() { SAME_PID_SECS } else { SAME_NAME_SECS };
    let span = |at: &usize| events.get(*at).and_then(|e| e.time).map(|time| (time, time));
    let runs = chained(&order, span, window);
    let of_run = |run: Vec<usize>| {
        let of: Vec<&Event> = run.iter().filter_map(|at| events.get(*at)).collect();
        let members: BTreeSet<usize> = of.iter().map(|event| event.number).collect();
        (members.len() > 1).then(|| Chain {
            claim: claim(
                sentence(token, members.len()),
                of.iter().map(|event| cited(event.finding)).collect(),
            ),
            members: members.into_iter().collect(),
        })
    };
    runs.into_iter().filter_map(of_run).collect()
}

fn sentence(token: &Token, count: usize) -> String {
    let Token { place, name, pid } = token;
    match pid {
        Some(pid) => {
            format!("process `{name}` with id {pid} on `{place}` is part of {count} detections")
        }
        None => {
            format!("{count} detections within an hour came out of process `{name}` on `{place}`")
        }
    }
}
