//! From one Inspector finding to records.

use quell_model::{Asset, Finding, FindingClass, Record, Rule, Severity, Status, Tool, Untrusted};

use super::time::time;
use super::wire::Finding as Wire;
use super::{code, network, package, resource};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;
const ID_BYTES: usize = 2048;
const WORD_BYTES: usize = 64;
const MOST_REFERENCES: usize = 8;

/// Makes the findings of a record, bare or within an event.
pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let mut wire: Wire<'_> = serde_json::from_str(record.text)?;
    let mut path = "$";
    if let Some(mut detail) = wire.detail.take() {
        path = "$.detail";
        if detail.account_id.get().is_none() {
            detail.account = wire.account;
        }
        wire = *detail;
    }
    let (class, rule) = class_and_rule(&wire, path)?;
    let assets = resource::assets(&wire);
    if assets.is_empty() {
        let reason = format!("`{path}.resources[].id` and `{path}.awsAccountId` are both missing");
        return Err(Rejection::new(reason));
    }
    for asset in assets {
        let finding = finding(&wire, class, rule.clone(), asset);
        if class == FindingClass::Vulnerability {
            package::push(&wire, &finding, output);
        } else {
            output.push(Record::Finding(Box::new(finding)));
        }
    }
    Ok(())
}

fn class_and_rule(wire: &Wire<'_>, path: &str) -> Result<(FindingClass, Rule), Rejection> {
    let missing = |field: &str| Rejection::new(format!("`{path}.{field}` is missing"));
    match wire.kind.or_empty() {
        "PACKAGE_VULNERABILITY" => {
            let rule = package::rule(&wire.packages)
                .ok_or_else(|| missing("packageVulnerabilityDetails.vulnerabilityId"))?;
            Ok((FindingClass::Vulnerability, rule))
        }
        "NETWORK_REACHABILITY" => Ok((FindingClass::Misconfiguration, network::rule())),
        "CODE_VULNERABILITY" => {
            let rule = code::rule(&wire.code)
                .ok_or_else(|| missing("codeVulnerabilityDetails.detectorId"))?;
            Ok((FindingClass::CodeWeakness, rule))
        }
        "" => Err(missing("type")),
        _ => Err(Rejection::new(format!("`{path}.type` is no type of an Inspector finding"))),
    }
}

fn finding(wire: &Wire<'_>, class: FindingClass, rule: Rule, mut asset: Asset) -> Finding {
    if network::is_from_internet(wire) && class == FindingClass::Misconfiguration {
        asset.signals.internet_exposed = Some(true);
    }
    let title = wire.title.get().unwrap_or(&rule.id);
    let tool = Tool { product: "inspector".to_owned(), format: "inspector2".to_owned() };
    let native_id = match wire.finding_arn.get() {
        Some(_) => wire.finding_arn.untrusted(ID_BYTES).raw().to_owned(),
        None => format!("{}|{}", rule.id, asset.id.key()),
    };
    Finding {
        native_id,
        title: Untrusted::from(title).capped(TITLE_BYTES),
        description: wire.description.untrusted(DESCRIPTION_BYTES),
        severity: Severity::from_word(wire.severity.or_empty()),
        severity_native: wire.severity.untrusted(WORD_BYTES).raw().to_owned(),
        status: status(wire.status.or_empty()),
        status_native: wire.status.untrusted(WORD_BYTES).raw().to_owned(),
        first_seen: time(&wire.first_observed_at),
        last_seen: [&wire.last_observed_at, &wire.updated_at].into_iter().filter_map(time).max(),
        location: if class == FindingClass::CodeWeakness {
            code::location(&wire.code)
        } else {
            None
        },
        remediation: remediation(wire),
        references: references(wire),
        evidence: facts(wire),
        ..Finding::new(tool, class, rule, asset)
    }
}

fn status(word: &str) -> Status {
    match word {
        "SUPPRESSED" => Status::Suppressed,
        "CLOSED" => Status::Resolved,
        _ => Status::Open,
    }
}

/// Inspector writes that it has no advice.
fn remediation(wire: &Wire<'_>) -> Untrusted {
    let text = &wire.remediation.recommendation.text;
    match text.get() {
        Some("None Provided") | None => Untrusted::default(),
        Some(_) => text.untrusted(DESCRIPTION_BYTES),
    }
}

fn references(wire: &Wire<'_>) -> Vec<String> {
    let own = [&wire.remediation.recommendation.url, &wire.packages.source_url];
    let all = own.into_iter().chain(&wire.packages.reference_urls).chain(&wire.code.reference_urls);
    let mut links: Vec<String> = Vec::new();
    for link in all.filter_map(Text::link) {
        if links.len() < MOST_REFERENCES && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

fn facts(wire: &Wire<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    network::add_facts(&mut facts, &wire.network);
    code::add_facts(&mut facts, &wire.code);
    let tags = wire.resources.iter().flat_map(|r| &r.details.image.image_tags);
    let tags: Vec<&str> = tags.filter_map(Text::get).take(16).collect();
    facts.add("image_tags", &tags.join(", "));
    facts.add("last_known_exploit", wire.exploitability.last_known_exploit_at.or_empty());
    facts.add("inspector_score", wire.inspector_score.or_empty());
    facts.into_vec()
}
