//! Flow logs: one record holds a minute of one network card, with a line for each flow.
//!
//! A line each would be millions of activities that nobody reads one by one. So each record
//! becomes one activity for each rule, direction and decision, with its sums.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{
    Activity, Asset, AssetId, FindingKey, Hints, KeyHasher, Provider, Record, Timestamp, Untrusted,
    parse_timestamp,
};

use super::event::{place, tool};
use crate::wire::{Facts, Tree};
use crate::{Output, Rejection};

/// Most sums of one record; what comes after them is added up under [`FURTHER`].
const MOST_SUMS: usize = 1000;
const FURTHER: &str = "(further rules)";
/// Most addresses and ports that are named of one sum.
const MOST_NAMED: usize = 16;

/// What is added up together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    rule: String,
    direction: &'static str,
    decision: &'static str,
}

#[derive(Debug, Default)]
struct Sum {
    flows: u64,
    packets: u64,
    bytes: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    remotes: BTreeSet<String>,
    ports: BTreeSet<u16>,
    protocols: BTreeSet<&'static str>,
}

/// One line: a flow at one moment.
struct Flow<'t> {
    time: Option<Timestamp>,
    remote: &'t str,
    port: Option<u16>,
    protocol: &'static str,
    direction: &'static str,
    decision: &'static str,
    packets: u64,
    bytes: u64,
}

pub(super) fn activities(record: &Tree<'_>, output: &mut Output) -> Result<(), Rejection> {
    let asset = place(record).or_else(|| card(record)).ok_or_else(|| {
        Rejection::new("names no resource at $.resourceId, $.targetResourceID or $.macAddress")
    })?;
    let mut sums: BTreeMap<Group, Sum> = BTreeMap::new();
    let mut unreadable = 0_u64;
    each_line(record, &mut |rule, line| match flow(line) {
        Some(flow) => add(&mut sums, rule, &flow),
        None => unreadable += 1,
    });
    if sums.is_empty() {
        return Err(Rejection::new(match unreadable {
            0 => "holds no flow at $.properties.flows or $.flowRecords.flows".to_owned(),
            many => format!("none of {many} flow tuples at $..flowTuples[] can be read"),
        }));
    }
    let time = record.time(&["time"]);
    for (group, sum) in sums {
        let id = native_id(record, &group);
        output.push(Record::Activity(Box::new(Activity {
            tool: tool(),
            native_id: id,
            action: format!("network.flow.{}.{}", group.decision, group.direction),
            principal: Untrusted::default(),
            asset: asset.clone(),
            time: sum.first.or(time),
            succeeded: match group.decision {
                "allowed" => Some(true),
                "denied" => Some(false),
                _ => None,
            },
            evidence: facts(record, &group, &sum, unreadable),
        })));
    }
    Ok(())
}

/// The network card, where a forwarder kept nothing else.
fn card(record: &Tree<'_>) -> Option<Asset> {
    let address = record.first(&["macAddress"])?;
    let kind = "network card";
    let hints = Hints { provider: Some(Provider::Azure), kind: Some(kind), ..Hints::default() };
    Some(Asset {
        id: AssetId::parse(address, &hints),
        native_id: address.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(address).capped(64),
        ..Asset::default()
    })
}

/// Calls with each tuple and its rule, for the older form (`properties.flows[].flows[]`), the
/// newer one (`flowRecords.flows[].flowGroups[]`), and that of a forwarder (`flow.0`, `flow.1` …).
fn each_line(record: &Tree<'_>, each: &mut dyn FnMut(&str, &str)) {
    let forwarded = record.fields().filter(|(name, _)| name.starts_with("flow."));
    for (_, line) in forwarded {
        each(record.text(&["rule"]), line.get().unwrap_or_default());
    }
    for flow in record.at("properties.flows").list() {
        let rule = flow.text(&["rule"]);
        for card in flow.key("flows").list() {
            lines(card).for_each(|line| each(rule, line));
        }
    }
    for flow in record.at("flowRecords.flows").list() {
        for group in flow.key("flowGroups").list() {
            let rule = group.text(&["rule"]);
            lines(group).for_each(|line| each(rule, line));
        }
    }
}

fn lines<'t>(holder: &'t Tree<'_>) -> impl Iterator<Item = &'t str> {
    holder.key("flowTuples").list().iter().map(|line| line.get().unwrap_or_default())
}

