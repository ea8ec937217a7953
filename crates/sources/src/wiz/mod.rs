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
            &[
                Need::AnyOf(&["$.actionParameters", "$.actionparameters"]),
                Need::Has("$.action"),
                Need::AnyOf(&["$.requestId", "$.requestid"]),
            ],
        ),
        shape("vulnerabilities by entity", &["$[].EntityResult[]"], BY_ENTITY),
        shape("issue", &["$.data.issue"], &[Need::Has("$.data.issue.id")]),
        shape("page of a connection", &["$.edges[].node"], EDGES),
        shape("GraphQL answer", &["$.data.issuesV2.edges[].node"], ISSUE_EDGES),
        shape("GraphQL answer", &["$.data.issues.edges[].node"], OLD_ISSUE_EDGES),
        shape(
            "page of configuration findings",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].result"), Need::Has("$.nodes[].rule.id")],
        ),
        shape(
            "page of detections",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].ruleMatch.rule"), Need::Has("$.nodes[].resources")],
        ),
        shape(
            "page of cloud resources",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].cloudPlatform"), Need::Has("$.nodes[].type")],
        ),
        shape(
            "page of audit log entries",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].action"), Need::Has("$.nodes[].requestId")],
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

const BY_ENTITY: &[Need] =
    &[Need::Has("$[].Entity"), Need::Has("$[].EntityResult[].vulnerableAsset")];
const EDGES: &[Need] = &[Need::AnyOf(&[
    "$.edges[].node.entitySnapshot",
    "$.edges[].node.vulnerableAsset",
    "$.edges[].node.ruleMatch",
])];
const ISSUE_EDGES: &[Need] = &[Need::Array("$.data.issuesV2.edges")];
const OLD_ISSUE_EDGES: &[Need] = &[Need::Array("$.data.issues.edges")];
const CONFIGURATION: &[Need] =
    &[Need::Has("$.result"), Need::Has("$.rule.id"), Need::Has("$.resource.nativeType")];

const fn shape(
    name: &'static str,
    records: &'static [&'static str],
    needs: &'static [Need],
) -> Shape {
    Shape { name, records, needs, envelope: false }
}
