//! SARIF 2.1.0 (OASIS): one run, controls as rules, issues as results.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quell_model::Severity;
use serde_json::{Value, json};

use crate::escape::plain;
use crate::words::grade_words;
use crate::{FixReport, IssueReport, Options, Report};

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
    let results: Vec<Value> = report.issues.iter().map(|issue| result(issue, report)).collect();
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

fn result(issue: &IssueReport, report: &Report) -> Value {
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
        let is_its = |fix: &&FixReport| fix.state == "proved" && fix.closes.contains(&issue.id);
        let fixes: Vec<Value> = report.fixes.iter().filter(is_its).map(fix).collect();
        if !fixes.is_empty() {
            object.insert("fixes".to_owned(), fixes.into());
        }
    }
    result
}

/// A proved fix (section 3.55): whole lines that are replaced in one file.
fn fix(fix: &FixReport) -> Value {
    let replacements = hunks(fix.diff.raw());
    let replacement = |hunk: Hunk| {
        json!({
            "deletedRegion": {
                "startLine": hunk.start, "startColumn": 1,
                "endLine": hunk.start + hunk.lines, "endColumn": 1,
            },
            "insertedContent": {"text": hunk.text},
        })
    };
    let description = format!("{} ({})", fix.title, grade_words(fix));
    json!({
        "description": {"text": plain(&description)},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(fix.file.raw())},
            "replacements": replacements.into_iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

/// What one part of a diff puts in the place of lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hunk {
    start: u32,
    lines: u32,
    text: String,
}

/// The parts of a unified diff of one file.
fn hunks(diff: &str) -> Vec<Hunk> {
    let mut found: Vec<Hunk> = Vec::new();
    for line in diff.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("@@ -") {
            let start = head.split([',', ' ']).next().and_then(|n| n.parse().ok());
            found.push(Hunk { start: start.unwrap_or(1), ..Hunk::default() });
            continue;
        }
        // The two lines above the first part name the file.
        let Some(hunk) = found.last_mut() else { continue };
        match line.bytes().next() {
            Some(b' ') => {
                hunk.lines += 1;
                hunk.text.push_str(line.get(1..).unwrap_or_default());
            }
            Some(b'-') => hunk.lines += 1,
            Some(b'+') => hunk.text.push_str(line.get(1..).unwrap_or_default()),
            _ => {}
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunk_replaces_whole_lines() {
        let diff =
            "--- a/x.tf\n+++ b/x.tf\n@@ -2,2 +2,3 @@\n a\n-b\n+c\n+d\n@@ -9 +10 @@\n-e\n+f\n";
        let hunk = |start, lines, text: &str| Hunk { start, lines, text: text.into() };
        assert_eq!(hunks(diff), [hunk(2, 2, "a\nc\nd\n"), hunk(9, 1, "f\n")]);
    }
}
