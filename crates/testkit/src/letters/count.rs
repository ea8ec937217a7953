//! What stands at the sinks in the end, held against what was delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;

use super::rig::{Rig, SINKS};
use super::watch::keys;
use super::{ask, name};
use crate::server::Client;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// Deaths at a random moment.
    pub at_random: u64,
    /// Deaths at a flush.
    pub at_flushes: u64,
    /// Deaths at a request, before the sink did anything.
    pub before_requests: u64,
    /// Deaths at a request that the sink carried out.
    pub after_requests: u64,
    /// Findings that were acknowledged, by number.
    pub findings: BTreeSet<u64>,
    /// Those that were said to be gone.
    pub gone: BTreeSet<u64>,
    /// Letters that were sent: what is open at a sink.
    pub letters: u64,
    /// Rows of the outbox that were tried more than once.
    pub tried_again: u64,
    /// Requests that changed something.
    pub requests: u64,
    /// What is lost, there twice, or was not written down.
    pub faults: Vec<String>,
}

/// A thing at a sink: all of its text, and whether it is closed, where that can be told.
struct Thing {
    text: String,
    closed: Option<bool>,
    notes: Vec<String>,
}

/// A row of the outbox.
struct Row {
    sink: String,
    key: String,
    act: String,
    state: String,
    said: String,
    attempts: u64,
}

impl Rig {
    /// What is still to be done; nothing when that is empty.
    pub(super) fn waits(&self, client: &Client, ended: &Ended) -> io::Result<String> {
        let told = ask(client, "/api/v1/outbox?limit=1")?;
        let count = |state: &str| {
            told.pointer(&format!("/states/{state}")).and_then(Value::as_u64).unwrap_or(0)
        };
        let open: Vec<String> = ["held", "waiting", "sending", "doubt"]
            .iter()
            .filter(|state| count(state) > 0)
            .map(|state| format!("{} {state}", count(state)))
            .collect();
        if !open.is_empty() {
            return Ok(open.join(", "));
        }
        let told = ask(client, "/api/v1/deliveries")?;
        let all = told.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let stand = all.iter().filter(|one| one.get("remote").is_some()).count();
        let closed = all.iter().filter(|one| one.get("closed").is_some()).count();
        let (letters, gone) = (SINKS.len() * ended.findings.len(), SINKS.len() * ended.gone.len());
        if stand >= letters && closed >= gone {
            return Ok(String::new());
        }
        Ok(format!("{stand} of {letters} stand, {closed} of {gone} are closed"))
    }

    /// Counts what stands at the sinks.
    pub(super) fn count(&self, client: &Client, ended: &mut Ended) -> io::Result<()> {
        let rows = rows(client)?;
        ended.tried_again = count(rows.iter().filter(|row| row.attempts > 1));
        let (requests, unwritten) = self.watch.told();
        ended.requests = requests;
        ended.faults.extend(unwritten);
        for row in rows.iter().filter(|row| row.state != "sent") {
            let Row { sink, act, state, said, .. } = row;
            ended.faults.push(format!("{act} at {sink} is {state}: {said}"));
        }
        for sink in SINKS {
            let things = self.things(sink);
            let opened: Vec<&Row> =
                rows.iter().filter(|row| row.sink == sink && row.act == "open").collect();
            ended.letters += count(opened.iter());
            let bearing = |row: &&&Row| {
                things.iter().filter(|thing| thing.text.contains(&row.key)).count() != 1
            };
            let wrong = opened.iter().filter(bearing);
            ended.faults.extend(wrong.map(|row| format!("not once at {sink}: {}", row.key)));
            if things.len() != opened.len() {
                let said =
                    format!("{} things at {sink} for {} letters", things.len(), opened.len());
                ended.faults.push(said);
            }
            ended.faults.extend(things.iter().flat_map(|thing| twice(sink, thing)));
            judge(sink, &things, ended);
        }
        Ok(())
    }

    fn things(&self, sink: &str) -> Vec<Thing> {
        let thing = |text: String, closed| Thing { text, closed, notes: Vec::new() };
        match sink {
            "jira" => {
                let all = self.jira.issues().into_iter().map(|issue| Thing {
                    text: Value::Object(issue.fields.clone()).to_string(),
                    closed: Some(issue.category == "done"),
                    notes: issue.comments.iter().map(|one| one.body.to_string()).collect(),
                });
                all.collect()
            }
            "github" => {
                let all = self.github.threads().into_iter().map(|thread| Thing {
                    text: format!("{}\n{}", thread.title, thread.body),
                    closed: Some(thread.state == "closed"),
                    notes: thread.comments,
                });
                all.collect()
            }
            "slack" => {
                let own = self.slack.messages().into_iter().filter(|one| one.thread.is_none());
                own.map(|one| thing(one.body.to_string(), None)).collect()
            }
            "hook" => {
                // A receiver takes each id once.
                let all: BTreeMap<String, Value> = self.hook.messages().into_iter().collect();
                let opened = all.into_iter().filter(|(_, body)| {
                    body.get("type").and_then(Value::as_str) == Some("quell.delivery.opened")
                });
                opened.map(|(id, body)| thing(format!("{id} {body}"), None)).collect()
            }
            _ => {
                let all = self.now.records().into_iter().map(|(number, _, state)| Thing {
                    text: ["correlation_id", "short_description", "description"]
                        .map(|column| self.now.column(&number, column))
                        .join("\n"),
                    closed: Some(matches!(state.as_str(), "6" | "7" | "8")),
                    notes: self.now.journal(&number),
                });
                all.collect()
            }
        }
    }
}

fn count<T>(all: impl Iterator<Item = T>) -> u64 {
    u64::try_from(all.count()).unwrap_or(u64::MAX)
}

/// Whether each finding has its thing, once, and stands as it should.
fn judge(sink: &str, things: &[Thing], ended: &mut Ended) {
    let Ended { findings, gone, faults, .. } = ended;
    for number in findings.iter() {
        let name = name(*number);
        let about: Vec<&Thing> = things.iter().filter(|one| one.text.contains(&name)).collect();
        let [one] = about.as_slice() else {
            faults.push(format!("{} things at {sink} are about {name}", about.len()));
            continue;
        };
        if one.closed.is_some_and(|closed| closed != gone.contains(number)) {
            faults.push(format!("{name} is closed at {sink}: {:?}", one.closed));
        }
    }
}

/// Notes of one key that stand there more than once.
fn twice(sink: &str, thing: &Thing) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for note in &thing.notes {
        for key in keys(note).into_iter().collect::<BTreeSet<_>>() {
            *seen.entry(key).or_default() += 1;
        }
    }
    let twice = seen.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(key, count)| format!("{count} notes at {sink} bear {key}")).collect()
}

/// All rows of the outbox.
fn rows(client: &Client) -> io::Result<Vec<Row>> {
    let mut all = Vec::new();
    let mut before = String::new();
    loop {
        let told = ask(client, &format!("/api/v1/outbox?limit=500{before}"))?;
        let items = told.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let Some(last) = items.last() else { return Ok(all) };
        before = format!("&before={}", last.get("id").and_then(Value::as_i64).unwrap_or(0));
        all.extend(items.iter().map(|item| {
            let text =
                |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Row {
                sink: text("sink"),
                key: text("key"),
                act: text("act"),
                state: text("state"),
                said: text("said"),
                attempts: item.get("attempts").and_then(Value::as_u64).unwrap_or(0),
            }
        }));
    }
}
