//! Google Security Command Center: notifications, lists, single findings and BigQuery rows, of
//! the first and the second API, and of the time when everything stood in `sourceProperties`.

mod asset;
mod normalize;
mod techniques;
#[cfg(test)]
mod tests;
mod threat;
mod vulnerability;

use crate::{Need, Shape, Source};

pub(crate) use normalize::{finding_of, log_entry};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "scc",
    title: "Google Security Command Center",
    shapes: &[
        Shape::plain("notification", &["$"], NOTIFICATION),
        Shape::plain(PUSHED, &["$"], MESSAGE),
        Shape::plain("list of results", &["$[]"], RESULTS),
        Shape::plain(
            "answer to a list call",
            &["$.listFindingsResults[]"],
            &[Need::Array("$.listFindingsResults")],
        ),
        Shape::plain(
            "answer to a list call",
            &["$.list_findings_results[]"],
            &[Need::Array("$.list_findings_results")],
        ),
        Shape::plain("finding", &["$"], FINDING),
        Shape::plain("list of findings", &["$[]"], FINDINGS),
        Shape::plain("answer with findings", &["$.findings[]"], ANSWER),
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

/// A push of Pub/Sub, with the notification in Base64. It asks for less than the shape of log
/// entries, whose source opens all that such a push may carry, and which comes first where no
/// format is named.
const PUSHED: &str = "Pub/Sub push";
const MESSAGE: &[Need] = &[Need::Has("$.message.data")];
const NOTIFICATION: &[Need] = &[
    Need::AnyOf(&["$.finding.category"]),
    Need::AnyOf(&["$.finding.name", "$.finding.canonicalName", "$.finding.canonical_name"]),
    Need::AnyOf(&[
        "$.finding.resourceName",
        "$.finding.resource_name",
        "$.resource.name",
        "$.finding.resource.name",
    ]),
];
const RESULTS: &[Need] = &[
    Need::AnyOf(&["$[].finding.category"]),
    Need::AnyOf(&["$[].finding.name", "$[].finding.canonicalName", "$[].finding.canonical_name"]),
    Need::AnyOf(&[
        "$[].finding.resourceName",
        "$[].finding.resource_name",
        "$[].resource.name",
        "$[].finding.resource.name",
    ]),
];
const FINDING: &[Need] = &[
    Need::AnyOf(&["$.category"]),
    Need::AnyOf(&["$.resourceName", "$.resource_name"]),
    Need::AnyOf(&["$.name", "$.canonicalName", "$.canonical_name"]),
    Need::AnyOf(&[
        "$.findingClass",
        "$.finding_class",
        "$.sourceProperties",
        "$.source_properties",
        "$.parent",
    ]),
];
const FINDINGS: &[Need] = &[
    Need::AnyOf(&["$[].category"]),
    Need::AnyOf(&["$[].resourceName", "$[].resource_name"]),
    Need::AnyOf(&["$[].name", "$[].canonicalName", "$[].canonical_name"]),
    Need::AnyOf(&[
        "$[].findingClass",
        "$[].finding_class",
        "$[].sourceProperties",
        "$[].source_properties",
        "$[].parent",
    ]),
];
const ANSWER: &[Need] = &[
    Need::Array("$.findings"),
    Need::Has("$.findings[].category"),
    Need::AnyOf(&["$.findings[].resourceName", "$.findings[].resource_name"]),
    Need::AnyOf(&[
        "$.findings[].findingClass",
        "$.findings[].finding_class",
        "$.findings[].sourceProperties",
        "$.findings[].source_properties",
        "$.findings[].parent",
    ]),
];
