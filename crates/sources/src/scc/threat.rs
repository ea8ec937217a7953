//! Who did what: the structured fields of a threat, and the older log entries beside them.

use quell_model::{Asset, Detection, Process, Untrusted};

use super::asset::involved;
use super::techniques::technique_id;
use crate::wire::Tree;

const MOST: usize = 32;

/// What a finding of class threat tells.
pub(super) fn detection(finding: &Tree<'_>, place: &Asset) -> Detection {
    let mut told = of_properties(finding.key("sourceProperties"), place);
    let attack = finding.key("mitreAttack");
    told.tactics.splice(0..0, words(attack, &["primaryTactic", "additionalTactics"]));
    told.tactics = unique(told.tactics);
    let named = words(attack, &["primaryTechniques", "additionalTechniques"]);
    told.techniques.extend(named.iter().map(|name| technique_id(name)));
    told.techniques = unique(told.techniques);
    let principal = finding.prose(&["access.principalEmail", "access.principalSubject"]);
    if !principal.is_empty() {
        told.principal = principal;
    }
    told.processes = finding.key("processes").list().iter().take(MOST).map(process).collect();
    let connections = finding.key("connections").list().iter().take(MOST);
    let ends = connections.filter_map(|c| c.first(&["sourceIp", "destinationIp"]));
    let own = finding.first(&["access.callerIp"]).into_iter();
    let known = finding.at("indicator.ipAddresses").words(MOST);
    let found = own.chain(known).chain(ends).map(str::to_owned);
    told.remote_addresses.extend(found);
    told.remote_addresses = unique(told.remote_addresses);
    told
}

/// What the properties of Event Threat Detection tell.
pub(super) fn of_properties(properties: &Tree<'_>, place: &Asset) -> Detection {
    let inner = properties.key("properties");
    let attempts = inner.key("attempts").list().iter().chain(inner.key("loginAttempts").list());
    let attempts = attempts.take(MOST).filter_map(|attempt| attempt.first(&["sourceIp"]));
    let direct = inner.first(&["srcIp", "sourceIp", "callerIp", "ipConnection.srcIp"]);
    let addresses = inner.key("ip").words(MOST).into_iter().chain(attempts).chain(direct);
    let affected = properties.key("affectedResources").list().iter().take(MOST);
    let also_involved = affected
        .filter_map(|resource| resource.first(&["gcpResourceName"]))
        .map(involved)
        .filter(|asset| asset.id.key() != place.id.key())
        .collect();
    let link = properties.first(&["contextUris.mitreUri.url"]);
    Detection {
        techniques: link.and_then(technique_of_link).into_iter().collect(),
        principal: inner.prose(&[
            "principalEmail",
            "sensitiveRoleGrant.principalEmail",
            "externalMemberAddedToPrivilegedGroup.principalEmail",
            "user",
        ]),
        remote_addresses: unique(addresses.map(str::to_owned).collect()),
        also_involved,
        ..Detection::default()
    }
}

/// `https://attack.mitre.org/techniques/T1078/003/` → `T1078.003`.
fn technique_of_link(link: &str) -> Option<String> {
    let (_, path) = link.split_once("attack.mitre.org/techniques/")?;
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let technique = parts.next().filter(|part| part.starts_with('T') && part.len() == 5)?;
    let sub = parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    Some(sub.map_or_else(|| technique.to_owned(), |sub| format!("{technique}.{sub}")))
}

fn process(process: &Tree<'_>) -> Process {
    let args = process.key("args").words(MOST).join(" ");
    Process {
        name: process.prose(&["binary.path", "name"]),
        command_line: Untrusted::from(args).capped(4096),
        pid: process.first(&["pid"]).and_then(|pid| pid.parse().ok()),
        user: process.prose(&["userId"]),
    }
}

fn words(tree: &Tree<'_>, names: &[&str]) -> Vec<String> {
    let found = names.iter().flat_map(|name| tree.key(name).words(MOST));
    found.filter(|word| !word.ends_with("_UNSPECIFIED")).map(str::to_owned).collect()
}

/// Each once, in the order of their first appearance.
fn unique(list: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for word in list {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}
