//! A scanned thing of version 2: each control that ran on it is a finding or evidence.

use quell_model::{
    Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp, Untrusted,
};
use serde_json::Value;

use super::place::{self, Thing};
use super::wire::{Control, Path, RuleRun, Scanned};
use super::{observed, severity_of, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const ADVICE_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let scanned: Scanned<'_> = serde_json::from_str(record.text)?;
    let document = record.envelope.document;
    let own = Some(&scanned.raw_resource).filter(|raw| raw.is_object());
    let id = match (scanned.resource_id.get(), own.and_then(|raw| place::text(raw, "resourceID"))) {
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(Rejection::new("`resourceID` is missing")),
    };
    let at = record.indices.first().copied().unwrap_or(0);
    let around = Around {
        thing: Thing::of(id, own.or_else(|| place::resource(document, id, at))),
        cluster: place::cluster_name(document),
        document,
        observed: observed(document),
    };
    for control in &scanned.controls {
        output.push(around.judged(control.control_id.or_empty(), control));
    }
    if output.records.is_empty() {
        // No control ran on it; that it is there is known all the same.
        output.push(Record::Asset(Box::new(around.thing.asset(around.cluster))));
    }
    Ok(())
}

/// What is said of a control on one thing.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Failed,
    /// It fails, and an exception says that this is accepted.
    Excepted,
    Passed,
    /// Skipped, irrelevant, or waiting for a person.
    Undecided,
}

/// What all controls of a thing have in common.
pub(super) struct Around<'d> {
    pub(super) thing: Thing,
    pub(super) cluster: &'d str,
    /// The report, for its summary; null where there is none.
    pub(super) document: &'d Value,
    pub(super) observed: Option<Timestamp>,
}

impl Around<'_> {
    /// A control as a finding, or as evidence.
    pub(super) fn judged(&self, id: &str, control: &Control<'_>) -> Record {
        let (verdict, said) = verdict(control);
        let native_id = format!("{}|{}|{id}", self.cluster, self.thing.native_id());
        let rule = Rule {
            id: id.to_owned(),
            title: control.name.untrusted(TITLE_BYTES),
            aliases: Vec::new(),
        };
        let asset = self.thing.asset(self.cluster);
        let status = match verdict {
            Verdict::Failed => Status::Open,
            Verdict::Excepted => Status::Suppressed,
            Verdict::Passed | Verdict::Undecided => {
                return Record::Evidence(Box::new(Evidence {
                    tool: tool(),
                    native_id,
                    rule,
                    asset,
                    passed: verdict == Verdict::Passed,
                    result_native: said,
                    observed: self.observed,
                    scope: None,
                }));
            }
        };
        let (severity, severity_native) = self.severity(id, control);
        let made = Finding::new(tool(), FindingClass::Misconfiguration, rule, asset);
        Record::Finding(Box::new(Finding {
            native_id,
            title: match control.name.get() {
                Some(_) => control.name.untrusted(TITLE_BYTES),
                None => Untrusted::from(made.rule.id.as_str()),
            },
            severity,
            severity_native,
            status,
            status_native: said,
            last_seen: self.observed,
            location: self.thing.location(),
            remediation: advice(control),
            evidence: facts(control),
            ..made
        }))
    }

    /// The word beside the control, else the summary's word or score.
    fn severity(&self, id: &str, control: &Control<'_>) -> (Severity, String) {
        if !control.severity.is_empty() {
            return (Severity::from_word(&control.severity), control.severity.clone());
        }
        let controls = self.document.pointer("/summaryDetails/controls");
        let summary = controls.and_then(|all| all.get(id));
        let Some(summary) = summary else { return (Severity::Unknown, String::new()) };
        if let Some(word) = place::text(summary, "severity") {
            return (Severity::from_word(word), word.to_owned());
        }
        match summary.get("scoreFactor").and_then(Value::as_f64) {
            Some(score) => (severity_of(score), score.to_string()),
            None => (Severity::Unknown, String::new()),
        }
    }
}

