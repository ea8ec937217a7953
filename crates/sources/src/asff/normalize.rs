//! From one ASFF finding to records.

use quell_model::{
    Asset, Detection, Evidence, Finding, FindingClass, Location, Record, Rule, Scope, Timestamp,
    Tool, Untrusted,
};

use super::class::{CheckResult, class, result, severity, severity_native, status};
use super::detection::detection;
use super::resource::{account, assets, region};
use super::rule::{product, rule};
use super::vulnerability::{listed, told};
use super::wire::{Finding as Wire, Vulnerability as WireVulnerability};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;
const WORD_BYTES: usize = 64;
const ID_BYTES: usize = 2048;
const FACT_BYTES: usize = 1024;
const MOST_FACTS: usize = 8;
const MOST_LISTED: usize = 32;
const MOST_REFERENCES: usize = 8;
/// Findings that are made of one record; resources times vulnerabilities stay far below.
const MOST_VULNERABILITIES: usize = 1024;

/// Makes the findings of a record, or the evidence that a check passed.
pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Wire<'_> = serde_json::from_str(record.text)?;
    if wire.title.get().is_none() && wire.generator_id.get().is_none() {
        return Err(Rejection::new("`Title` and `GeneratorId` are both missing"));
    }
    let mut assets = assets(&wire);
    if assets.is_empty() {
        return Err(Rejection::new("`Resources[].Id` and `AwsAccountId` are both missing"));
    }
    let tool = Tool { product: product(&wire), format: "asff".to_owned() };
    let class = class(&wire, &tool.product);
    let rule = rule(&wire, &tool.product);
    let is_detection = class == FindingClass::Detection;
    let also_involved = if is_detection { assets.split_off(1) } else { Vec::new() };
    let detection = is_detection.then(|| Box::new(detection(&wire, also_involved)));
    let base = Base { wire: &wire, tool, class, rule, detection };
    for asset in assets {
        base.push(asset, output);
    }
    Ok(())
}

/// What all the records made of one finding share.
struct Base<'w, 'a> {
    wire: &'w Wire<'a>,
    tool: Tool,
    class: FindingClass,
    rule: Rule,
    detection: Option<Box<Detection>>,
}

impl Base<'_, '_> {
    /// Evidence where the check did not fail, else one finding for each vulnerability.
    fn push(&self, asset: Asset, output: &mut Output) {
        let passed = match result(self.wire) {
            CheckResult::Failed => None,
            CheckResult::Passed => Some(true),
            CheckResult::Undecided => Some(false),
        };
        if let Some(passed) = passed {
            output.push(Record::Evidence(Box::new(self.evidence(asset, passed))));
            return;
        }
        let finding = self.finding(asset);
        let listed = &self.wire.vulnerabilities;
        if self.class != FindingClass::Vulnerability || listed.is_empty() {
            output.push(Record::Finding(Box::new(finding)));
            return;
        }
        for vulnerability in listed.iter().take(MOST_VULNERABILITIES) {
            let each = with_vulnerability(finding.clone(), vulnerability, listed.len() > 1);
            output.push(Record::Finding(Box::new(each)));
        }
    }

    fn evidence(&self, asset: Asset, passed: bool) -> Evidence {
        Evidence {
            tool: self.tool.clone(),
            native_id: self.native_id(&asset),
            rule: self.rule.clone(),
            scope: self.scope(&asset),
            asset,
            passed,
            result_native: word(self.wire.compliance.status.or_empty()),
            observed: last_seen(self.wire),
        }
    }

    fn finding(&self, asset: Asset) -> Finding {
        let wire = self.wire;
        let (status, status_native) = status(wire, &self.tool.product);
        let title = wire.title.get().unwrap_or(self.rule.id.as_str());
        let told = (self.class == FindingClass::Vulnerability && wire.vulnerabilities.is_empty())
            .then(|| told(wire, &self.rule.id).map(Box::new))
            .flatten();
        Finding {
            tool: self.tool.clone(),
            native_id: self.native_id(&asset),
            class: self.class,
            rule: self.rule.clone(),
            title: Untrusted::from(title).capped(TITLE_BYTES),
            description: wire.description.untrusted(DESCRIPTION_BYTES),
            severity: severity(wire),
            severity_native: word(severity_native(wire)),
            status,
            status_native: word(status_native),
            first_seen: wire.first_observed_at.time().or_else(|| wire.created_at.time()),
            last_seen: last_seen(wire),
            vulnerability: told,
            location: self.location(),
            detection: self.detection.clone(),
            remediation: wire.remediation.recommendation.text.untrusted(DESCRIPTION_BYTES),
            references: [&wire.source_url, &wire.remediation.recommendation.url]
                .into_iter()
                .filter_map(Text::link)
                .collect(),
            evidence: facts(wire),
            scope: self.scope(&asset),
            asset,
        }
    }

