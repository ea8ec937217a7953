//! Wiz: API nodes, GraphQL answers and webhook bodies. A file may mix kinds of record, so each
//! record is read by its own keys.

mod asset;
mod detection;
mod normalize;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "wiz",
    title: "Wiz",
    shapes: &[
        shape(
            "GraphQL answer",
            &["$.data.issuesV2.nodes[]"],
            &[Need::Array("$.data.issuesV2.nodes")],
        ),
        shape("GraphQL answer", &["$.data.issues.nodes[]"], &[Need::Array("$.data.issues.nodes")]),
        shape(
            "GraphQL answer",
            &["$.data.configurationFindings.nodes[]"],
            &[Need::Array("$.data.configurationFindings.nodes")],
        ),
        shape(
            "GraphQL answer",
            &["$.data.vulnerabilityFindings.nodes[]"],
            &[Need::Array("$.data.vulnerabilityFindings.nodes")],
        ),
        shape(
            "GraphQL answer",
            &["$.data.detections.nodes[]"],
            &[Need::Array("$.data.detections.nodes")],
        ),
        shape(
            "GraphQL answer",
            &["$.data.cloudResourcesV2.nodes[]", "$.data.cloudResources.nodes[]"],
            &[Need::AnyOf(&["$.data.cloudResourcesV2.nodes", "$.data.cloudResources.nodes"])],
        ),
        shape(
            "GraphQL answer",
            &["$.data.auditLogEntries.nodes[]"],
            &[Need::Array("$.data.auditLogEntries.nodes")],
        ),
        shape("issue", &["$"], &[Need::Has("$.id"), Need::Has("$.entitySnapshot")]),
        shape("issues", &["$[]"], &[Need::Has("$[].id"), Need::Has("$[].entitySnapshot")]),
        shape("issues", &["$.nodes[]"], &[Need::Has("$.nodes[].entitySnapshot")]),
        shape("vulnerability", &["$"], &[Need::Has("$.vulnerableAsset")]),
        shape(
            "vulnerability",
            &["$"],
            &[Need::Has("$.vendorSeverity"), Need::Has("$.firstDetectedAt")],
        ),
        shape("vulnerabilities", &["$[]"], &[Need::Has("$[].vulnerableAsset")]),
        shape("vulnerabilities", &["$.nodes[]"], &[Need::Has("$.nodes[].vulnerableAsset")]),
        shape("configuration finding", &["$"], CONFIGURATION),
        shape(
            "configuration findings",
            &["$[]"],
            &[
                Need::Has("$[].result"),
                Need::Has("$[].rule.id"),
                Need::Has("$[].resource.nativeType"),
            ],
        ),
        shape("detection", &["$"], &[Need::Has("$.ruleMatch.rule"), Need::Has("$.resources")]),
        shape(
            "detections",
            &["$[]"],
            &[Need::Has("$[].ruleMatch.rule"), Need::Has("$[].resources")],
        ),
        shape("Defend webhook", &["$"], &[Need::Has("$.tdrId"), Need::Has("$.trigger")]),
        shape(
            "issue webhook",
            &["$"],
            &[Need::Has("$.trigger.source"), Need::Has("$.issue.id"), Need::Has("$.control")],
        ),
        shape(
            "audit log entry",
            &["$"],
            &[Need::Has("$.actionParameters"), Need::Has("$.action"), Need::Has("$.requestId")],
        ),
        shape(
            "cloud resource",
            &["$"],
            &[Need::Has("$.cloudPlatform"), Need::Has("$.id"), Need::Has("$.type")],
        ),
        shape("control", &["$"], &[Need::Is("$.__typename", &["Control"])]),
    ],
    normalize: normalize::normalize,
    coverage: None,
};

const CONFIGURATION: &[Need] =
    &[Need::Has("$.result"), Need::Has("$.rule.id"), Need::Has("$.resource.nativeType")];

const fn shape(
    name: &'static str,
    records: &'static [&'static str],
    needs: &'static [Need],
) -> Shape {
    Shape { name, records, needs, envelope: false }
}
