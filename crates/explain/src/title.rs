//! One line: what an incident is.

use std::collections::BTreeSet;

use quell_model::{Incident, IncidentKind, Provider, Untrusted};

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
        IncidentKind::DetectionOnAsset => {
            let seen =
                issues.iter().find(|i| i.findings.iter().any(|(_, f, _)| f.detection.is_some()));
            let seen = seen.map_or(of_lead, |i| i.issue.title.raw());
            format!("{seen}: {name}, which has {} open issues", issues.len())
        }
        IncidentKind::ProcessTree => {
            format!("{of_lead}: {} detections of one process tree on {name}", issues.len())
        }
    };
    Untrusted::from(text).capped(MOST_BYTES)
}

/// A name for people.
pub(crate) fn asset_name(of: &IssueEvidence<'_>) -> String {
    let asset = &of.issue.asset;
    let name = if asset.name.is_empty() { asset.id.name.as_str() } else { asset.name.raw() };
    if name.is_empty() { asset.id.key().to_owned() } else { name.to_owned() }
}
