//! One line: what an incident is.

use std::collections::BTreeSet;

use quell_model::{FindingClass, Incident, IncidentKind, Provider, Untrusted};

use crate::IssueEvidence;

const MOST_BYTES: usize = 240;

pub(crate) fn title(incident: &Incident, issues: &[IssueEvidence<'_>]) -> Untrusted {
    let Some(lead) = issues.first() else { return Untrusted::default() };
    let of_lead = lead.issue.title.raw();
    let assets: BTreeSet<&str> = issues.iter().map(|i| i.issue.asset.id.key()).collect();
    let name = asset_name(lead);
    let text = match incident.kind {
        IncidentKind::Single => format!("{of_lead}: {name}"),
        IncidentKind::SameFault if assets.len() == 1 => format!("{of_lead}: {name}"),
        IncidentKind::SameFault => format!("{of_lead}: {} assets", assets.len()),
        IncidentKind::SharedFix if assets.len() == 1 => {
            format!("{} faults that one change closes: {name}", issues.len())
        }
        IncidentKind::SharedFix => {
            // The running resource is better known than the block that makes it.
            let runs = issues.iter().find(|i| i.issue.asset.id.provider != Provider::Iac);
            let name = asset_name(runs.unwrap_or(lead));
            format!("{of_lead}: {name}; one change closes {} faults", issues.len())
        }
        IncidentKind::ExploitedVulnerability => {
            let id = of_lead.split(' ').next().unwrap_or(of_lead);
            let places = if assets.len() == 1 { name } else { format!("{} assets", assets.len()) };
            format!("{id} is exploited in the wild: {places}")
        }
        IncidentKind::Exploitation => exploitation(issues, &assets),
        IncidentKind::Campaign => {
            let seen = detection(issues).map_or(of_lead, |i| i.issue.title.raw());
            format!("Campaign over {} assets: {seen}", attacked(issues).len())
        }
        IncidentKind::ByHand if issues.len() == 1 => format!("{of_lead}: {name}"),
        IncidentKind::ByHand => {
            format!("{of_lead}: {name}, and {} more put together by hand", issues.len() - 1)
        }
        IncidentKind::DetectionOnAsset => {
            let seen = detection(issues);
            let name = seen.map_or(name, asset_name);
            let seen = seen.map_or(of_lead, |i| i.issue.title.raw());
            format!("{seen}: {name}, with {} related issues", issues.len() - 1)
        }
        IncidentKind::ProcessTree => {
            format!("{of_lead}: {} detections of one process tree on {name}", issues.len())
        }
    };
    Untrusted::from(text).capped(MOST_BYTES)
}

/// The weakness that is used, and where. Of several the records do not tell which one it was.
fn exploitation(issues: &[IssueEvidence<'_>], assets: &BTreeSet<&str>) -> String {
    let weak = |i: &&IssueEvidence<'_>| i.issue.class == FindingClass::Vulnerability;
    let ids: BTreeSet<&str> = issues.iter().filter(weak).filter_map(|i| weakness(i)).collect();
    // The riskiest first; issues stand in that order.
    let first = issues.iter().filter(weak).find_map(weakness).unwrap_or("a known weakness");
    let attacked = attacked(issues);
    let place = match attacked.len() {
        0 => format!("{} assets", assets.len()),
        1 => detection(issues).map(asset_name).unwrap_or_default(),
        n => format!("{n} assets"),
    };
    let other = ids.iter().find(|id| **id != first).copied().unwrap_or_default();
    match ids.len() {
        0 | 1 => format!("{first} is being exploited on {place}"),
        2 => format!("{first} or {other} is being exploited on {place}"),
        n => format!("{first} or one of {} others is being exploited on {place}", n - 1),
    }
}

fn weakness<'a>(of: &'a IssueEvidence<'_>) -> Option<&'a str> {
    of.issue.title.raw().split(' ').next()
}

fn is_detection(of: &IssueEvidence<'_>) -> bool {
    of.issue.class == FindingClass::Detection
}

/// The riskiest detection.
fn detection<'a, 'b>(issues: &'a [IssueEvidence<'b>]) -> Option<&'a IssueEvidence<'b>> {
    issues.iter().find(|issue| is_detection(issue))
}

/// The assets on which something happened.
fn attacked<'a>(issues: &'a [IssueEvidence<'_>]) -> BTreeSet<&'a str> {
    issues.iter().filter(|i| is_detection(i)).map(|i| i.issue.asset.id.key()).collect()
}

/// A name for people.
pub(crate) fn asset_name(of: &IssueEvidence<'_>) -> String {
    let asset = &of.issue.asset;
    let name = if asset.name.is_empty() { asset.id.name.as_str() } else { asset.name.raw() };
    if name.is_empty() { asset.id.key().to_owned() } else { name.to_owned() }
}
