//! What happened in an incident: its events in order, and the tree of the processes that acted.

use quell_model::{
    Detection, FindingClass, IssueKey, Process, Timeline, TimelineEvent, TimelineProcess, Untrusted,
};

use crate::Member;

/// Events that are told of one incident.
const MOST_EVENTS: usize = 200;
/// Processes that are told of one incident.
const MOST_PROCESSES: usize = 400;
/// Ancestors of one process that are told.
const MOST_ANCESTORS: usize = 32;
/// Longest command line that is told.
const MOST_BYTES: usize = 1024;
const NAME_BYTES: usize = 256;

/// Makes the timeline of an incident's findings; `None` where nothing was seen to happen.
#[must_use]
pub fn timeline<'m>(members: impl Iterator<Item = (IssueKey, &'m Member)>) -> Option<Timeline> {
    let is_seen = |m: &Member| m.finding.class == FindingClass::Detection && m.status.is_open();
    let mut seen: Vec<(IssueKey, &Member)> = members.filter(|(_, m)| is_seen(m)).collect();
    seen.sort_by_key(|(_, member)| {
        let time = member.finding.first_seen.or(member.finding.last_seen);
        (time.is_none(), time, member.key)
    });
    let left_out = seen.len().saturating_sub(MOST_EVENTS);
    seen.truncate(MOST_EVENTS);
    let mut forest = Forest::default();
    let events: Vec<TimelineEvent> =
        seen.into_iter().map(|(issue, member)| event(issue, member, &mut forest)).collect();
    if events.is_empty() {
        return None;
    }
    let mut timeline = Timeline {
        events,
        processes: Vec::new(),
        left_out: u64::try_from(left_out).unwrap_or(u64::MAX),
    };
    forest.plant(&mut timeline);
    Some(timeline)
}

fn event(issue: IssueKey, member: &Member, forest: &mut Forest) -> TimelineEvent {
    let finding = &member.finding;
    let time = finding.first_seen.or(finding.last_seen);
    let nothing = Detection::default();
    let detection = finding.detection.as_deref().unwrap_or(&nothing);
    let asset = finding.asset.id.key();
    let acted = detection.processes.first();
    let user = acted.map(|p| p.user.clone()).filter(|user| !user.is_empty());
    let addresses = detection.remote_addresses.iter().take(MOST_ANCESTORS);
    TimelineEvent {
        time,
        until: finding.last_seen.filter(|until| time.is_some_and(|time| *until > time)),
        finding: member.key,
        issue,
        source: finding.tool.product.clone(),
        title: finding.title.clone().capped(NAME_BYTES),
        asset: asset.to_owned(),
        process: forest.add(asset, &detection.processes),
        name: acted.map(|p| p.name.clone().capped(NAME_BYTES)).unwrap_or_default(),
        command_line: acted.map(|p| p.command_line.clone().capped(MOST_BYTES)).unwrap_or_default(),
        parent: detection.processes.get(1).map(|p| p.name.clone()).unwrap_or_default(),
        user: user.unwrap_or_else(|| detection.principal.clone()).capped(NAME_BYTES),
        remote_addresses: addresses
            .map(|address| Untrusted::from(address.as_str()).capped(NAME_BYTES))
            .collect(),
    }
}

/// Trees of processes, one below the other in the order they were found.
#[derive(Default)]
struct Forest {
    processes: Vec<TimelineProcess>,
}

impl Forest {
    /// Adds a process with its ancestors and says its place.
    fn add(&mut self, asset: &str, chain: &[Process]) -> Option<usize> {
        let known = chain.iter().take(MOST_ANCESTORS).filter(|process| !process.name.is_empty());
        let mut chain: Vec<&Process> = known.collect();
        chain.reverse();
        let mut parent = None;
        for (depth, process) in chain.iter().enumerate() {
            let is_last = depth + 1 == chain.len();
            let found = self.find(asset, parent, process, is_last);
            parent = Some(match found {
                Some(at) => at,
                None if self.processes.len() >= MOST_PROCESSES => return parent,
                None => {
                    self.processes.push(TimelineProcess {
                        parent,
                        depth,
                        asset: asset.to_owned(),
                        name: process.name.clone().capped(NAME_BYTES),
                        pid: process.pid,
                        command_line: process.command_line.clone().capped(MOST_BYTES),
                        user: process.user.clone().capped(NAME_BYTES),
                    });
                    self.processes.len() - 1
                }
            });
        }
        parent
    }

