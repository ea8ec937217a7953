//! Who did what, for findings about something that happened.

use quell_model::{Asset, Detection, Process, Untrusted};

use super::class::types;
use super::wire::{Finding, Process as WireProcess};
use crate::wire::Text;

const NAME_BYTES: usize = 512;
const PATH_BYTES: usize = 4096;
const MOST_ADDRESSES: usize = 16;
const MOST_TACTICS: usize = 16;

/// The detection's particulars.
pub(super) fn detection(finding: &Finding<'_>, also_involved: Vec<Asset>) -> Detection {
    Detection {
        techniques: Vec::new(),
        tactics: tactics(finding),
        principal: Untrusted::from(principal(finding).unwrap_or_default()).capped(NAME_BYTES),
        processes: finding.process.iter().filter_map(process).collect(),
        remote_addresses: addresses(finding),
        also_involved,
    }
}

/// The second part of `TTPs/Persistence/…`.
fn tactics(finding: &Finding<'_>) -> Vec<String> {
    let second = |t: &str| t.strip_prefix("TTPs/")?.split('/').next().map(str::to_owned);
    let mut tactics: Vec<String> = types(finding).take(MOST_TACTICS).filter_map(second).collect();
    tactics.retain(|t| !t.is_empty() && t.len() <= NAME_BYTES);
    tactics.sort_unstable();
    tactics.dedup();
    tactics
}

fn principal<'f>(finding: &'f Finding<'_>) -> Option<&'f str> {
    let keys = finding.resources.iter().map(|r| &r.details.access_key);
    keys.flat_map(|k| [&k.principal_name, &k.user_name]).find_map(Text::get)
}

fn process(process: &WireProcess<'_>) -> Option<Process> {
    let name = process.path.get().or(process.name.get())?;
    Some(Process {
        name: Untrusted::from(name).capped(PATH_BYTES),
        pid: process.pid.integer(),
        ..Process::default()
    })
}

/// The addresses on the other side: told by the action, by GuardDuty's own fields, by the network.
fn addresses(finding: &Finding<'_>) -> Vec<String> {
    let (action, network) = (&finding.action, &finding.network);
    let probes = action.probe.details.iter().map(|d| &d.remote.v4);
    let told = finding
        .product_fields
        .iter()
        .filter(|(name, _)| name.ends_with("emoteIpDetails/ipAddressV4"))
        .map(|(_, address)| address);
    let other_side = match network.direction.or_empty().to_ascii_uppercase().as_str() {
        "OUT" => [&network.destination_v4, &network.destination_v6],
        _ => [&network.source_v4, &network.source_v6],
    };
    let mut addresses: Vec<String> = Vec::new();
    let all = [&action.connection.remote.v4, &action.api_call.remote.v4];
    for address in all.into_iter().chain(probes).chain(told).chain(other_side) {
        let Some(address) = address.get().filter(|a| a.len() <= NAME_BYTES) else { continue };
        if addresses.len() < MOST_ADDRESSES && !addresses.iter().any(|a| a == address) {
            addresses.push(address.to_owned());
        }
    }
    addresses
}
