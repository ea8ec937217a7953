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

/// The findings of one tool that need a control, and how many have one.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct ToolCoverage {
    /// Findings that need a control.
    pub findings: u64,
    /// Of those, known to the catalogue.
    pub mapped: u64,
    /// Of the mapped, those known only by what the rule's title says.
    pub by_title: u64,
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
    for tool in
        [coverage.tools.entry(finding.tool.product.clone()).or_default(), &mut coverage.total]
    {
        tool.findings += 1;
        tool.mapped += u64::from(mapped);
        tool.by_title += u64::from(mapped && !named);
    }
    if !mapped {
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
