//! Compliance reports: a benchmark's controls with the checks behind them, or with sums only.

use quell_model::{
    Asset, Evidence, Finding, FindingClass, Record, Rule, Severity, Timestamp, Tool, Untrusted,
};

use super::normalize::{rule, said_by, tool};
use super::wire::{Check, ControlResult, ControlSum, Report, Status};
use super::workload::{Workload, cluster};
use crate::wire::{Facts, Text};
use crate::{Output, Rejection};

const TITLE_BYTES: usize = 512;

struct Benchmark<'r> {
    id: &'r str,
    asset: Asset,
    tool: Tool,
    observed: Option<Timestamp>,
}

pub(super) fn normalize(
    report: &Report<'_>,
    status: &Status<'_>,
    output: &mut Output,
) -> Result<(), Rejection> {
    let named = &report.spec.compliance;
    let id = named.id.get().or(report.metadata.name.get()).unwrap_or("compliance");
    let benchmark = Benchmark {
        id,
        asset: cluster(named.title.get().unwrap_or(id)),
        tool: tool(&Text::EMPTY),
        observed: status.update_timestamp.time(),
    };
    for control in &status.detail_report.results {
        detailed(&benchmark, control, output);
    }
    for control in &status.summary_report.control_check {
        output.push(summed(&benchmark, control));
    }
    if output.records.is_empty() {
        // The operator made the report, and has not filled it yet.
        output.push(Record::Asset(Box::new(benchmark.asset)));
    }
    Ok(())
}

fn detailed(benchmark: &Benchmark<'_>, control: &ControlResult<'_>, output: &mut Output) {
    let (ran, unnamed): (Vec<&Check<'_>>, Vec<&Check<'_>>) =
        control.checks.iter().partition(|check| check.check_id.get().is_some());
    for check in &ran {
        output.push(checked(benchmark, control, check));
    }
    if ran.is_empty() {
        output.push(without_check(benchmark, control, &unnamed));
    }
}

/// A control for which no check ran is neither passed nor failed, unless the benchmark itself says
/// that it fails.
fn without_check(
    benchmark: &Benchmark<'_>,
    control: &ControlResult<'_>,
    unnamed: &[&Check<'_>],
) -> Record {
    let failed = unnamed.iter().any(|check| check.success.get() == Some("false"));
    let said = control.status.get().unwrap_or("no check ran");
    let rule = control_rule(benchmark, &control.id, &control.name);
    let native_id = format!("{}|{}", benchmark.id, control.id.or_empty());
    if failed || said == "FAIL" {
        let made = of_control(benchmark, rule, &control.severity);
        return Record::Finding(Box::new(Finding {
            native_id,
            status_native: control.status.get().unwrap_or("success: false").to_owned(),
            ..made
        }));
    }
    evidence(benchmark, (native_id, rule), false, said)
}

fn checked(benchmark: &Benchmark<'_>, control: &ControlResult<'_>, check: &Check<'_>) -> Record {
    let target = check.target.or_empty();
    let asset = Workload::of_target(target).map_or_else(|| benchmark.asset.clone(), |w| w.asset());
    let rule = rule(check);
    let native_id = format!("{}|{}|{}|{target}", benchmark.id, control.id.or_empty(), rule.id);
    if check.success.is_true() {
        let on_target = Benchmark { asset, tool: benchmark.tool.clone(), ..*benchmark };
        return evidence(&on_target, (native_id, rule), true, "success");
    }
    let severity = check.severity.get().or(control.severity.get());
    let made = Finding {
        native_id,
        severity: severity.map_or(Severity::Unknown, Severity::from_word),
        severity_native: severity.unwrap_or_default().to_owned(),
        last_seen: benchmark.observed,
        ..Finding::new(benchmark.tool.clone(), FindingClass::Misconfiguration, rule, asset)
    };
    let mut made = said_by(check, made);
    let mut facts = Facts::default();
    facts.add("benchmark", benchmark.id);
    facts.add("control", control.id.or_empty());
    facts.add("control_name", control.name.or_empty());
    made.evidence.extend(facts.into_vec());
    Record::Finding(Box::new(made))
}

fn summed(benchmark: &Benchmark<'_>, control: &ControlSum<'_>) -> Record {
    let rule = control_rule(benchmark, &control.id, &control.name);
    let native_id = format!("{}|{}", benchmark.id, control.id.or_empty());
    let failed = match control.total_fail.integer() {
        // Without a number nothing checks the control.
        None => return evidence(benchmark, (native_id, rule), false, "no check ran"),
        Some(..=0) => return evidence(benchmark, (native_id, rule), true, "totalFail: 0"),
        Some(failed) => failed,
    };
    let made = of_control(benchmark, rule, &control.severity);
    let mut facts = Facts::default();
    facts.add("total_fail", &failed.to_string());
    Record::Finding(Box::new(Finding {
        native_id,
        status_native: format!("totalFail: {failed}"),
        evidence: facts.into_vec(),
        ..made
    }))
}

/// A benchmark's own number says nothing without the benchmark.
fn control_rule(benchmark: &Benchmark<'_>, id: &Text<'_>, name: &Text<'_>) -> Rule {
    let id = format!("{}-{}", benchmark.id, id.or_empty());
    Rule { id, title: name.untrusted(TITLE_BYTES), aliases: Vec::new() }
}

fn of_control(benchmark: &Benchmark<'_>, rule: Rule, severity: &Text<'_>) -> Finding {
    let title = match rule.title.is_empty() {
        true => Untrusted::from(rule.id.as_str()),
        false => rule.title.clone(),
    };
    let asset = benchmark.asset.clone();
    Finding {
        title,
        severity: severity.get().map_or(Severity::Unknown, Severity::from_word),
        severity_native: severity.or_empty().to_owned(),
        last_seen: benchmark.observed,
        ..Finding::new(benchmark.tool.clone(), FindingClass::Misconfiguration, rule, asset)
    }
}

fn evidence(
    benchmark: &Benchmark<'_>,
    (native_id, rule): (String, Rule),
    passed: bool,
    said: &str,
) -> Record {
    Record::Evidence(Box::new(Evidence {
        tool: benchmark.tool.clone(),
        native_id,
        rule,
        asset: benchmark.asset.clone(),
        passed,
        result_native: said.to_owned(),
        observed: benchmark.observed,
        scope: None,
    }))
}
