//! What Wiz is asked for, by which filters, and in which order.
//!
//! All readings go by the time at which a record was made: a record that changes while they go on
//! keeps its place, so that none is passed over.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::Options;
use super::documents::{self, Document};
use super::page::Key;
use crate::live::{Ask, Pace, Stream};

/// The states of findings and issues that are not over.
const UNRESOLVED: [&str; 3] = ["OPEN", "IN_PROGRESS", "REJECTED"];

/// How far a reading reaches back behind the last one: Wiz shows some changes minutes late.
const OVERLAP_SECONDS: u32 = 900;

const ISSUES: Stream = Stream {
    name: "issues",
    title: "issues: toxic combinations, threats, settings and attack surface",
    pace: Pace::Often,
    around: (r#"{"data":{"issuesV2":{"nodes":["#, "]}}}"),
    closes: true,
    overlap_seconds: OVERLAP_SECONDS,
    right: "read:issues",
};

/// A stream like that of issues.
const fn stream(
    name: &'static str,
    title: &'static str,
    around: &'static str,
    right: &'static str,
) -> Stream {
    Stream { name, title, around: (around, "]}}}"), right, ..ISSUES }
}

/// All streams.
pub(super) static STREAMS: [Stream; 9] = [
    ISSUES,
    stream(
        "configuration",
        "configuration findings",
        r#"{"data":{"configurationFindings":{"nodes":["#,
        "read:cloud_configuration",
    ),
    stream(
        "vulnerabilities",
        "vulnerability findings",
        r#"{"data":{"vulnerabilityFindings":{"nodes":["#,
        "read:vulnerabilities",
    ),
    Stream {
        closes: false,
        ..stream(
            "detections",
            "detections of Wiz Defend",
            r#"{"data":{"detections":{"nodes":["#,
            "read:detections",
        )
    },
    stream(
        "resources",
        "cloud resources with their relations",
        r#"{"data":{"cloudResourcesV2":{"nodes":["#,
        "read:resources",
    ),
    Stream {
        pace: Pace::Nightly,
        ..stream(
            "projects",
            "projects with their owners",
            r#"{"data":{"projects":{"nodes":["#,
            "read:projects",
        )
    },
    Stream {
        pace: Pace::Nightly,
        ..stream(
            "identities",
            "users, roles and service accounts",
            r#"{"data":{"cloudPrincipalsV2":{"nodes":["#,
            "read:resources",
        )
    },
    Stream {
        pace: Pace::Nightly,
        ..stream(
            "entitlements",
            "permissions that nobody uses",
            r#"{"data":{"excessiveAccessFindings":{"nodes":["#,
            "read:excessive_access_findings",
        )
    },
    Stream {
        pace: Pace::Nightly,
        ..stream(
            "exposures",
            "what the internet reaches",
            r#"{"data":{"networkExposures":{"nodes":["#,
            "read:network_exposure",
        )
    },
];

/// How a stream is read.
pub(super) struct Reading {
    pub(super) name: &'static str,
    /// The root field.
    pub(super) root: &'static str,
    pub(super) document: Document,
    /// Root field and document for one record by its id.
    pub(super) single: Option<(&'static str, Document)>,
    /// The filter of a whole reading, and of one since a time.
    pub(super) filter: fn(&Ask<'_>, Options) -> Value,
    /// The field to sort by, where there is one.
    pub(super) order: Option<&'static str>,
    /// Most records of a page: those with long lists come fewer at a time.
    pub(super) most: u32,
    /// The time that the filter looks at.
    pub(super) changed: fn(&Key<'_>) -> Option<Timestamp>,
}

/// One for each stream.
pub(super) static READINGS: [Reading; 9] = [
    Reading {
        name: "issues",
        root: "issuesV2",
        document: documents::ISSUES,
        single: Some(("issue", documents::ISSUE)),
        filter: |ask, _| since(ask, "statusChangedAt").unwrap_or(json!({"status": UNRESOLVED})),
        order: Some("CREATED_AT"),
        most: 500,
        changed: |key| key.status_changed_at.time().or_else(|| key.created_at.time()),
    },
    Reading {
        name: "configuration",
        root: "configurationFindings",
        document: documents::CONFIGURATION_FINDINGS,
        single: Some(("configurationFinding", documents::CONFIGURATION_FINDING)),
        filter: configuration_filter,
        order: Some("FIRST_SEEN_AT"),
        most: 500,
        changed: |key| key.updated_at.time(),
    },
    Reading {
        name: "vulnerabilities",
        root: "vulnerabilityFindings",
        document: documents::VULNERABILITY_FINDINGS,
        single: Some(("vulnerabilityFinding", documents::VULNERABILITY_FINDING)),
        filter: |ask, _| since(ask, "updatedAt").unwrap_or(json!({"status": UNRESOLVED})),
        order: Some("CREATED_AT"),
        most: 500,
        changed: |key| key.updated_at.time(),
    },
    Reading {
        name: "detections",
        root: "detections",
        document: documents::DETECTIONS,
        single: Some(("detection", documents::DETECTION)),
        filter: detection_filter,
        order: Some("CREATED_AT"),
        most: 200,
        changed: |key| key.updated_at.time().or_else(|| key.created_at.time()),
    },
    Reading {
        name: "resources",
        root: "cloudResourcesV2",
        document: documents::RESOURCES,
        single: None,
        filter: |ask, _| since(ask, "updatedAt").unwrap_or(json!({})),
        order: Some("FIRST_SEEN"),
        most: 500,
        changed: |key| key.updated_at.time(),
    },
    Reading {
        name: "projects",
        root: "projects",
        document: documents::PROJECTS,
        single: None,
        filter: |_, _| json!({}),
        order: None,
        most: 200,
        changed: |key| key.updated_at.time(),
    },
    Reading {
        name: "identities",
        root: "cloudPrincipalsV2",
        document: documents::IDENTITIES,
        single: None,
        filter: |_, _| json!({}),
        order: None,
        most: 500,
        changed: |_| None,
    },
    Reading {
        name: "entitlements",
        root: "excessiveAccessFindings",
        document: documents::ENTITLEMENTS,
        single: None,
        filter: |_, _| json!({"status": {"equals": UNRESOLVED}}),
        order: None,
        most: 500,
        changed: |_| None,
    },
    Reading {
        name: "exposures",
        root: "networkExposures",
        document: documents::EXPOSURES,
        single: None,
        filter: |_, _| json!({"type": ["PUBLIC_INTERNET"]}),
        order: None,
        most: 500,
        changed: |_| None,
    },
];

/// Only what changed, by the filter of that name.
fn since(ask: &Ask<'_>, filter: &str) -> Option<Value> {
    ask.since.map(|since| json!({filter: {"after": since}}))
}

/// What passes now is asked for too where only changes are: it closes what failed before.
fn configuration_filter(ask: &Ask<'_>, _: Options) -> Value {
    match ask.since {
        Some(since) => json!({"updatedAt": {"after": since}, "includeDeleted": true}),
        None => json!({"result": ["FAIL"], "status": UNRESOLVED}),
    }
}

fn detection_filter(ask: &Ask<'_>, options: Options) -> Value {
    let days = i64::from(options.detection_days);
    let begin = ask.until.saturating_sub(jiff::SignedDuration::from_hours(24 * days));
    let mut filter = match (ask.since, begin) {
        (Some(since), _) => json!({"updatedAt": {"after": since}}),
        (None, Ok(begin)) => json!({"createdAt": {"after": begin}}),
        (None, Err(_)) => json!({}),
    };
    if let Some(filter) = filter.as_object_mut().filter(|_| !options.all_detections) {
        filter.insert("type".to_owned(), json!({"equals": ["GENERATED_THREAT"]}));
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_has_its_reading() {
        for (stream, reading) in STREAMS.iter().zip(&READINGS) {
            assert_eq!(stream.name, reading.name);
            let start = format!("{{\"data\":{{\"{}\":{{\"nodes\":[", reading.root);
            assert_eq!(stream.around, (start.as_str(), "]}}}"));
        }
    }
}
