//! How much of an input the catalogue knows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use quell_model::{Finding, FindingClass, Record, Timestamp};
use quell_sources::intake::{self, Detected, Detection, Item, Limits};

use crate::prepare::{control_of, control_or_words};
use crate::{PipelineError, Setup};

/// Unmapped rules named at most.
const MOST_RULES: usize = 20;

/// How much of an input the catalogue knows.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Coverage {
    /// By tool.
    pub tools: BTreeMap<String, ToolCoverage>,
    /// All tools together.
    pub total: ToolCoverage,
    /// Vulnerabilities and detections, which need no control.
    pub without_need: u64,
    /// The most frequent rules that no control knows.
    pub unmapped: Vec<RuleCount>,
    /// Whether all input was read.
    pub complete: bool,
}

/// The findings of one tool that a control could know, how many it does, and what is left out.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct ToolCoverage {
    /// Findings under rules that a catalogue can know.
    pub findings: u64,
    /// Of those, known to the catalogue.
    pub mapped: u64,
    /// Of the mapped, those known only by what the rule's title says.
    pub by_title: u64,
    /// Beside them, unmapped: rules about a program's own code, and licences.
    pub code: u64,
    /// Beside them, unmapped: rules whose id is none of the vendor's, so a user's own or a test's.
    pub own: u64,
    /// Beside them, unmapped: records that say what kind of finding they are, and no rule.
    pub unnamed: u64,
}

impl ToolCoverage {
    /// The share that is mapped, in per cent; 0 of nothing.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let permille = (self.mapped * 1000).checked_div(self.findings).unwrap_or(0);
        f64::from(u32::try_from(permille).unwrap_or(0)) / 10.0
    }
}

/// A rule and how many findings it raised.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RuleCount {
    /// The tool.
    pub tool: String,
    /// Its rule.
    pub rule: String,
    /// How many findings.
    pub findings: u64,
}

/// Reads inputs and counts; stores nothing.
///
/// # Errors
/// Only where the knowledge itself fails; unreadable input makes the result incomplete.
pub fn coverage(setup: &Setup, paths: &[PathBuf]) -> Result<Coverage, PipelineError> {
    let mut coverage = Coverage { complete: true, ..Coverage::default() };
    let mut unmapped: BTreeMap<(String, String), u64> = BTreeMap::new();
    let limits = Limits::default();
    for found in intake::walk(paths) {
        let detected = found.ok().and_then(|mut input| {
            let detected = intake::detect(&mut input, setup.formats(), &limits).ok()?;
            Some((input, detected))
        });
        let Some((mut input, Detected::Fits(detected))) = detected else {
            coverage.complete = false;
            continue;
        };
        let detected = detected.at(Timestamp::UNIX_EPOCH);
        let summary = intake::read(&mut input, &detected, &limits, &mut |item| {
            for record in records(&item, &detected) {
                count(&mut coverage, &mut unmapped, setup, &record);
            }
            ControlFlow::Continue(())
        });
        coverage.complete &= summary.broke_off.is_none();
    }
    let mut rules: Vec<RuleCount> = unmapped
        .into_iter()
        .map(|((tool, rule), findings)| RuleCount { tool, rule, findings })
        .collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.findings));
    rules.truncate(MOST_RULES);
    coverage.unmapped = rules;
    Ok(coverage)
}

/// The records of an item; none of a reject.
fn records(item: &Item, detected: &Detection) -> Vec<Record> {
    let Item::Batch(batch) = item else { return Vec::new() };
    let normalized = intake::normalize_batch(batch, detected);
    normalized.filter_map(|n| n.result.ok()).flatten().collect()
}

/// Why no catalogue can know a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Code,
    Own,
    Unnamed,
}

/// What the id of a rule tells of it.
type Told = fn(&str) -> Option<Beyond>;

/// Vendors whose ids of rules tell what is not theirs.
const IDS: &[(&str, Told)] = &[("lacework", lacework), ("prisma", prisma), ("wiz", wiz)];

fn beyond(class: FindingClass, product: &str, id: &str) -> Option<Beyond> {
    match class {
        FindingClass::CodeWeakness | FindingClass::License => return Some(Beyond::Code),
        FindingClass::Misconfiguration
        | FindingClass::Vulnerability
        | FindingClass::Detection
        | FindingClass::Secret
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::AttackPath => {}
    }
    let (_, told) = IDS.iter().find(|(tool, _)| *tool == product)?;
    told(id)
}

