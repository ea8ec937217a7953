//! A control of version 1: a finding for each object that failed it, evidence where none did.

use std::collections::BTreeMap;

use quell_model::{
    Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp, Untrusted,
};
use serde_json::Value;

use super::place::{self, Thing};
use super::wire::{ControlReport, Response, RuleReport};
use super::{observed, severity_of, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let control: ControlReport<'_> = serde_json::from_str(record.text)?;
    let id = control.control_id.get().or(control.id.get()).or(control.name.get());
    let Some(id) = id else {
        return Err(Rejection::new("`controlID`, `id` and `name` are missing"));
    };
    let document = record.envelope.document;
    let around = Around {
        rule: Rule {
            id: id.to_owned(),
            title: control.name.untrusted(TITLE_BYTES),
            aliases: Vec::new(),
        },
        control: &control,
        cluster: place::cluster_name(document),
        document,
        observed: observed(document),
    };
    let mut failed: BTreeMap<String, Failure<'_>> = BTreeMap::new();
    for rule in &control.rule_reports {
        for response in rule.rule_responses.iter().filter(|r| is_failure(r)) {
            collect(rule, response, &mut failed);
        }
    }
    for (native, failure) in &failed {
        output.push(around.finding(native, failure));
    }
    if failed.is_empty() {
        output.push(around.evidence());
    }
    Ok(())
}

fn is_failure(response: &Response<'_>) -> bool {
    !matches!(response.rule_status.get(), Some("success" | "passed" | "ignore"))
}

/// What several answers say of one object.
#[derive(Default)]
struct Failure<'r> {
    thing: Thing,
    said: Vec<(&'r RuleReport<'r>, &'r Response<'r>)>,
}

fn collect<'r>(
    rule: &'r RuleReport<'r>,
    response: &'r Response<'r>,
    failed: &mut BTreeMap<String, Failure<'r>>,
) {
    let alert = &response.alert_object;
    let external = Some(&alert.external_objects).filter(|object| object.is_object());
    let objects: Vec<&Value> = match alert.k8s_api_objects.as_slice() {
        [] => external.into_iter().collect(),
        objects => objects.iter().collect(),
    };
    let things: Vec<Thing> = match objects.as_slice() {
        // An alert without an object is about the cluster.
        [] => vec![Thing::default()],
        objects => objects.iter().map(|object| Thing::of_object(object)).collect(),
    };
    for thing in things {
        let failure = failed.entry(thing.native_id()).or_default();
        failure.thing = thing;
        failure.said.push((rule, response));
    }
}

struct Around<'d> {
    rule: Rule,
    control: &'d ControlReport<'d>,
    cluster: &'d str,
    document: &'d Value,
    observed: Option<Timestamp>,
}

impl Around<'_> {
    fn native_id(&self, native: &str) -> String {
        format!("{}|{native}|{}", self.cluster, self.rule.id)
    }

    fn finding(&self, native: &str, failure: &Failure<'_>) -> Record {
        let asset = match native {
            "" => place::target(self.document),
            _ => failure.thing.asset(self.cluster),
        };
        let excepted = failure.said.iter().all(|(_, r)| r.exception.is_some());
        let (severity, severity_native) = self.severity(failure);
        let made = Finding::new(tool(), FindingClass::Misconfiguration, self.rule.clone(), asset);
        Record::Finding(Box::new(Finding {
            native_id: self.native_id(native),
            title: match self.control.name.get() {
                Some(_) => self.control.name.untrusted(TITLE_BYTES),
                None => Untrusted::from(made.rule.id.as_str()),
            },
            description: self.description(failure),
            severity,
            severity_native,
            status: if excepted { Status::Suppressed } else { Status::Open },
            status_native: match excepted {
                true => "failed, with an exception".to_owned(),
                false => "failed".to_owned(),
            },
            last_seen: self.observed,
            location: failure.thing.location(),
            remediation: self.control.remediation.untrusted(DESCRIPTION_BYTES),
            evidence: facts(failure),
            ..made
        }))
    }

    fn severity(&self, failure: &Failure<'_>) -> (Severity, String) {
        let alert = || failure.said.iter().find_map(|(_, r)| r.alert_score.number());
        match self.control.base_score.number().or_else(alert) {
            Some(score) => (severity_of(score), score.to_string()),
            None => (Severity::Unknown, String::new()),
        }
    }

    fn description(&self, failure: &Failure<'_>) -> Untrusted {
        let mut lines: Vec<&str> =
            failure.said.iter().filter_map(|(_, r)| r.alert_message.get()).take(16).collect();
        lines.dedup();
        lines.extend(self.control.description.get());
        Untrusted::from(lines.join("\n")).capped(DESCRIPTION_BYTES)
    }

    /// A control passes where every rule of it ran and none raised an alert.
    fn evidence(&self) -> Record {
        let ran = |rule: &RuleReport<'_>| {
            matches!(rule.rule_status.status.get(), None | Some("success" | "passed"))
        };
        let broken = self.control.rule_reports.iter().find(|rule| !ran(rule));
        let said = match (broken, self.control.rule_reports.is_empty()) {
            (Some(rule), _) => {
                let status = &rule.rule_status;
                format!("{}: {}", status.status.or_empty(), status.message.or_empty())
            }
            (None, true) => "no rule ran".to_owned(),
            (None, false) => "passed".to_owned(),
        };
        Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id: self.native_id("summary"),
            rule: self.rule.clone(),
            asset: place::target(self.document),
            passed: said == "passed",
            result_native: Untrusted::from(said).capped(TITLE_BYTES).raw().to_owned(),
            observed: self.observed,
            scope: None,
        }))
    }
}

fn facts(failure: &Failure<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    let responses = || failure.said.iter().map(|(_, response)| *response);
    let joined = |mut texts: Vec<&str>| {
        texts.dedup();
        texts.truncate(64);
        texts.join(", ")
    };
    let failed = responses().flat_map(|r| &r.failed_paths).filter_map(Text::get);
    facts.add("failed_paths", &joined(failed.collect()));
    let fixes = responses().flat_map(|r| &r.fix_paths).filter_map(|fix| fix.path.get());
    facts.add("fix_paths", &joined(fixes.collect()));
    let rules = failure.said.iter().filter_map(|(rule, _)| rule.name.get());
    facts.add("rules", &joined(rules.collect()));
    let exceptions = responses().filter_map(|r| r.exception.as_ref()?.name.get());
    facts.add("exceptions", &joined(exceptions.collect()));
    facts.into_vec()
}
