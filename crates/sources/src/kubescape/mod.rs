//! Kubescape's posture reports of clusters and of manifests: version 2, and version 1 before it;
//! and the custom resources of its operator.
//!
//! Version 2 lists what was scanned with the controls that ran on it, and says of each control
//! apart from that how severe it is and whether it could be judged. Version 1 lists controls with
//! the objects that failed them.

mod custom;
mod older;
mod place;
mod result;
mod summary;
mod wire;

#[cfg(test)]
mod tests;

use quell_model::{Severity, Timestamp, Tool, parse_timestamp};
use serde_json::Value;

use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// Kubescape.
pub(crate) const SOURCE: Source = Source {
    id: "kubescape",
    title: "Kubescape",
    shapes: SHAPES,
    normalize,
    coverage: None,
    live: None,
};

/// The counters stand for the summary: its controls have to stay in the envelope, where the
/// results look up how severe they are.
const RECORDS: &[&str] = &[
    "$.results[]",
    "$.summaryDetails.ResourceCounters",
    "$.summaryDetails.vulnerabilities.CVEs[]",
];

const SHAPES: &[Shape] = &[
    // The first fields of a report; its summary may stand behind megabytes of resources.
    Shape {
        name: "report",
        records: RECORDS,
        needs: &[
            Need::Has("$.generationTime"),
            Need::Has("$.customerGUID"),
            Need::Has("$.clusterAPIServerInfo"),
            Need::Lacks("$.frameworks"),
        ],
        envelope: true,
    },
    Shape {
        name: "report cut down to its results",
        records: RECORDS,
        needs: &[Need::Has("$.results[].resourceID"), Need::Has("$.results[].controls")],
        envelope: true,
    },
    Shape {
        name: "report cut down to its summary",
        records: RECORDS,
        needs: &[
            Need::Has("$.summaryDetails.controls"),
            Need::Has("$.summaryDetails.ResourceCounters"),
        ],
        envelope: true,
    },
    Shape {
        name: OF_FRAMEWORKS,
        records: &["$.frameworks[].controlReports[]"],
        needs: &[
            Need::Has("$.frameworks[].controlReports"),
            Need::AnyOf(&["$.generationTime", "$.clusterName", "$.customerGUID", "$.reportID"]),
        ],
        envelope: true,
    },
    Shape {
        name: OF_FRAMEWORK,
        records: &["$.controlReports[]"],
        needs: &[
            Need::Has("$.controlReports[].controlID"),
            Need::Has("$.controlReports[].ruleReports"),
        ],
        envelope: true,
    },
    Shape {
        name: OF_LIST,
        records: &["$[].controlReports[]"],
        needs: &[
            Need::Has("$[].controlReports[].controlID"),
            Need::Has("$[].controlReports[].ruleReports"),
        ],
        envelope: true,
    },
    Shape {
        name: OF_OPERATOR,
        records: &["$"],
        needs: &[Need::StartsWith("$.apiVersion", GROUP), Need::Is("$.kind", KINDS)],
        envelope: false,
    },
    Shape {
        name: OF_OPERATOR,
        records: &["$[]"],
        needs: &[Need::StartsWith("$[].apiVersion", GROUP), Need::Is("$[].kind", KINDS)],
        envelope: false,
    },
    Shape {
        name: OF_OPERATOR,
        records: &["$.items[]"],
        needs: &[
            Need::StartsWith("$.items[].apiVersion", GROUP),
            Need::Is("$.items[].kind", KINDS),
        ],
        envelope: false,
    },
    Shape {
        name: OF_OPERATOR,
        records: &["$.items[]"],
        needs: &[Need::StartsWith("$.apiVersion", GROUP), Need::Array("$.items")],
        envelope: false,
    },
];

/// Custom resources of the operator that hold findings; its summaries of them hold sums.
const KINDS: &[&str] =
    &["VulnerabilityManifest", "WorkloadConfigurationScan", "WorkloadConfigurationScanSummary"];
const GROUP: &[&str] = &["spdx.softwarecomposition.kubescape.io/"];

const OF_OPERATOR: &str = "custom resource";
const OF_FRAMEWORKS: &str = "report of version 1";
const OF_FRAMEWORK: &str = "framework of version 1";
const OF_LIST: &str = "list of frameworks of version 1";

fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    match (record.shape.name, record.pattern) {
        (OF_FRAMEWORKS | OF_FRAMEWORK | OF_LIST, _) => older::normalize(record, output),
        (OF_OPERATOR, _) => custom::normalize(record, output),
        (_, 0) => result::normalize(record, output),
        (_, 1) => {
            summary::normalize(record, output);
            Ok(())
        }
        _ => summary::weakness(record, output),
    }
}

fn tool() -> Tool {
    Tool { product: "kubescape".to_owned(), format: "kubescape".to_owned() }
}

/// When the report was made. Scans of files write the year 1.
fn observed(document: &Value) -> Option<Timestamp> {
    let text = document.get("generationTime")?.as_str()?;
    parse_timestamp(text).filter(|time| time.as_second() > 0)
}

/// Kubescape's own scale: 9 is critical, 7 high, 4 medium, 1 low, and 0 means that nobody said.
fn severity_of(score: f64) -> Severity {
    match score {
        s if s >= 9.0 => Severity::Critical,
        s if s >= 7.0 => Severity::High,
        s if s >= 4.0 => Severity::Medium,
        s if s >= 1.0 => Severity::Low,
        _ => Severity::Unknown,
    }
}