/// Lacework's own are `lacework-global-46` or a benchmark's number; `CUSTOM_…` is a tenant's.
fn lacework(id: &str) -> Option<Beyond> {
    id.starts_with("CUSTOM_").then_some(Beyond::Own)
}

/// A policy's id is a UUID; one that is cut into groups like one, and is none, is nobody's.
fn prisma(id: &str) -> Option<Beyond> {
    (id.split('-').count() == 5 && !is_uuid(id)).then_some(Beyond::Own)
}

/// Wiz's own ids are UUIDs, `wc-id-1335`, `cer-…` or short ones (`S3-001`). A table may give a
/// name in place of an id.
fn wiz(id: &str) -> Option<Beyond> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
        return Some(Beyond::Unnamed);
    }
    let prefixed = ["wc-id-", "cer-"].iter().any(|prefix| id.starts_with(prefix));
    let short = id.starts_with(|first: char| first.is_ascii_uppercase());
    let known = id.is_empty() || id.contains(' ') || prefixed || short || is_uuid(id);
    (!known).then_some(Beyond::Own)
}

fn is_uuid(id: &str) -> bool {
    let groups = id.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn count(
    coverage: &mut Coverage,
    unmapped: &mut BTreeMap<(String, String), u64>,
    setup: &Setup,
    record: &Record,
) {
    let Record::Finding(finding) = record else { return };
    if matches!(
        finding.class,
        FindingClass::Vulnerability | FindingClass::Detection | FindingClass::AttackPath
    ) {
        coverage.without_need += 1;
        return;
    }
    let named = control_of(setup.catalog(), finding).is_some();
    let mapped = named || control_or_words(setup.catalog(), finding).is_some();
    let product = &finding.tool.product;
    // What a control knows is known, whatever its id looks like.
    let beyond = if mapped { None } else { beyond(finding.class, product, &finding.rule.id) };
    for tool in [coverage.tools.entry(product.clone()).or_default(), &mut coverage.total] {
        match beyond {
            Some(Beyond::Code) => tool.code += 1,
            Some(Beyond::Own) => tool.own += 1,
            Some(Beyond::Unnamed) => tool.unnamed += 1,
            None => tool.findings += 1,
        }
        tool.mapped += u64::from(mapped);
        tool.by_title += u64::from(mapped && !named);
    }
    if !mapped && beyond.is_none() {
        *unmapped.entry(rule_name(finding)).or_default() += 1;
    }
}

fn rule_name(finding: &Finding) -> (String, String) {
    let rule = match (finding.rule.id.as_str(), finding.rule.title.raw()) {
        ("", title) => title.to_owned(),
        (id, "") => id.to_owned(),
        (id, title) => format!("{id} {title}"),
    };
    (finding.tool.product.clone(), rule.chars().filter(|c| !c.is_control()).take(100).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_catalogue_can_know_is_told_by_class_and_by_the_vendors_ids() {
        let setting = FindingClass::Misconfiguration;
        let uuid = "1a2b3c4d-0000-4000-8000-00000000abcd";
        let cases = [
            (setting, "prisma", uuid, None),
            (setting, "prisma", "PC-AWS-S3-29", None),
            (setting, "prisma", "41", None),
            (setting, "prisma", "77-5a19-4afb-b75e-77", Some(Beyond::Own)),
            (setting, "lacework", "lacework-global-46", None),
            (setting, "lacework", "CUSTOM_PLATFORM_7", Some(Beyond::Own)),
            (setting, "wiz", uuid, None),
            (setting, "wiz", "wc-id-1335", None),
            (setting, "wiz", "S3-001", None),
            (setting, "wiz", "Bucket is public", None),
            (setting, "wiz", "", None),
            (setting, "wiz", "rule-7", Some(Beyond::Own)),
            (setting, "wiz", "CLOUD_CONFIGURATION", Some(Beyond::Unnamed)),
            (setting, "unheard", "rule-7", None),
            (FindingClass::CodeWeakness, "orca", "weak_hash", Some(Beyond::Code)),
            (FindingClass::Secret, "orca", "weak_hash", None),
        ];
        for (class, product, id, expected) in cases {
            assert_eq!(beyond(class, product, id), expected, "{product} {id}");
        }
    }
}
