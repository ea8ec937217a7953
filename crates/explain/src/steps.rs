//! What to do, how it came to be, and what an attacker would use it for.

use std::collections::BTreeMap;

use quell_model::{FindingClass, Untrusted};

use crate::IssueEvidence;
use crate::title::asset_name;

const MOST_BYTES: usize = 600;
/// Packages named in a step.
const MOST_PACKAGES: usize = 5;

pub(crate) fn steps(issues: &[IssueEvidence<'_>]) -> Vec<Untrusted> {
    let Some(lead) = issues.first() else { return Vec::new() };
    let is_seen = |issue: &&IssueEvidence<'_>| issue.issue.class == FindingClass::Detection;
    let upgrades = upgrades(issues);
    let seen = issues.iter().find(is_seen).filter(|_| !is_seen(&lead) || !upgrades.is_empty());
    // What closes the hole does not end what came in through it.
    let contain = seen.map(|seen| {
        let name = asset_name(seen);
        Untrusted::from(format!("Contain {name} and keep its evidence: something happened there."))
            .capped(MOST_BYTES)
    });
    contain.into_iter().chain(steps_of(lead, upgrades)).collect()
}

fn steps_of(lead: &IssueEvidence<'_>, upgrades: String) -> Vec<Untrusted> {
    if !upgrades.is_empty() {
        return vec![
            Untrusted::from(upgrades),
            Untrusted::from("Scan again; Quell closes what is gone."),
        ];
    }
    if let Some(control) = lead.control {
        let filled = |step: &String| Untrusted::from(step.replace("{asset}", &asset_name(lead)));
        return control.explain.steps.iter().map(filled).collect();
    }
    let own = lead.findings.iter().map(|(_, f, _)| &f.remediation).find(|r| !r.is_empty());
    if let Some(own) = own {
        return vec![own.clone().capped(MOST_BYTES)];
    }
    let step = match lead.issue.class {
        FindingClass::Detection => {
            "Find out whether this was meant; if not, contain the asset and keep its evidence."
        }
        FindingClass::Secret => "Revoke the secret, replace it, and take it out of the history.",
        FindingClass::Vulnerability => {
            "No fixed version is known: restrict access, and watch for one."
        }
        FindingClass::Misconfiguration
        | FindingClass::CodeWeakness
        | FindingClass::AttackPath
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => {
            "Read the tool's finding; the catalogue does not know this rule yet."
        }
    };
    vec![Untrusted::from(step)]
}

/// `Upgrade a to 1.2, b to 3.4 and 7 more packages.`; empty where no version is known.
fn upgrades(issues: &[IssueEvidence<'_>]) -> String {
    let mut packages: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, finding, _) in issues.iter().flat_map(|i| &i.findings) {
        let Some(weakness) = finding.vulnerability.as_deref() else { continue };
        if let Some(fixed) = weakness.fixed_version.as_deref().filter(|v| !v.is_empty()) {
            packages.insert(weakness.package.as_str(), fixed);
        }
    }
    let named: Vec<String> = packages
        .iter()
        .take(MOST_PACKAGES)
        .map(|(package, fixed)| format!("{package} to {fixed}"))
        .collect();
    match packages.len() {
        0 => String::new(),
        n if n > MOST_PACKAGES => {
            format!("Upgrade {} and {} more packages.", named.join(", "), n - MOST_PACKAGES)
        }
        _ => format!("Upgrade {}.", named.join(", ")),
    }
}

pub(crate) fn cause(lead: Option<&IssueEvidence<'_>>) -> String {
    let Some(lead) = lead else { return String::new() };
    if let Some(control) = lead.control {
        return control.explain.cause.replace("{asset}", &asset_name(lead));
    }
    match lead.issue.class {
        FindingClass::Vulnerability => "The package is older than the version that fixes it.",
        FindingClass::Secret => "A secret was written down where it is read with the code.",
        FindingClass::Detection | FindingClass::AttackPath => {
            "The cause is not known from these records alone."
        }
        FindingClass::Misconfiguration
        | FindingClass::CodeWeakness
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => "Most likely a default that was never changed.",
    }
    .to_owned()
}

pub(crate) fn intent(lead: Option<&IssueEvidence<'_>>) -> String {
    let Some(lead) = lead else { return String::new() };
    if let Some(control) = lead.control {
        return control.explain.intent.replace("{asset}", &asset_name(lead));
    }
    let detections = lead.findings.iter().filter_map(|(_, f, _)| f.detection.as_deref());
    let mut techniques: Vec<&str> =
        detections.flat_map(|d| d.techniques.iter().map(String::as_str)).collect();
    techniques.sort_unstable();
    techniques.dedup();
    if !techniques.is_empty() {
        return format!("What was seen fits ATT&CK {}.", techniques.join(", "));
    }
    match lead.issue.class {
        FindingClass::Vulnerability => {
            "To run code or read data through the flawed package, if it can be reached."
        }
        FindingClass::Secret => "To act as whoever the secret belongs to.",
        FindingClass::Detection => "Not known: the records name no technique.",
        FindingClass::Misconfiguration
        | FindingClass::CodeWeakness
        | FindingClass::AttackPath
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => {
            "To get in, to stay, or to read data, depending on what else is open."
        }
    }
    .to_owned()
}