    /// A process that is known already. An id that only one record gives is taken over; without
    /// any, what acted is told apart by its command line.
    fn find(
        &mut self,
        asset: &str,
        parent: Option<usize>,
        process: &Process,
        acted: bool,
    ) -> Option<usize> {
        let name = process.name.clone().capped(NAME_BYTES);
        let command = process.command_line.clone().capped(MOST_BYTES);
        let at = self.processes.iter().position(|known| {
            let one_pid = match (known.pid, process.pid) {
                (Some(a), Some(b)) => a == b,
                (None, _) | (_, None) => {
                    !acted || known.command_line.is_empty() || known.command_line == command
                }
            };
            known.parent == parent && known.asset == asset && known.name == name && one_pid
        })?;
        let known = self.processes.get_mut(at)?;
        known.pid = known.pid.or(process.pid);
        if known.command_line.is_empty() {
            known.command_line = command;
        }
        if known.user.is_empty() {
            known.user = process.user.clone().capped(NAME_BYTES);
        }
        Some(at)
    }

    /// Puts each process after its parent, and events in the new order.
    fn plant(self, timeline: &mut Timeline) {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.processes.len()];
        let mut waiting: Vec<usize> = Vec::new();
        for (at, process) in self.processes.iter().enumerate() {
            match process.parent.and_then(|parent| children.get_mut(parent)) {
                Some(of) => of.push(at),
                None => waiting.push(at),
            }
        }
        waiting.reverse();
        let mut places: Vec<Option<usize>> = vec![None; self.processes.len()];
        while let Some(at) = waiting.pop() {
            let Some(process) = self.processes.get(at) else { continue };
            let parent = process.parent.and_then(|parent| places.get(parent).copied().flatten());
            if let Some(place) = places.get_mut(at) {
                *place = Some(timeline.processes.len());
            }
            timeline.processes.push(TimelineProcess { parent, ..process.clone() });
            let below = children.get(at).into_iter().flatten().rev();
            waiting.extend(below.copied());
        }
        for event in &mut timeline.events {
            event.process = event.process.and_then(|at| places.get(at).copied().flatten());
        }
    }
}

#[cfg(test)]
mod tests {
    use quell_model::{Asset, Finding, Rule, Tool};

    use super::*;

    fn process(name: &str, pid: Option<i64>) -> Process {
        Process { name: name.into(), pid, ..Process::default() }
    }

    fn seen(second: i64, processes: Vec<Process>) -> Member {
        let rule = Rule { id: format!("r{second}"), ..Rule::default() };
        let mut finding =
            Finding::new(Tool::default(), FindingClass::Detection, rule, Asset::default());
        finding.first_seen = quell_model::Timestamp::from_second(second).ok();
        finding.detection = Some(Box::new(Detection { processes, ..Detection::default() }));
        Member { key: finding.key(), status: finding.status, finding }
    }

    #[test]
    fn events_are_in_order_and_processes_below_their_parents() {
        let issue = quell_model::KeyHasher::new("issue").finish();
        let members = [
            seen(30, vec![process("nc", Some(9)), process("sh", Some(7)), process("java", None)]),
            seen(10, vec![process("sh", Some(7)), process("java", Some(2))]),
            seen(20, vec![process("curl", Some(8)), process("java", Some(2))]),
        ];
        let told = timeline(members.iter().map(|m| (issue, m))).unwrap();
        let names: Vec<(&str, usize, Option<usize>)> =
            told.processes.iter().map(|p| (p.name.raw(), p.depth, p.parent)).collect();
        let expected =
            [("java", 0, None), ("sh", 1, Some(0)), ("nc", 2, Some(1)), ("curl", 1, Some(0))];
        assert_eq!(names, expected);
        let acted: Vec<Option<usize>> = told.events.iter().map(|e| e.process).collect();
        assert_eq!(acted, [Some(1), Some(3), Some(2)]);
        assert!(timeline(std::iter::empty()).is_none());
    }
}
