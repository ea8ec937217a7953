//! Wiz detections, from the API and from the Wiz Defend webhook.

use quell_model::{Asset, Detection, FindingClass, Process, Record, Rule};
use serde_json::Value;

use super::asset::{Beside, asset};
use super::normalize::{base, entity_asset, issue_rule, prose};
use super::wire::{Node, Rule as WireRule, Text};
use crate::Rejection;

const MOST_EVENTS: usize = 64;

pub(super) fn fits(node: &Node<'_>) -> bool {
    node.rule_match.is_some() || node.tdr_id.get().is_some() || !node.triggering_events.is_null()
}

pub(super) fn finding(node: &Node<'_>) -> Result<Record, Rejection> {
    let wire = node.rule_match.as_ref().and_then(|m| m.rule.as_ref());
    let matched = wire.and_then(issue_rule);
    let by_id = || {
        let id = node.tdr_id.get()?;
        let title = prose(node.title.get().unwrap_or(id));
        Some(Rule { id: id.to_owned(), title, aliases: Vec::new() })
    };
    let rule = matched
        .or_else(by_id)
        .ok_or_else(|| Rejection::new("names no rule at $.ruleMatch.rule or $.tdrId"))?;
    let resources = node.resources.as_deref().unwrap_or_default();
    let account = node.cloud_accounts.as_deref().unwrap_or_default().first();
    let primary = node.primary_resource.as_ref();
    // The list often has the cloud's full id of what the primary resource names by Wiz's own.
    let same = primary.and_then(|p| resources.iter().find(|r| r.id.get() == p.id.get()));
    let ids: Vec<&Text<'_>> = same.map(|r| &r.provider_unique_id).into_iter().collect();
    let main = primary.or_else(|| resources.first());
    let place = entity_asset(main, &Beside { ids: &ids, account }, "primaryResource")?;
    let also_involved = resources
        .iter()
        .take(MOST_EVENTS)
        .filter_map(|r| asset(r, &Beside { ids: &[], account }))
        .filter(|a| a.id.key() != place.id.key())
        .collect();
    let mut finding = base(node, FindingClass::Detection, rule, place);
    let actor = node.primary_actor.as_ref().or_else(|| node.actors.as_deref()?.first());
    let principal = actor.and_then(|a| a.provider_unique_id.get().or_else(|| a.name.get()));
    let words = |list: &Option<Vec<Text<'_>>>| -> Vec<String> {
        list.iter().flatten().filter_map(Text::get).take(MOST_EVENTS).map(str::to_owned).collect()
    };
    let mut techniques: Vec<String> = words(&node.mitre_techniques)
        .iter()
        .map(|t| t.rsplit_once('-').map_or(t.as_str(), |(_, id)| id).to_owned())
        .collect();
    let mut tactics = words(&node.mitre_tactics);
    for (tactic, technique) in wire.into_iter().flat_map(attack_of) {
        tactics.extend(tactic);
        techniques.extend(technique);
    }
    techniques.sort();
    techniques.dedup();
    tactics.sort();
    tactics.dedup();
    finding.detection = Some(Box::new(Detection {
        techniques,
        tactics,
        principal: prose(principal.unwrap_or_default()),
        processes: processes(&node.triggering_events),
        remote_addresses: addresses(&node.triggering_events),
        also_involved,
    }));
    Ok(Record::Finding(Box::new(finding)))
}

/// What an issue tells of the threat that it is about.
pub(super) fn of_threat(node: &Node<'_>, place: &Asset) -> Option<Detection> {
    let threat = node.threat_detection_details.as_ref()?;
    let actor = threat.actors.as_deref().and_then(<[_]>::first);
    let principal = actor.and_then(|a| a.provider_unique_id.get().or_else(|| a.name.get()));
    let involved = threat.resources.iter().flatten().take(MOST_EVENTS);
    let involved = involved.filter_map(|entity| asset(entity, &Beside::default()));
    Some(Detection {
        principal: prose(principal.unwrap_or_default()),
        also_involved: involved.filter(|other| other.id.key() != place.id.key()).collect(),
        ..Detection::default()
    })
}

/// Tactic and technique of each category that is one of ATT&CK's: `TA0001 Initial Access` and
/// `T1190 Exploit Public-Facing Application`.
fn attack_of(rule: &WireRule<'_>) -> Vec<(Option<String>, Option<String>)> {
    let first = |value: Option<&Value>, start: &str| {
        let word = value?.as_str()?.split_whitespace().next()?;
        let digits = word.strip_prefix(start)?;
        let plain = |c: char| c.is_ascii_digit() || c == '.';
        (!digits.is_empty() && digits.chars().all(plain)).then(|| word.to_owned())
    };
    let list = rule.security_sub_categories.as_array().into_iter().flatten().take(MOST_EVENTS);
    let of_attack = list.filter(|one| {
        let framework = one.pointer("/category/framework/name").and_then(Value::as_str);
        framework.is_some_and(|name| name.contains("ATT&CK"))
    });
    of_attack
        .map(|one| (first(one.pointer("/category/name"), "TA"), first(one.get("title"), "T")))
        .collect()
}

fn events(events: &Value) -> impl Iterator<Item = &Value> {
    let list = events.as_array().or_else(|| events.get("nodes")?.as_array());
    list.into_iter().flatten().take(MOST_EVENTS)
}

/// The process of the first event that names one, and its parent.
fn processes(all: &Value) -> Vec<Process> {
    let text = |event: &Value, path: &str| {
        event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(prose)
    };
    let acting = events(all).find_map(|event| {
        let name = text(event, "/runtimeProgram/name")?;
        let command_line = text(event, "/commandLine").unwrap_or_default();
        let own = Process { name, command_line, ..Process::default() };
        let parent = text(event, "/parentRuntimeProgram/name");
        let parent = parent.map(|name| Process { name, ..Process::default() });
        Some([Some(own), parent])
    });
    acting.into_iter().flatten().flatten().collect()
}

fn addresses(all: &Value) -> Vec<String> {
    let mut found: Vec<String> = events(all)
        .filter_map(|event| event.get("actorIP")?.as_str())
        .filter(|ip| !ip.is_empty())
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}
