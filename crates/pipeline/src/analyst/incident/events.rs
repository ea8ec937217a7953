//! What was seen to happen, and the processes that did it, one record each.

use std::collections::BTreeMap;

use quell_analyst::Record;
use quell_mask::Kind;
use quell_model::{Timeline, TimelineEvent, TimelineProcess};

use super::Telling;
use super::names::{is_plain_user, mask_of, mask_of_user, word};
use super::records::when;

/// Events that are told: the first of them, and the last.
const MOST_FIRST: usize = 16;
const MOST_LAST: usize = 8;
/// Processes that are told.
const MOST_PROCESSES: usize = 24;
/// Things that took part in one event.
const MOST_INVOLVED: usize = 4;

/// Events and processes of an incident, in their order.
pub(super) fn events(of: &Telling<'_, '_>) -> Vec<Record> {
    let Some(timeline) = &of.story.incident.timeline else { return Vec::new() };
    let last = timeline.events.len().saturating_sub(MOST_LAST).max(MOST_FIRST);
    let first = timeline.events.iter().take(MOST_FIRST);
    let told: Vec<&TimelineEvent> = first.chain(timeline.events.iter().skip(last)).collect();
    let mut records: Vec<Record> = told.iter().map(|event| one(of, event)).collect();
    records.extend(processes(of, timeline, &told));
    records
}

fn one(of: &Telling<'_, '_>, event: &TimelineEvent) -> Record {
    let (issue, id) = (event.issue.to_string(), event.finding.to_string());
    let addresses: Vec<&str> = event.remote_addresses.iter().map(|one| one.raw()).collect();
    let record = Record::new(format!("finding:{id}"), "event")
        .text("at", when(event.time))
        .text("until", when(event.until))
        .text("tool", event.source.as_str())
        .text("what", event.title.raw());
    let record = word(record, "process", event.name.raw(), "program");
    let record = word(record, "parent", event.parent.raw(), "program")
        .text("address", addresses.join(", "))
        .log("command", event.command_line.raw());
    let record = user(record, "actor", event.user.raw());
    let record = place(of, record, &event.asset);
    let Some(member) = of.details.finding(&issue, &id) else { return record };
    let finding = &member.finding;
    let record = record
        .text("severity", finding.severity.as_str())
        .text("status", member.status.as_str())
        .log("raw", finding.description.raw());
    let Some(seen) = finding.detection.as_deref() else { return record };
    let mut record = record
        .text("technique", seen.techniques.join(", "))
        .text("tactic", seen.tactics.join(", "));
    if event.user != seen.principal {
        record = user(record, "identity", seen.principal.raw());
    }
    for other in seen.also_involved.iter().take(MOST_INVOLVED) {
        let about = match other.id.provider {
            quell_model::Provider::Image => "container image",
            quell_model::Provider::Kubernetes => "kubernetes object",
            quell_model::Provider::Host => "host",
            quell_model::Provider::Aws
            | quell_model::Provider::Azure
            | quell_model::Provider::Gcp
            | quell_model::Provider::Iac
            | quell_model::Provider::Code
            | quell_model::Provider::Other => "thing",
        };
        let name = if other.name.is_empty() { &other.id.name } else { other.name.raw() };
        record = record.name("target", name, (Kind::Resource, about));
    }
    record
}

/// Who acted. A login that everybody has stays as it is, since it tells how far an attack came.
fn user(record: Record, field: &'static str, name: &str) -> Record {
    if is_plain_user(name) {
        return record.text(field, name);
    }
    record.name(field, name, mask_of_user(name))
}

fn place(of: &Telling<'_, '_>, record: Record, asset: &str) -> Record {
    match of.asset(asset) {
        Some(known) => record.name("asset", known.name.raw(), mask_of(known)),
        None => record.name("asset", asset, (Kind::Resource, "thing")),
    }
}

/// The processes that acted in what is told, and those that started them.
fn processes(of: &Telling<'_, '_>, timeline: &Timeline, told: &[&TimelineEvent]) -> Vec<Record> {
    // A process stands on the first event that it, or what it started, acted in.
    let mut seen: BTreeMap<usize, &TimelineEvent> = BTreeMap::new();
    for event in told {
        let mut at = event.process;
        while let Some(process) = at.filter(|at| !seen.contains_key(at)) {
            seen.insert(process, event);
            at = timeline.processes.get(process).and_then(|process| process.parent);
        }
    }
    let known = seen.iter().take(MOST_PROCESSES);
    known
        .filter_map(|(at, event)| {
            let process = timeline.processes.get(*at)?;
            let parent = process.parent.and_then(|parent| timeline.processes.get(parent));
            Some(process_record(of, process, (parent, event)))
        })
        .collect()
}

fn process_record(
    of: &Telling<'_, '_>,
    process: &TimelineProcess,
    (parent, event): (Option<&TimelineProcess>, &TimelineEvent),
) -> Record {
    let label = |process: &TimelineProcess| match process.pid {
        Some(pid) => format!("{} ({pid})", process.name.raw()),
        None => process.name.raw().to_owned(),
    };
    let record = Record::new(format!("finding:{}#detection", event.finding), "process");
    let record = word(record, "name", process.name.raw(), "program")
        .text("pid", process.pid.map(|pid| pid.to_string()).unwrap_or_default())
        .text("started_by", parent.map(label).unwrap_or_default())
        .log("command", process.command_line.raw());
    place(of, user(record, "user", process.user.raw()), &process.asset)
}
