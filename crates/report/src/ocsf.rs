//! OCSF 1.5.0, class 2004 Detection Finding: a JSON array, one event an issue.

use std::io::{self, Write};

use quell_model::{Severity, Status, Timestamp};
use serde_json::{Value, json};

use crate::escape::plain;
use crate::{IssueReport, Options, Report};

/// Writes it.
pub(crate) fn write(report: &Report, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "[")?;
    for (at, issue) in report.issues.iter().enumerate() {
        if at > 0 {
            writeln!(out, ",")?;
        }
        serde_json::to_writer(&mut *out, &event(issue, report))?;
    }
    writeln!(out, "]")
}

fn event(issue: &IssueReport, report: &Report) -> Value {
    let asset = report.assets.iter().find(|a| a.id == issue.asset);
    let millis = |time: Option<Timestamp>| time.unwrap_or(report.generated_at).as_millisecond();
    let (severity_id, severity) = severity(issue.severity);
    let (status_id, status) = status(issue.status);
    let sources: Vec<Value> = issue
        .findings
        .iter()
        .map(|f| json!({"uid": f.native_id, "product": {"name": f.source}, "type_uid": 200_401}))
        .collect();
    json!({
        "class_uid": 2004, "class_name": "Detection Finding",
        "category_uid": 2, "category_name": "Findings",
        "activity_id": 1, "activity_name": "Create",
        "type_uid": 200_401, "type_name": "Detection Finding: Create",
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "time": millis(issue.last_seen),
        "message": plain(issue.title.raw()),
        "risk_score": issue.risk.score,
        "metadata": {
            "version": "1.5.0",
            "profiles": ["cloud"],
            "product": {"name": "Quell", "vendor_name": "Quell", "version": report.quell_version},
        },
        "finding_info": {
            "uid": issue.id,
            "title": plain(issue.title.raw()),
            "first_seen_time": millis(issue.first_seen),
            "last_seen_time": millis(issue.last_seen),
            "types": [issue.class.as_str()],
            "analytic": {"uid": issue.control.clone().unwrap_or_default(), "type_id": 1, "type": "Rule"},
            "related_events": sources,
        },
        "resources": [{
            "uid": asset.map_or(issue.asset.as_str(), |a| a.native_id.raw()),
            "name": asset.map(|a| plain(a.name.raw())).unwrap_or_default(),
            "type": asset.map(|a| plain(a.kind.raw())).unwrap_or_default(),
            "region": asset.map(|a| plain(a.region.raw())).unwrap_or_default(),
        }],
        "cloud": {
            "provider": asset.map_or("other", |a| &*a.provider),
            "account": {"uid": asset.map(|a| plain(a.account.raw())).unwrap_or_default()},
        },
        "unmapped": {"quell": {"findings": issue.findings.len(), "merged_because": issue.merged_because}},
    })
}

const fn severity(severity: Severity) -> (i64, &'static str) {
    match severity {
        Severity::Unknown => (0, "Unknown"),
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

const fn status(status: Status) -> (i64, &'static str) {
    match status {
        Status::Open => (1, "New"),
        Status::InProgress => (2, "In Progress"),
        Status::Suppressed => (3, "Suppressed"),
        Status::Resolved => (4, "Resolved"),
    }
}
