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
            "Wiz GraphQL answer",
            &["$.data.issuesV2.nodes[]"],
            &[Need::Array("$.data.issuesV2.nodes")],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.issues.nodes[]"],
            &[Need::Array("$.data.issues.nodes")],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.configurationFindings.nodes[]"],
            &[Need::Array("$.data.configurationFindings.nodes")],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.vulnerabilityFindings.nodes[]"],
            &[Need::Array("$.data.vulnerabilityFindings.nodes")],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.detections.nodes[]"],
            &[Need::Array("$.data.detections.nodes")],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.cloudResourcesV2.nodes[]", "$.data.cloudResources.nodes[]"],
            &[Need::AnyOf(&["$.data.cloudResourcesV2.nodes", "$.data.cloudResources.nodes"])],
        ),
        shape(
            "Wiz GraphQL answer",
            &["$.data.auditLogEntries.nodes[]"],
            &[Need::Array("$.data.auditLogEntries.nodes")],
        ),
        shape("Wiz issue", &["$"], &[Need::Has("$.id"), Need::Has("$.entitySnapshot")]),
        shape("Wiz issues", &["$[]"], &[Need::Has("$[].id"), Need::Has("$[].entitySnapshot")]),
        shape("Wiz issues", &["$.nodes[]"], &[Need::Has("$.nodes[].entitySnapshot")]),
        shape("Wiz vulnerability", &["$"], &[Need::Has("$.vulnerableAsset")]),
        shape(
            "Wiz vulnerability",
            &["$"],
            &[Need::Has("$.vendorSeverity"), Need::Has("$.firstDetectedAt")],
        ),
        shape("Wiz vulnerabilities", &["$[]"], &[Need::Has("$[].vulnerableAsset")]),
        shape("Wiz vulnerabilities", &["$.nodes[]"], &[Need::Has("$.nodes[].vulnerableAsset")]),
        shape("Wiz configuration finding", &["$"], CONFIGURATION),
        shape(
            "Wiz configuration findings",
            &["$[]"],
            &[
                Need::Has("$[].result"),
                Need::Has("$[].rule.id"),
                Need::Has("$[].resource.nativeType"),
            ],
        ),
        shape("Wiz detection", &["$"], &[Need::Has("$.ruleMatch.rule"), Need::Has("$.resources")]),
        shape(
            "Wiz detections",
            &["$[]"],
            &[Need::Has("$[].ruleMatch.rule"), Need::Has("$[].resources")],
        ),
        shape("Wiz Defend webhook", &["$"], &[Need::Has("$.tdrId"), Need::Has("$.trigger")]),
        shape(
            "Wiz issue webhook",
            &["$"],
            &[Need::Has("$.trigger.source"), Need::Has("$.issue.id"), Need::Has("$.control")],
        ),
        shape(
            "Wiz audit log entry",
            &["$"],
            &[Need::Has("$.actionParameters"), Need::Has("$.action"), Need::Has("$.requestId")],
        ),
        shape(
            "Wiz cloud resource",
            &["$"],
            &[Need::Has("$.cloudPlatform"), Need::Has("$.id"), Need::Has("$.type")],
        ),
        shape("Wiz control", &["$"], &[Need::Is("$.__typename", &["Control"])]),
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
