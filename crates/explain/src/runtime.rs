//! What happened in an incident where something was seen to happen: the chain, the processes, the
//! techniques, what it looks like and how sure that is, and what to look at next.
//!
//! All of it is from the records, in their order. Nothing is guessed that no record says.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{
    Claim, Confidence, IncidentKind, Timeline, TimelineEvent, TimelineProcess, Untrusted,
};

/// Steps of the chain that are told.
const MOST_STEPS: usize = 6;
/// Of those, how many of the first: where it began matters most.
const MOST_FIRST: usize = 3;
/// Lines of processes that are told.
const MOST_LINES: usize = 3;
/// Processes of one line that are told.
const MOST_DEEP: usize = 8;
/// Techniques that are told.
const MOST_TECHNIQUES: usize = 4;
/// What to look at next.
const MOST_NEXT: usize = 4;
/// Records named for one sentence.
const MOST_EVIDENCE: usize = 8;
/// Values named in one sentence.
const MOST_NAMED: usize = 3;
/// Longest piece of a record in a sentence.
const MOST_BYTES: usize = 200;
/// Folders that everybody may write to, and that a restart empties.
const SCRATCH: &[&str] = &["/tmp/", "/var/tmp/", "/dev/shm/", "\\temp\\"];

/// What is known of an incident in which something was seen to happen.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// What holds it together.
    pub kind: IncidentKind,
    /// Why it is one story.
    pub because: &'a [Claim],
    /// What was seen, in its order.
    pub timeline: &'a Timeline,
    /// Techniques that records name.
    pub techniques: &'a [Technique<'a>],
    /// Weaknesses among the incident's issues, riskiest first.
    pub weaknesses: &'a [Weakness<'a>],
    /// The assets, by their key.
    pub places: &'a BTreeMap<&'a str, Place<'a>>,
}

/// A technique, and the record that names it.
#[derive(Debug, Clone)]
pub struct Technique<'a> {
    /// The record.
    pub record: String,
    /// ATT&CK id.
    pub id: &'a str,
    /// Its tactic, where the record names one.
    pub tactic: &'a str,
    /// The tool, and what it saw.
    pub seen: (&'a str, &'a str),
}

/// A weakness, and the record that names it.
#[derive(Debug, Clone)]
pub struct Weakness<'a> {
    /// The record.
    pub record: String,
    /// `CVE-…`, or another list's id.
    pub id: &'a str,
    /// The package; empty where no record says.
    pub package: &'a str,
    /// The first version without it; empty where none is known.
    pub fixed_in: &'a str,
}

/// An asset on which something happened.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// `aws`, `kubernetes`, …
    pub provider: &'a str,
}

/// What the records say of it.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What was seen, step by step.
    pub chain: Vec<Claim>,
    /// Which process started which.
    pub processes: Vec<Claim>,
    /// ATT&CK techniques.
    pub techniques: Vec<Claim>,
    /// What it looks like, and why that sure.
    pub hypothesis: Vec<Claim>,
    /// How sure that is; none where nothing was seen.
    pub confidence: Option<Confidence>,
    /// What to look at next.
    pub next: Vec<Claim>,
}

/// Tells what happened.
#[must_use]
pub fn happened(of: &Happened<'_>) -> Told {
    if of.timeline.events.is_empty() {
        return Told::default();
    }
    let (confidence, because) = confidence(of);
    let mut hypothesis = vec![looks_like(of)];
    let evidence = hypothesis.first().map(|one| one.evidence.clone()).unwrap_or_default();
    hypothesis.push(claim(format!("Confidence is {}: {because}.", word(confidence)), evidence));
    Told {
        chain: chain(of),
        processes: processes(of),
        techniques: techniques(of.techniques),
        hypothesis,
        confidence: Some(confidence),
        next: next(of),
    }
}

/// The word for how sure something is.
#[must_use]
pub const fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

fn claim(text: String, evidence: Vec<String>) -> Claim {
    Claim { text: Untrusted::from(text).capped(MOST_BYTES * 4), evidence }
}

