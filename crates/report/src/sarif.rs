//! SARIF 2.1.0 (OASIS): one run, controls as rules, issues as results.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quell_model::Severity;
use serde_json::{Value, json};

use crate::escape::plain;
use crate::{IssueReport, Options, Report};

/// Writes it.
pub(crate) fn write(report: &Report, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for issue in &report.issues {
        let highest = score(issue);
        rules.entry(rule_id(issue)).or_insert_with(|| {
            json!({
                "id": rule_id(issue),
                "shortDescription": {"text": plain(issue.title.raw())},
                "properties": {"security-severity": highest, "tags": ["security", issue.class.as_str()]},
            })
        });
    }
    let results: Vec<Value> = report.issues.iter().map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Quell",
                "version": report.quell_version,
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn rule_id(issue: &IssueReport) -> String {
    let first = issue.findings.first();
    issue
        .control
        .clone()
        .or_else(|| issue.vulnerability.clone())
        .or_else(|| first.map(|f| format!("{}/{}", f.source, plain(f.rule.raw()))))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Risk on SARIF's scale for `security-severity`, 0.0 to 10.0.
fn score(issue: &IssueReport) -> String {
    format!("{:.1}", f64::from(issue.risk.score) / 100.0)
}

fn result(issue: &IssueReport) -> Value {
    let mut result = json!({
        "ruleId": rule_id(issue),
        "level": level(issue.severity),
        "message": {"text": format!("{} ({})", plain(issue.title.raw()), issue.asset)},
        "partialFingerprints": {"quell/v1": issue.id},
        "properties": {"risk": issue.risk.score, "security-severity": score(issue)},
    });
    let logical = json!([{"fullyQualifiedName": issue.asset, "kind": "resource"}]);
    let location = match &issue.location {
        Some((file, line)) => json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(file.raw())},
                "region": {"startLine": (*line).max(1)},
            },
            "logicalLocations": logical,
        }),
        None => json!({"logicalLocations": logical}),
    };
    if let Some(object) = result.as_object_mut() {
        object.insert("locations".to_owned(), json!([location]));
    }
    result
}

/// A relative URI reference: everything but unreserved characters and `/` is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational | Severity::Low => "note",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::High | Severity::Critical => "error",
    }
}