/// What a control says of itself, else what its rules say, with the words for it.
fn verdict(control: &Control<'_>) -> (Verdict, String) {
    let field = |name| place::text(&control.status, name).unwrap_or_default();
    let (status, sub) = match control.status.as_str() {
        Some(word) => (word, ""),
        None => (field("status"), field("subStatus")),
    };
    if status.is_empty() {
        return of_rules(&control.rules);
    }
    let excepted = control.rules.iter().any(is_excepted);
    let verdict = match (status, sub) {
        ("failed", _) => Verdict::Failed,
        ("passed", "w/exceptions") | ("excluded", _) => Verdict::Excepted,
        ("passed", "") if excepted => Verdict::Excepted,
        ("passed", "") => Verdict::Passed,
        _ => Verdict::Undecided,
    };
    let said = if sub.is_empty() { status.to_owned() } else { format!("{status}: {sub}") };
    (verdict, said)
}

/// A rule fails, and an exception takes it out.
fn is_excepted(rule: &RuleRun<'_>) -> bool {
    let by_word = rule.sub_status.get() == Some("w/exceptions");
    by_word
        || (rule.status == "failed" && (!rule.exception.is_empty() || !rule.ignored_by.is_empty()))
}

/// Before 2023 only rules had a status.
fn of_rules(rules: &[RuleRun<'_>]) -> (Verdict, String) {
    let has = |word: &str| rules.iter().any(|rule| rule.status == word);
    let fails = |rule: &RuleRun<'_>| rule.status == "failed" && !is_excepted(rule);
    let (verdict, said) = match rules {
        [] => (Verdict::Undecided, "no rule ran"),
        rules if rules.iter().any(fails) => (Verdict::Failed, "failed"),
        rules if rules.iter().any(is_excepted) || has("excluded") => {
            (Verdict::Excepted, "failed, with an exception")
        }
        rules if rules.iter().all(|rule| rule.status == "passed") => (Verdict::Passed, "passed"),
        [first, ..] => (
            Verdict::Undecided,
            match first.status.as_str() {
                "" => "no status",
                status => status,
            },
        ),
    };
    (verdict, said.to_owned())
}

fn paths<'c>(control: &'c Control<'_>) -> impl Iterator<Item = &'c Path<'c>> {
    let failed = |rule: &&RuleRun<'_>| rule.status != "passed";
    control.rules.iter().filter(failed).flat_map(|rule| &rule.paths)
}

/// The path to set, and to what.
fn fix<'p>(path: &'p Path<'_>) -> Option<(&'p str, &'p str)> {
    match path.fix_path.as_str() {
        Some("") => None,
        Some(at) => Some((at, path.fix_path_value.or_empty())),
        None => {
            let value = place::text(&path.fix_path, "value").unwrap_or_default();
            Some((place::text(&path.fix_path, "path")?, value))
        }
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut all: Vec<&str> = texts.take(64).collect();
    all.dedup();
    all.join(", ")
}

fn facts(control: &Control<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    let rules = || control.rules.iter().filter(|rule| rule.status != "passed");
    facts.add("failed_paths", &joined(paths(control).filter_map(|p| p.failed_path.get())));
    facts.add("review_paths", &joined(paths(control).filter_map(|p| p.review_path.get())));
    facts.add("delete_paths", &joined(paths(control).filter_map(|p| p.delete_path.get())));
    facts.add("fix_paths", &joined(paths(control).filter_map(|p| fix(p)).map(|(at, _)| at)));
    facts.add("rules", &joined(rules().filter_map(|rule| rule.name.get())));
    let named = rules().flat_map(|rule| &rule.exception).filter_map(|e| e.name.get());
    let exceptions = named.chain(rules().flat_map(|rule| &rule.ignored_by).filter_map(Text::get));
    facts.add("exceptions", &joined(exceptions));
    facts.add("related", &joined(rules().flat_map(|rule| &rule.related).filter_map(Text::get)));
    facts.into_vec()
}

/// The fix that Kubescape proposes: one setting a line.
fn advice(control: &Control<'_>) -> Untrusted {
    let mut lines: Vec<String> = Vec::new();
    for path in paths(control).take(64) {
        lines.extend(fix(path).map(|(at, value)| match value {
            "" => format!("set {at}"),
            value => format!("set {at} to {value}"),
        }));
        lines.extend(path.delete_path.get().map(|at| format!("remove {at}")));
        lines.extend(path.fix_command.get().map(|command| format!("run {command}")));
    }
    lines.dedup();
    Untrusted::from(lines.join("\n")).capped(ADVICE_BYTES)
}