/// A piece of a record on one line.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(60).collect();
    Untrusted::from(words.join(" ")).capped(MOST_BYTES).raw().to_owned()
}

fn record(event: &TimelineEvent) -> String {
    format!("finding:{}", event.finding)
}

fn records<'a>(events: impl Iterator<Item = &'a TimelineEvent>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    events.map(record).filter(|id| seen.insert(id.clone())).take(MOST_EVIDENCE).collect()
}

fn name<'a>(of: &Happened<'a>, asset: &'a str) -> &'a str {
    of.places.get(asset).map(|place| place.name).filter(|name| !name.is_empty()).unwrap_or(asset)
}

/// Events that are one step: the same thing again, by the same process on the same asset.
struct Step<'a> {
    events: Vec<&'a TimelineEvent>,
}

fn steps<'a>(events: &'a [TimelineEvent]) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = Vec::new();
    for event in events {
        let is_again = |first: &&TimelineEvent| {
            (&first.title, &first.asset, first.process, &first.name, &first.user)
                == (&event.title, &event.asset, event.process, &event.name, &event.user)
        };
        match steps.last_mut() {
            Some(step) if step.events.first().is_some_and(is_again) => step.events.push(event),
            _ => steps.push(Step { events: vec![event] }),
        }
    }
    steps
}

fn chain(of: &Happened<'_>) -> Vec<Claim> {
    let steps = steps(&of.timeline.events);
    if steps.len() <= MOST_STEPS && of.timeline.left_out == 0 {
        return steps.iter().filter_map(|step| step_text(of, step)).collect();
    }
    // The first ones tell how it began, the last ones how far it came.
    let rest = MOST_STEPS - MOST_FIRST - 1;
    let last = steps.len().saturating_sub(rest).max(MOST_FIRST.min(steps.len()));
    let mut told: Vec<Claim> =
        steps.iter().take(MOST_FIRST).filter_map(|step| step_text(of, step)).collect();
    let between = steps.get(MOST_FIRST..last).unwrap_or_default();
    let events = || between.iter().flat_map(|step| step.events.iter().copied());
    let count = events().count();
    if count > 0 {
        let text = format!("{count} more events were seen after that.");
        told.push(claim(text, records(events())));
    }
    told.extend(steps.iter().skip(last).filter_map(|step| step_text(of, step)));
    if of.timeline.left_out > 0 {
        let text = format!("{} later events are not told here.", of.timeline.left_out);
        told.push(claim(text, of.timeline.events.last().map(record).into_iter().collect()));
    }
    told
}

fn step_text(of: &Happened<'_>, step: &Step<'_>) -> Option<Claim> {
    let event = *step.events.first()?;
    let mut text = match event.time {
        Some(time) => format!("At {time:.0} {} saw on ", event.source),
        None => format!("At a time that is not known {} saw on ", event.source),
    };
    text.push_str(&line(name(of, &event.asset)));
    text.push_str(": ");
    text.push_str(&line(event.title.raw()));
    if !event.name.is_empty() {
        text.push_str(&format!(", by {}", line(event.name.raw())));
        if !event.parent.is_empty() {
            text.push_str(&format!(", which {} started", line(event.parent.raw())));
        }
    }
    if !event.user.is_empty() {
        text.push_str(&format!(", as {}", line(event.user.raw())));
    }
    let addresses = addresses(step.events.iter().copied());
    if !addresses.is_empty() {
        text.push_str(&format!(", with {}", addresses.join(" and ")));
    }
    let until = step.events.iter().filter_map(|e| e.until.or(e.time)).max();
    match (step.events.len(), until.filter(|until| event.time.is_some_and(|t| *until > t))) {
        (1, None) => text.push('.'),
        (1, Some(until)) => text.push_str(&format!(", until {until:.0}.")),
        (times, None) => text.push_str(&format!(", {times} times.")),
        (times, Some(until)) => text.push_str(&format!(", {times} times until {until:.0}.")),
    }
    Some(claim(text, records(step.events.iter().copied())))
}

