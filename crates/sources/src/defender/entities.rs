//! Entities of an alert: processes, accounts and addresses, which name one another by reference.

use std::collections::BTreeMap;

use quell_model::{Process, Untrusted};

use crate::wire::Tree;

const MOST_ENTITIES: usize = 256;
const MOST: usize = 32;

/// The entities of a list, references left out.
pub(super) fn all<'t>(listed: &'t Tree<'t>) -> Vec<&'t Tree<'t>> {
    listed.list().iter().filter(|e| e.first(&["type"]).is_some()).take(MOST_ENTITIES).collect()
}

fn of_type<'t>(entities: &[&'t Tree<'t>], kind: &str) -> Vec<&'t Tree<'t>> {
    entities.iter().copied().filter(|e| e.text(&["type"]).eq_ignore_ascii_case(kind)).collect()
}

/// The identity that acted.
pub(super) fn account(entities: &[&Tree<'_>]) -> Option<String> {
    let account =
        of_type(entities, "account").into_iter().find(|a| a.first(&["name"]).is_some())?;
    let name = account.first(&["name"])?;
    if let Some(suffix) = account.first(&["upnSuffix"]) {
        return Some(format!("{name}@{suffix}"));
    }
    Some(match account.first(&["ntDomain"]) {
        Some(domain) => format!("{domain}\\{name}"),
        None => name.to_owned(),
    })
}

/// Addresses, each once.
pub(super) fn addresses(entities: &[&Tree<'_>]) -> Vec<String> {
    let mut found: Vec<String> = of_type(entities, "ip")
        .into_iter()
        .filter_map(|ip| Some(ip.first(&["address"])?.to_owned()))
        .collect();
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

/// Processes from the one that acted to its ancestors, then those that nothing links.
pub(super) fn processes(entities: &[&Tree<'_>]) -> Vec<Process> {
    let found = of_type(entities, "process");
    let by_id: BTreeMap<&str, &Tree<'_>> =
        entities.iter().filter_map(|e| Some((e.first(&["$id"])?, *e))).collect();
    let parent_of = |process: &Tree<'_>| process.first(&["parentProcess.$ref"]).map(str::to_owned);
    let parents: Vec<String> = found.iter().filter_map(|p| parent_of(p)).collect();
    let is_parent = |process: &Tree<'_>| {
        process.first(&["$id"]).is_some_and(|id| parents.iter().any(|parent| parent == id))
    };
    let children = found.iter().copied().filter(|p| !is_parent(p));
    let ancestors = found.iter().copied().filter(|p| is_parent(p));
    // The newest stand last in an alert.
    let mut ordered: Vec<&Tree<'_>> = children.collect();
    ordered.reverse();
    ordered.extend(ancestors.collect::<Vec<_>>().into_iter().rev());
    ordered.into_iter().take(MOST).map(|p| process(p, &by_id)).collect()
}

fn process(wire: &Tree<'_>, by_id: &BTreeMap<&str, &Tree<'_>>) -> Process {
    let command = wire.prose(&["commandLine"]);
    let follow = |name: &str| match wire.key(name).first(&["$ref"]) {
        Some(id) => by_id.get(id).copied(),
        None => Some(wire.key(name)),
    };
    let image = follow("imageFile").map(|file| file.text(&["name"])).unwrap_or_default();
    let first = command.raw().split_whitespace().next().unwrap_or_default();
    let name = if image.is_empty() { first } else { image };
    let user = follow("account").map(|account| account.text(&["name"])).unwrap_or_default();
    Process {
        name: Untrusted::from(name).capped(1024),
        pid: wire.first(&["processId"]).and_then(pid),
        user: Untrusted::from(user).capped(1024),
        command_line: command,
    }
}

/// `0x4aec` or `19180`.
fn pid(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