    fn native_id(&self, asset: &Asset) -> String {
        match self.wire.id.get() {
            Some(_) => self.wire.id.untrusted(ID_BYTES).raw().to_owned(),
            None => format!("{}|{}", self.rule.id, asset.id.key()),
        }
    }

    /// A Prowler file is the whole result of a scan of one account.
    fn scope(&self, asset: &Asset) -> Option<Scope> {
        if self.tool.product != "prowler" {
            return None;
        }
        let account = account(self.wire).unwrap_or(asset.id.account.as_str());
        let place = self.wire.resources.first().and_then(|r| region(self.wire, r));
        Some(Scope {
            target: format!("prowler:aws:{account}"),
            check: self.rule.id.clone(),
            place: place.unwrap_or_default().to_owned(),
        })
    }

    /// The file in which Trivy found it.
    fn location(&self) -> Option<Box<Location>> {
        let other = self.wire.resources.first().map(|r| &r.details.other)?;
        let file = other.get("Filename").filter(|_| self.tool.product == "trivy")?;
        file.get()?;
        let file = file.untrusted(ID_BYTES).raw().replace('\\', "/");
        Some(Box::new(Location { file, ..Location::default() }))
    }
}

fn with_vulnerability(
    mut finding: Finding,
    wire: &WireVulnerability<'_>,
    is_one_of_several: bool,
) -> Finding {
    let vulnerability = listed(wire);
    if is_one_of_several {
        finding.native_id = format!("{}#{}", finding.native_id, vulnerability.id);
    }
    if !vulnerability.id.is_empty() {
        finding.rule.id.clone_from(&vulnerability.id);
    }
    if let Some(fix) = wire.packages.first().filter(|p| p.remediation.get().is_some()) {
        finding.remediation = fix.remediation.untrusted(DESCRIPTION_BYTES);
    }
    let links = [&wire.vendor.url].into_iter().chain(&wire.references).filter_map(Text::link);
    let room = MOST_REFERENCES.saturating_sub(finding.references.len());
    finding.references.extend(links.take(room));
    let others = wire.packages.iter().skip(1).filter_map(|p| p.name.get());
    let others = others.take(MOST_LISTED).collect::<Vec<_>>().join(", ");
    if !others.is_empty() && finding.evidence.len() < MOST_FACTS {
        let name = "Vulnerabilities.VulnerablePackages".to_owned();
        finding.evidence.push((name, Untrusted::from(others).capped(FACT_BYTES)));
    }
    finding.vulnerability = Some(Box::new(vulnerability));
    finding
}

/// The latest of the times at which it was seen or changed.
fn last_seen(wire: &Wire<'_>) -> Option<Timestamp> {
    let latest =
        [&wire.last_observed_at, &wire.updated_at].into_iter().filter_map(Text::time).max();
    latest.or_else(|| wire.created_at.time())
}

fn word(text: &str) -> String {
    Untrusted::from(text).capped(WORD_BYTES).raw().to_owned()
}

fn facts(wire: &Wire<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    for reason in wire.compliance.reasons.iter().take(2) {
        let text = reason.description.get().or(reason.code.get()).unwrap_or_default();
        facts.add("Compliance.StatusReasons", text);
    }
    let annotation = wire.product_fields.get("aws/securityhub/annotation");
    facts.add("annotation", annotation.map(Text::or_empty).unwrap_or_default());
    let action = &wire.action;
    facts.add("Action.ActionType", action.kind.or_empty());
    facts.add("AwsApiCallAction.Api", action.api_call.api.or_empty());
    facts.add("AwsApiCallAction.ServiceName", action.api_call.service.or_empty());
    facts.add("DnsRequestAction.Domain", action.dns.domain.or_empty());
    facts.add("Network.DestinationDomain", wire.network.destination_domain.or_empty());
    for malware in wire.malware.iter().take(2) {
        facts.add("Malware", malware.path.get().or(malware.name.get()).unwrap_or_default());
    }
    for indicator in wire.threat_intel.iter().take(2) {
        facts.add("ThreatIntelIndicators", indicator.value.or_empty());
    }
    for name in ["actionType", "awsApiCallAction/api", "awsApiCallAction/serviceName"] {
        let field = format!("aws/guardduty/service/action/{name}");
        let value = wire.product_fields.get(field.as_str());
        facts.add(name, value.map(Text::or_empty).unwrap_or_default());
    }
    facts.add("Note.Text", wire.note.text.or_empty());
    let required = wire.compliance.requirements.iter().filter_map(Text::get).take(MOST_LISTED);
    facts.add("Compliance.RelatedRequirements", &required.collect::<Vec<_>>().join(", "));
    facts.into_vec()
}