fn addresses<'a>(events: impl Iterator<Item = &'a TimelineEvent>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for address in events.flat_map(|event| &event.remote_addresses) {
        let address = line(address.raw());
        if !address.is_empty() && !all.contains(&address) && all.len() < MOST_NAMED {
            all.push(address);
        }
    }
    all
}

/// A process and its ancestors, the oldest first.
fn path(timeline: &Timeline, at: usize) -> Vec<usize> {
    let mut path = vec![at];
    let mut next = timeline.processes.get(at).and_then(|process| process.parent);
    while let Some(parent) = next.filter(|parent| !path.contains(parent)) {
        path.push(parent);
        next = timeline.processes.get(parent).and_then(|process| process.parent);
    }
    path.reverse();
    path
}

fn processes(of: &Happened<'_>) -> Vec<Claim> {
    let timeline = of.timeline;
    let acted: BTreeSet<usize> = timeline.events.iter().filter_map(|event| event.process).collect();
    let paths: Vec<Vec<usize>> = acted.iter().map(|at| path(timeline, *at)).collect();
    // One that is on the way to another is told with it.
    let is_whole = |one: &&Vec<usize>| {
        !paths.iter().any(|other| other.len() > one.len() && other.starts_with(one))
    };
    let whole: Vec<&Vec<usize>> = paths.iter().filter(is_whole).collect();
    let mut told: Vec<Claim> =
        whole.iter().take(MOST_LINES).filter_map(|path| line_text(of, path)).collect();
    let more: Vec<&Vec<usize>> = whole.into_iter().skip(MOST_LINES).collect();
    if !more.is_empty() {
        told.truncate(MOST_LINES - 1);
        let ends: Vec<usize> = more.iter().filter_map(|path| path.last().copied()).collect();
        let events = timeline.events.iter();
        let evidence = records(events.filter(|e| e.process.is_some_and(|at| ends.contains(&at))));
        let text = format!("{} more lines of processes acted.", more.len() + 1);
        told.push(claim(text, evidence));
    }
    told
}

fn line_text(of: &Happened<'_>, path: &[usize]) -> Option<Claim> {
    let timeline = of.timeline;
    let known = |at: &usize| timeline.processes.get(*at);
    let asset = path.first().and_then(known).map(|process| process.asset.as_str())?;
    let skipped = path.len().saturating_sub(MOST_DEEP);
    let names: Vec<String> = path.iter().skip(skipped).filter_map(known).map(process).collect();
    let (first, rest) = names.split_first()?;
    let mut text = format!("On {}: {first}", line(name(of, asset)));
    for (number, one) in rest.iter().enumerate() {
        text.push_str(if number == 0 { " started " } else { ", which started " });
        text.push_str(one);
    }
    text.push_str(if rest.is_empty() { " acted." } else { "." });
    let events = timeline.events.iter();
    let evidence = records(events.filter(|e| e.process.is_some_and(|at| path.contains(&at))));
    Some(claim(text, evidence))
}

fn process(process: &TimelineProcess) -> String {
    let name = line(process.name.raw());
    process.pid.map_or_else(|| name.clone(), |pid| format!("{name} ({pid})"))
}