/// `time,source,destination,ports,protocol,direction,decision` (version 1), with `state`,
/// packets and bytes of both ways behind it (version 2), or with `state` in the decision's place
/// and the encryption behind it (virtual networks).
fn flow(line: &str) -> Option<Flow<'_>> {
    let mut fields = line.split(',').map(str::trim);
    let time = parse_timestamp(fields.next()?);
    let (source, destination) = (fields.next()?, fields.next()?);
    let (_, port) = (fields.next()?, fields.next()?);
    let protocol = protocol(fields.next()?)?;
    let (direction, remote) = match fields.next()? {
        "I" => ("inbound", source),
        "O" => ("outbound", destination),
        _ => return None,
    };
    let decision = match fields.next()? {
        "A" | "B" | "C" | "E" => "allowed",
        "D" => "denied",
        _ => return None,
    };
    // State or encryption; then packets and bytes there, packets and bytes back.
    let counts = fields.skip(1);
    let counts: Vec<u64> = counts.take(4).map(|count| count.parse().unwrap_or(0)).collect();
    let at = |index: usize| counts.get(index).copied().unwrap_or(0);
    Some(Flow {
        time,
        remote,
        port: port.parse().ok(),
        protocol,
        direction,
        decision,
        packets: at(0).saturating_add(at(2)),
        bytes: at(1).saturating_add(at(3)),
    })
}

/// A letter, or the number that IANA gave it.
fn protocol(word: &str) -> Option<&'static str> {
    Some(match word {
        "T" | "6" => "tcp",
        "U" | "17" => "udp",
        "I" | "1" | "58" => "icmp",
        number if number.parse::<u8>().is_ok() => "other",
        _ => return None,
    })
}

fn add(sums: &mut BTreeMap<Group, Sum>, rule: &str, flow: &Flow<'_>) {
    let group = |rule: &str| Group {
        rule: rule.chars().take(256).collect(),
        direction: flow.direction,
        decision: flow.decision,
    };
    let own = group(rule);
    let is_room = sums.len() < MOST_SUMS || sums.contains_key(&own);
    let sum = sums.entry(if is_room { own } else { group(FURTHER) }).or_default();
    sum.flows += 1;
    sum.packets = sum.packets.saturating_add(flow.packets);
    sum.bytes = sum.bytes.saturating_add(flow.bytes);
    sum.first = sum.first.into_iter().chain(flow.time).min();
    sum.last = sum.last.into_iter().chain(flow.time).max();
    sum.protocols.insert(flow.protocol);
    if sum.remotes.len() < MOST_NAMED {
        sum.remotes.insert(flow.remote.chars().take(64).collect());
    }
    if sum.ports.len() < MOST_NAMED {
        sum.ports.extend(flow.port);
    }
}

fn native_id(record: &Tree<'_>, group: &Group) -> String {
    let key: FindingKey = KeyHasher::new("azure_flow")
        .part(record.text(&["time"]))
        .part(record.text(&["flowLogGUID", "systemId"]))
        .part(record.text(&["macAddress"]))
        .part(&record.text(&["resourceId", "targetResourceID"]).to_lowercase())
        .part(record.key("flow.0").get().unwrap_or_default())
        .part(&group.rule)
        .part(group.direction)
        .part(group.decision)
        .finish();
    key.to_string()
}

fn facts(record: &Tree<'_>, group: &Group, sum: &Sum, unreadable: u64) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("rule", &group.rule);
    facts.add("flows", &sum.flows.to_string());
    if sum.bytes > 0 {
        facts.add("bytes", &format!("{} in {} packets", sum.bytes, sum.packets));
    }
    let protocols: Vec<&str> = sum.protocols.iter().copied().collect();
    let ports: Vec<String> = sum.ports.iter().map(u16::to_string).collect();
    facts.add("destinationPorts", &format!("{} ({})", ports.join(", "), protocols.join(", ")));
    let remotes: Vec<&str> = sum.remotes.iter().map(String::as_str).collect();
    facts.add("remoteAddresses", &remotes.join(", "));
    facts.add("lastFlow", &sum.last.map(|time| time.to_string()).unwrap_or_default());
    facts.add("macAddress", record.text(&["macAddress"]));
    if unreadable > 0 {
        facts.add("unreadableTuples", &unreadable.to_string());
    }
    facts.into_vec()
}
