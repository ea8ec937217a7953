//! Wiz: API nodes, GraphQL answers, webhook bodies, the console's reports as tables and the
//! results of its command line tool. A file may mix kinds of record, so each
//! record is read by its own keys.

mod asset;
mod detection;
mod inventory;
mod live;
mod normalize;
mod scan;
mod table;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "wiz",
    title: "Wiz",
    shapes: &[
        Shape::plain(
            "GraphQL answer",
            &["$.data.issuesV2.nodes[]"],
            &[Need::Array("$.data.issuesV2.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.issues.nodes[]"],
            &[Need::Array("$.data.issues.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.configurationFindings.nodes[]"],
            &[Need::Array("$.data.configurationFindings.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.vulnerabilityFindings.nodes[]"],
            &[Need::Array("$.data.vulnerabilityFindings.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.detections.nodes[]"],
            &[Need::Array("$.data.detections.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.cloudResourcesV2.nodes[]", "$.data.cloudResources.nodes[]"],
            &[Need::AnyOf(&["$.data.cloudResourcesV2.nodes", "$.data.cloudResources.nodes"])],
        ),
        Shape::plain(
            inventory::PROJECTS,
            &["$.data.projects.nodes[]"],
            &[Need::Array("$.data.projects.nodes")],
        ),
        Shape::plain(
            inventory::PROJECTS,
            &["$"],
            &[Need::Has("$.isFolder"), Need::Has("$.archived"), Need::Has("$.businessUnit")],
        ),
        Shape::plain(
            inventory::IDENTITIES,
            &["$.data.cloudPrincipalsV2.nodes[]"],
            &[Need::Array("$.data.cloudPrincipalsV2.nodes")],
        ),
        Shape::plain(
            inventory::ENTITLEMENTS,
            &["$.data.excessiveAccessFindings.nodes[]"],
            &[Need::Array("$.data.excessiveAccessFindings.nodes")],
        ),
        Shape::plain(
            inventory::EXPOSURES,
            &["$.data.networkExposures.nodes[]"],
            &[Need::Array("$.data.networkExposures.nodes")],
        ),
        Shape::plain(
            "GraphQL answer",
            &["$.data.auditLogEntries.nodes[]"],
            &[Need::Array("$.data.auditLogEntries.nodes")],
        ),
        Shape::plain("issue", &["$"], &[Need::Has("$.id"), Need::Has("$.entitySnapshot")]),
        Shape::plain("issues", &["$[]"], &[Need::Has("$[].id"), Need::Has("$[].entitySnapshot")]),
        Shape::plain("issues", &["$.nodes[]"], &[Need::Has("$.nodes[].entitySnapshot")]),
        Shape::plain("vulnerability", &["$"], &[Need::Has("$.vulnerableAsset")]),
        Shape::plain(
            "vulnerability",
            &["$"],
            &[Need::Has("$.vendorSeverity"), Need::Has("$.firstDetectedAt")],
        ),
        Shape::plain("vulnerabilities", &["$[]"], &[Need::Has("$[].vulnerableAsset")]),
        Shape::plain("vulnerabilities", &["$.nodes[]"], &[Need::Has("$.nodes[].vulnerableAsset")]),
        Shape::plain("configuration finding", &["$"], CONFIGURATION),
        Shape::plain(
            "configuration findings",
            &["$[]"],
            &[
                Need::Has("$[].result"),
                Need::Has("$[].rule.id"),
                Need::Has("$[].resource.nativeType"),
            ],
        ),
        Shape::plain(
            "detection",
            &["$"],
            &[Need::Has("$.ruleMatch.rule"), Need::Has("$.resources")],
        ),
        Shape::plain(
            "detections",
            &["$[]"],
            &[Need::Has("$[].ruleMatch.rule"), Need::Has("$[].resources")],
        ),
        Shape::plain("Defend webhook", &["$"], &[Need::Has("$.tdrId"), Need::Has("$.trigger")]),
        Shape::plain(
            "issue webhook",
            &["$"],
            &[Need::Has("$.trigger.source"), Need::Has("$.issue.id"), Need::Has("$.control")],
        ),
        Shape::plain(
            "audit log entry",
            &["$"],
            &[
                Need::AnyOf(&[
                    "$.actionParameters",
                    "$.actionparameters",
                    "$.userAgent",
                    "$.useragent",
                ]),
                Need::Has("$.action"),
                Need::AnyOf(&["$.requestId", "$.requestid"]),
            ],
        ),
        Shape::plain("vulnerabilities by entity", &["$[].EntityResult[]"], BY_ENTITY),
        Shape::plain("issue", &["$.data.issue"], &[Need::Has("$.data.issue.id")]),
        Shape::plain("page of a connection", &["$.edges[].node"], EDGES),
        Shape::plain("GraphQL answer", &["$.data.issuesV2.edges[].node"], ISSUE_EDGES),
        Shape::plain("GraphQL answer", &["$.data.issues.edges[].node"], OLD_ISSUE_EDGES),
        Shape::plain(
            "page of configuration findings",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].result"), Need::Has("$.nodes[].rule.id")],
        ),
        Shape::plain(
            "page of detections",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].ruleMatch.rule"), Need::Has("$.nodes[].resources")],
        ),
        Shape::plain(
            "page of cloud resources",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].cloudPlatform"), Need::Has("$.nodes[].type")],
        ),
        Shape::plain(
            "page of audit log entries",
            &["$.nodes[]"],
            &[Need::Has("$.nodes[].action"), Need::Has("$.nodes[].requestId")],
        ),
        Shape::plain(
            "cloud resource",
            &["$"],
            &[Need::Has("$.cloudPlatform"), Need::Has("$.id"), Need::Has("$.type")],
        ),
        Shape::table(table::ISSUE, ISSUES_REPORT),
        Shape::table(table::VULNERABILITY, VULNERABILITY_REPORT),
        Shape::table(table::CONFIGURATION, CONFIGURATION_REPORT),
        Shape { name: scan::SCAN, records: scan::LISTS, needs: SCAN, envelope: true },
        Shape::plain("control", &["$"], &[Need::Is("$.__typename", &["Control"])]),
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: Some(&live::LIVE),
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
const ISSUES_REPORT: &[Need] =
    &[Need::Column("Issue ID"), Need::Column("Control ID"), Need::Column("Resource Name")];
const VULNERABILITY_REPORT: &[Need] =
    &[Need::Column("FindingStatus"), Need::Column("DetailedName"), Need::Column("AssetName")];
const CONFIGURATION_REPORT: &[Need] =
    &[Need::Column("Rule Name"), Need::Column("Result"), Need::Column("Resource Name")];
const SCAN: &[Need] = &[
    Need::Has("$.scanOriginResource"),
    Need::Has("$.result.__typename"),
    Need::AnyOf(&["$.result.libraries", "$.result.ruleMatches", "$.result.secrets"]),
    Need::Bare("$.result.libraries[]"),
    Need::Bare("$.result.osPackages[]"),
    Need::Bare("$.result.applications[]"),
    Need::Bare("$.result.cpes[]"),
    Need::Bare("$.result.aiModels[]"),
    Need::Bare("$.result.ruleMatches[]"),
];
