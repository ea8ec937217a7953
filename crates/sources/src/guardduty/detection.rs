//! Who did what: principal, processes, addresses, tactics and techniques.

use quell_model::{Asset, Detection, Process, Untrusted};

use super::involved::principal as principal_of_sequence;
use super::service_wire::{Address, Indicator, Process as WireProcess, Sequence, Service};
use super::techniques::{of_type, technique_id};
use super::wire::Finding;
use crate::wire::Text;

const NAME_BYTES: usize = 512;
const COMMAND_BYTES: usize = 4096;
const MOST_PROCESSES: usize = 16;
const MOST_ADDRESSES: usize = 32;
const MOST_TECHNIQUES: usize = 32;

/// The detection's particulars.
pub(super) fn detection(finding: &Finding<'_>, kind: &str, also_involved: Vec<Asset>) -> Detection {
    let sequence = &finding.service.detection.sequence;
    let (tactics, techniques) = of_type(kind);
    let mut detection = Detection {
        techniques: techniques.iter().map(|t| (*t).to_owned()).collect(),
        tactics: tactics.iter().map(|t| (*t).to_owned()).collect(),
        principal: Untrusted::from(principal(finding).unwrap_or_default()).capped(NAME_BYTES),
        processes: processes(finding),
        remote_addresses: addresses(&finding.service),
        also_involved,
    };
    add_indicators(&mut detection, sequence);
    detection
}

/// What the sequence itself says of tactics and techniques, once each.
fn add_indicators(detection: &mut Detection, sequence: &Sequence<'_>) {
    let of_signals = sequence.signals.iter().flat_map(|signal| &signal.indicators);
    for indicator in sequence.indicators.iter().chain(of_signals) {
        match indicator.key.or_empty() {
            "ATTACK_TACTIC" => add(&mut detection.tactics, indicator, &|text| Some(text)),
            "ATTACK_TECHNIQUE" => add(&mut detection.techniques, indicator, &technique_id),
            _ => {}
        }
    }
}

fn add(list: &mut Vec<String>, indicator: &Indicator<'_>, read: &dyn Fn(&str) -> Option<&str>) {
    for value in indicator.values.iter().filter_map(Text::get).filter_map(read) {
        let known = list.iter().any(|seen| seen == value);
        if !known && value.len() <= NAME_BYTES && list.len() < MOST_TECHNIQUES {
            list.push(value.to_owned());
        }
    }
}

fn principal<'f>(finding: &'f Finding<'_>) -> Option<&'f str> {
    let resource = &finding.resource;
    let key = &resource.access_key;
    let user = &resource.kubernetes.user;
    [&key.user_name, &user.username, &resource.database_user.user, &key.principal_id]
        .into_iter()
        .find_map(Text::get)
        .or_else(|| principal_of_sequence(&finding.service.detection.sequence))
}

/// The process that acted and its ancestors, nearest first.
fn processes(finding: &Finding<'_>) -> Vec<Process> {
    let runtime = &finding.service.runtime;
    let acted = &runtime.process;
    let mut processes: Vec<Process> = process(acted).into_iter().collect();
    if let Some(first) = processes.first_mut().filter(|first| first.command_line.is_empty()) {
        first.command_line = runtime.context.command_line_example.untrusted(COMMAND_BYTES);
    }
    // An ancestor is found by the id that its child gives; those that none gives come last.
    let mut rest: Vec<&WireProcess<'_>> = acted.lineage.iter().take(MOST_PROCESSES).collect();
    let mut parent = acted.parent_uuid.get();
    while !rest.is_empty() {
        let at = rest.iter().position(|p| parent.is_some() && p.uuid.get() == parent).unwrap_or(0);
        let next = rest.remove(at);
        parent = next.parent_uuid.get();
        // The lineage may begin with the process itself.
        if next.uuid.get().is_none() || next.uuid.get() != acted.uuid.get() {
            processes.extend(process(next));
        }
    }
    let actors = &finding.service.detection.sequence.actors;
    let of_actors = actors.iter().filter_map(|actor| {
        let name = [&actor.process.path, &actor.process.name].into_iter().find_map(Text::get)?;
        Some(Process { name: Untrusted::from(name).capped(NAME_BYTES), ..Process::default() })
    });
    processes.extend(of_actors);
    processes.truncate(MOST_PROCESSES);
    processes
}

fn process(process: &WireProcess<'_>) -> Option<Process> {
    let name = [&process.path, &process.name].into_iter().find_map(Text::get)?;
    Some(Process {
        name: Untrusted::from(name).capped(NAME_BYTES),
        command_line: process.command_line.untrusted(COMMAND_BYTES),
        pid: process.pid.integer(),
        user: process.user.untrusted(NAME_BYTES),
    })
}

/// The addresses on the other side, once each.
fn addresses(service: &Service<'_>) -> Vec<String> {
    let action = &service.action;
    let single = [
        &action.connection.remote,
        &action.api_call.remote,
        &action.kubernetes_call.remote,
        &action.login.remote,
    ];
    let probes = action.probe.ports.iter().map(|port| &port.remote);
    let both = |address: &'_ Address<'_>| {
        [address.v4.get().map(str::to_owned), address.v6.get().map(str::to_owned)]
    };
    let remote = single.into_iter().chain(probes).flat_map(both).flatten();
    let texts = action.kubernetes_call.source_ips.iter();
    let endpoints = service.detection.sequence.endpoints.iter().map(|endpoint| &endpoint.ip);
    let listed = texts.chain(endpoints).filter_map(Text::get).map(str::to_owned);
    let mut addresses: Vec<String> = Vec::new();
    for address in remote.chain(listed).filter(|address| address.len() <= NAME_BYTES) {
        if addresses.len() < MOST_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}