fn techniques(all: &[Technique<'_>]) -> Vec<Claim> {
    let mut told: Vec<(&str, Claim)> = Vec::new();
    for one in all {
        if let Some((_, claim)) = told.iter_mut().find(|(id, _)| *id == one.id) {
            if !claim.evidence.contains(&one.record) && claim.evidence.len() < MOST_EVIDENCE {
                claim.evidence.push(one.record.clone());
            }
            continue;
        }
        let tactic = if one.tactic.is_empty() {
            String::new()
        } else {
            format!(" ({})", line(&one.tactic.replace('_', " ")))
        };
        let (tool, title) = one.seen;
        let text = format!("{tool} names {}{tactic} for: {}.", line(one.id), line(title));
        told.push((one.id, claim(text, vec![one.record.clone()])));
    }
    told.into_iter().take(MOST_TECHNIQUES).map(|(_, claim)| claim).collect()
}

/// A reason as the end of a sentence, without its own full stop.
fn reason(of: &Happened<'_>) -> Option<(String, Vec<String>)> {
    let first = of.because.first()?;
    let evidence = first.evidence.iter().take(MOST_EVIDENCE).cloned().collect();
    Some((line(first.text.raw()).trim_end_matches('.').to_owned(), evidence))
}

fn looks_like(of: &Happened<'_>) -> Claim {
    let seen = records(of.timeline.events.iter());
    let (because, evidence) = match reason(of) {
        Some((because, evidence)) if !evidence.is_empty() => (because, evidence),
        Some((because, _)) => (because, seen),
        None => (String::new(), seen),
    };
    // A reason that begins with the weakness would name it twice.
    let lead = of.weaknesses.first().map(|one| format!("{}: ", one.id)).unwrap_or_default();
    let because = because.strip_prefix(&lead).unwrap_or(&because);
    let behind = if because.is_empty() { ".".to_owned() } else { format!(": {because}.") };
    let text = match of.kind {
        IncidentKind::Exploitation => match of.weaknesses {
            [] => format!("A known weakness was likely the way in{behind}"),
            [one] if one.package.is_empty() => {
                format!("{} was likely the way in{behind}", line(one.id))
            }
            [one] => {
                format!("{} in {} was likely the way in{behind}", line(one.id), line(one.package))
            }
            [one, more @ ..] => {
                let other = match more.len() {
                    1 => "one other weakness".to_owned(),
                    n => format!("one of {n} other weaknesses"),
                };
                format!("{} or {other} was likely the way in{behind}", line(one.id))
            }
        },
        IncidentKind::Campaign => format!("One actor or one file is likely behind all of it{behind}"),
        IncidentKind::ProcessTree => format!("One process tree did all of it{behind}"),
        IncidentKind::DetectionOnAsset => {
            "Something happened on an asset with open issues; no record says that one led to the other."
                .to_owned()
        }
        IncidentKind::ExploitedVulnerability
        | IncidentKind::SharedFix
        | IncidentKind::SameFault
        | IncidentKind::ByHand
        | IncidentKind::Single => {
            "The records show what happened, and not how it began.".to_owned()
        }
    };
    claim(text, evidence)
}

fn confidence(of: &Happened<'_>) -> (Confidence, &'static str) {
    match (of.kind, of.weaknesses.len()) {
        (IncidentKind::Exploitation, 1) => {
            (Confidence::High, "what was seen points at the one known weakness of the asset")
        }
        (IncidentKind::Exploitation, _) => {
            (Confidence::Medium, "the records do not tell which weakness it was")
        }
        (IncidentKind::Campaign, _) => (
            Confidence::Medium,
            "the records share an actor or a file, and no record tells the plan",
        ),
        (IncidentKind::ProcessTree, _) => {
            (Confidence::Medium, "the records share their processes, and none tells how it began")
        }
        (
            IncidentKind::DetectionOnAsset
            | IncidentKind::ExploitedVulnerability
            | IncidentKind::SharedFix
            | IncidentKind::SameFault
            | IncidentKind::ByHand
            | IncidentKind::Single,
            _,
        ) => (Confidence::Low, "no record ties what was seen to a cause"),
    }
}

fn next(of: &Happened<'_>) -> Vec<Claim> {
    let events = &of.timeline.events;
    let since = events.iter().find_map(|event| event.time);
    let since = since.map(|time| format!(" since {time:.0}")).unwrap_or_default();
    let mut next = Vec::new();
    let with_addresses = || events.iter().filter(|event| !event.remote_addresses.is_empty());
    let others = addresses(with_addresses());
    if !others.is_empty() {
        let text = format!("Look which other assets spoke with {}{since}.", others.join(" or "));
        next.push(claim(text, records(with_addresses())));
    }
    next.extend(identities(of, &since));
    next.extend(scratch(of));
    next.extend(credentials(of, &since));
    next.extend(upgrade(of));
    if let Some(event) = events.first() {
        let place = line(name(of, &event.asset));
        let text = format!("Keep the evidence of {place} before it is contained or replaced.");
        next.push(claim(text, records(events.iter().filter(|e| e.asset == event.asset))));
    }
    next.truncate(MOST_NEXT);
    next
}

/// Identities that acted without a process: through the interface of a cloud or a cluster.
fn identities(of: &Happened<'_>, since: &str) -> Option<Claim> {
    let called = || {
        let events = of.timeline.events.iter();
        events.filter(|event| event.name.is_empty() && !event.user.is_empty())
    };
    let first = called().next()?;
    let log = match of.places.get(first.asset.as_str()).map(|place| place.provider) {
        Some("aws") => "CloudTrail",
        Some("azure") => "the activity log",
        Some("gcp") => "the audit logs of the project",
        Some("kubernetes") => "the audit log of the cluster",
        _ => "the audit log",
    };
    let mut users: Vec<String> = Vec::new();
    for user in called().map(|event| line(event.user.raw())) {
        if !users.contains(&user) && users.len() < MOST_NAMED {
            users.push(user);
        }
    }
    let text = format!("List in {log} what {} did{since}, and from where.", users.join(" and "));
    Some(claim(text, records(called())))
}

/// Files that ran from a folder that a restart empties.
fn scratch(of: &Happened<'_>) -> Option<Claim> {
    let is_scratch = |event: &&TimelineEvent| {
        let both = [event.name.raw(), event.command_line.raw()].map(str::to_ascii_lowercase);
        let ran = both.iter().filter_map(|text| text.split_whitespace().next());
        ran.into_iter().any(|program| SCRATCH.iter().any(|folder| program.contains(folder)))
    };
    let ran = || of.timeline.events.iter().filter(is_scratch);
    let first = ran().next()?;
    let text = format!(
        "Copy {} from {} with its hash: a restart empties the folder it ran from.",
        line(first.name.raw()),
        line(name(of, &first.asset))
    );
    Some(claim(text, records(ran())))
}

/// What processes could reach that acted in a workload.
fn credentials(of: &Happened<'_>, since: &str) -> Option<Claim> {
    let acted = || of.timeline.events.iter().filter(|event| !event.name.is_empty());
    let first = acted().next()?;
    let place = of.places.get(first.asset.as_str())?;
    let name = line(name(of, &first.asset));
    let text = match place.provider {
        "kubernetes" => format!(
            "Look in the audit log of the cluster what the service account of {name} did{since}."
        ),
        "aws" | "azure" | "gcp" => {
            format!("Look what the cloud identity of {name} did{since}, and from where.")
        }
        _ => format!(
            "Find out which credentials were in reach on {name}, and where they were used{since}."
        ),
    };
    Some(claim(text, records(acted().filter(|event| event.asset == first.asset))))
}

fn upgrade(of: &Happened<'_>) -> Option<Claim> {
    match of.kind {
        IncidentKind::Exploitation => {}
        IncidentKind::Campaign
        | IncidentKind::DetectionOnAsset
        | IncidentKind::ProcessTree
        | IncidentKind::ExploitedVulnerability
        | IncidentKind::SharedFix
        | IncidentKind::SameFault
        | IncidentKind::ByHand
        | IncidentKind::Single => return None,
    }
    let known = |one: &&Weakness<'_>| !one.fixed_in.is_empty() && !one.package.is_empty();
    let one = of.weaknesses.iter().find(known)?;
    let text = format!(
        "Look where else {} stands; {} is the first version without {}.",
        line(one.package),
        line(one.fixed_in),
        line(one.id)
    );
    Some(claim(text, vec![one.record.clone()]))
}
