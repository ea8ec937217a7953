//! The shapes in which the vendor's records come. Every kind comes alone (a webhook call, a line
//! of a stream) and in a list (an answer of the API).

use crate::{Need, Shape};

/// An alert of the posture API.
pub(super) const ALERT: &str = "alert";
/// An alert that the posture webhook posts.
pub(super) const POSTED: &str = "webhook alert";
/// An audit that the alert webhook of the workload side posts.
pub(super) const POSTED_AUDIT: &str = "webhook audit";
/// An incident of the workload side.
pub(super) const INCIDENT: &str = "incident";
/// A runtime, firewall, file or log audit.
pub(super) const AUDIT: &str = "runtime or firewall audit";
/// Audits grouped by network peer or image.
pub(super) const GROUP: &str = "audit group";
/// A call to a container engine.
pub(super) const ACCESS: &str = "access audit";
/// A call to the console.
pub(super) const MANAGEMENT: &str = "management audit";
/// A call to a cluster.
pub(super) const KUBERNETES: &str = "Kubernetes audit";
/// A change to a cluster.
pub(super) const ADMISSION: &str = "admission audit";
/// A scan of an image, host or function.
pub(super) const SCAN: &str = "scan result";
/// A scan in a pipeline.
pub(super) const PIPELINE_SCAN: &str = "pipeline scan";
/// A scan of a running container.
pub(super) const CONTAINER_SCAN: &str = "container scan";
/// An asset with the policy it was checked against.
pub(super) const CHECKED: &str = "asset with its policy";
/// A row of the vulnerability export.
pub(super) const EXPORTED: &str = "exported vulnerability";
/// A setting of the tool.
pub(super) const SETTINGS: &str = "settings";

const fn shape(
    name: &'static str,
    records: &'static [&'static str],
    needs: &'static [Need],
) -> Shape {
    Shape { name, records, needs, envelope: false }
}

/// Every shape.
pub(super) const SHAPES: &[Shape] = &[
    shape(
        ALERT,
        &["$"],
        &[
            Need::Has("$.policy.policyId"),
            Need::Has("$.policy.policyType"),
            Need::Has("$.resource"),
            Need::Has("$.status"),
        ],
    ),
    shape(
        ALERT,
        &["$[]"],
        &[
            Need::Has("$[].policy.policyId"),
            Need::Has("$[].policy.policyType"),
            Need::Has("$[].resource"),
            Need::Has("$[].status"),
        ],
    ),
    shape(
        ALERT,
        &["$.items[]"],
        &[
            Need::Has("$.items[].policy.policyId"),
            Need::Has("$.items[].policy.policyType"),
            Need::Has("$.items[].resource"),
            Need::Has("$.items[].status"),
        ],
    ),
    shape(CHECKED, &["$"], &[Need::Has("$.scannedPolicy.id"), Need::Has("$.rrn")]),
    shape(CHECKED, &["$[]"], &[Need::Has("$[].scannedPolicy.id"), Need::Has("$[].rrn")]),
    shape(
        CHECKED,
        &["$.resources[]", "$.value[]"],
        &[Need::AnyOf(&["$.resources[].scannedPolicy.id", "$.value[].scannedPolicy.id"])],
    ),
    shape(EXPORTED, &["$"], &[Need::Has("$.CVE_ID"), Need::Has("$.ASSET_ID")]),
    shape(EXPORTED, &["$[]"], &[Need::Has("$[].CVE_ID"), Need::Has("$[].ASSET_ID")]),
    shape(
        SCAN,
        &["$"],
        &[
            Need::Has("$.repository"),
            Need::Has("$.vulnerabilities"),
            Need::Has("$.vulnerabilityDistribution"),
        ],
    ),
    shape(
        POSTED,
        &["$"],
        &[
            Need::Has("$.alertId"),
            Need::Has("$.resourceId"),
            Need::AnyOf(&["$.policyId", "$.policyName"]),
            Need::AnyOf(&["$.cloudType", "$.alertRuleName"]),
        ],
    ),
    shape(
        POSTED,
        &["$[]"],
        &[
            Need::Has("$[].alertId"),
            Need::Has("$[].resourceId"),
            Need::AnyOf(&["$[].policyId", "$[].policyName"]),
            Need::AnyOf(&["$[].cloudType", "$[].alertRuleName"]),
        ],
    ),
    shape(
        INCIDENT,
        &["$"],
        &[
            Need::Has("$.category"),
            Need::Has("$.serialNum"),
            Need::Has("$.time"),
            Need::Lacks("$.policyId"),
        ],
    ),
    shape(
        INCIDENT,
        &["$[]"],
        &[
            Need::Has("$[].category"),
            Need::Has("$[].serialNum"),
            Need::Has("$[].time"),
            Need::Lacks("$[].policyId"),
        ],
    ),
    shape(
        AUDIT,
        &["$"],
        &[
            Need::Has("$.time"),
            Need::Has("$.ruleName"),
            Need::Has("$.effect"),
            Need::Has("$.msg"),
            Need::AnyOf(&["$.attackType", "$.type"]),
        ],
    ),
    shape(
        AUDIT,
        &["$[]"],
        &[
            Need::Has("$[].time"),
            Need::Has("$[].ruleName"),
            Need::Has("$[].effect"),
            Need::Has("$[].msg"),
            Need::AnyOf(&["$[].attackType", "$[].type"]),
        ],
    ),
    shape(
        AUDIT,
        &["$"],
        &[
            Need::Has("$.eventType"),
            Need::Has("$.path"),
            Need::Has("$.processName"),
            Need::Has("$.hostname"),
            Need::Has("$.ruleName"),
        ],
    ),
    shape(
        AUDIT,
        &["$[]"],
        &[
            Need::Has("$[].eventType"),
            Need::Has("$[].path"),
            Need::Has("$[].processName"),
            Need::Has("$[].hostname"),
            Need::Has("$[].ruleName"),
        ],
    ),
    shape(
        AUDIT,
        &["$"],
        &[
            Need::Has("$.logfile"),
            Need::Has("$.line"),
            Need::Has("$.hostname"),
            Need::Has("$.ruleName"),
        ],
    ),
    shape(
        AUDIT,
        &["$[]"],
        &[
            Need::Has("$[].logfile"),
            Need::Has("$[].line"),
            Need::Has("$[].hostname"),
            Need::Has("$[].ruleName"),
        ],
    ),
    shape(
        POSTED_AUDIT,
        &["$"],
        &[
            Need::Has("$.type"),
            Need::Has("$.rule"),
            Need::Has("$.message"),
            Need::Has("$.aggregated"),
            Need::AnyOf(&["$.host", "$.image", "$.container", "$.function"]),
        ],
    ),
    shape(
        GROUP,
        &["$"],
        &[Need::AnyOf(&[
            "$.audits.untrusted.audits",
            "$.audits.unexpectedConnection.audits",
            "$.audits.portScan.audits",
        ])],
    ),
    shape(
        GROUP,
        &["$[]"],
        &[Need::AnyOf(&[
            "$[].audits.untrusted.audits",
            "$[].audits.unexpectedConnection.audits",
            "$[].audits.portScan.audits",
        ])],
    ),
    shape(
        ACCESS,
        &["$"],
        &[Need::Has("$.allow"), Need::Has("$.api"), Need::Has("$.ruleName"), Need::Has("$.time")],
    ),
    shape(
        ACCESS,
        &["$[]"],
        &[
            Need::Has("$[].allow"),
            Need::Has("$[].api"),
            Need::Has("$[].ruleName"),
            Need::Has("$[].time"),
        ],
    ),
    shape(
        MANAGEMENT,
        &["$"],
        &[
            Need::Has("$.username"),
            Need::Has("$.sourceIP"),
            Need::Has("$.type"),
            Need::Has("$.api"),
            Need::Has("$.failure"),
        ],
    ),
    shape(
        MANAGEMENT,
        &["$[]"],
        &[
            Need::Has("$[].username"),
            Need::Has("$[].sourceIP"),
            Need::Has("$[].type"),
            Need::Has("$[].api"),
            Need::Has("$[].failure"),
        ],
    ),
    shape(
        KUBERNETES,
        &["$"],
        &[
            Need::Has("$.verb"),
            Need::Has("$.requestURI"),
            Need::Has("$.cluster"),
            Need::Has("$.eventBlob"),
        ],
    ),
    shape(
        KUBERNETES,
        &["$[]"],
        &[
            Need::Has("$[].verb"),
            Need::Has("$[].requestURI"),
            Need::Has("$[].cluster"),
            Need::Has("$[].eventBlob"),
        ],
    ),
    shape(
        ADMISSION,
        &["$"],
        &[
            Need::Has("$.operation"),
            Need::Has("$.ruleName"),
            Need::Has("$.effect"),
            Need::Has("$.rawRequest"),
        ],
    ),
    shape(
        ADMISSION,
        &["$[]"],
        &[
            Need::Has("$[].operation"),
            Need::Has("$[].ruleName"),
            Need::Has("$[].effect"),
            Need::Has("$[].rawRequest"),
        ],
    ),
    shape(
        SCAN,
        &["$"],
        &[
            Need::AnyOf(&["$.vulnerabilities", "$.complianceIssues"]),
            Need::Has("$.vulnerabilityDistribution"),
            Need::AnyOf(&["$.scanTime", "$.repoTag", "$.osDistro"]),
        ],
    ),
    shape(
        SCAN,
        &["$[]"],
        &[
            Need::AnyOf(&["$[].vulnerabilities", "$[].complianceIssues"]),
            Need::Has("$[].vulnerabilityDistribution"),
            Need::AnyOf(&["$[].scanTime", "$[].repoTag", "$[].osDistro"]),
        ],
    ),
    shape(
        SCAN,
        &["$.results[]"],
        &[
            Need::Has("$.results[].vulnerabilityDistribution"),
            Need::AnyOf(&[
                "$.results[].vulnerabilities",
                "$.results[].compliances",
                "$.results[].complianceDistribution",
            ]),
            Need::AnyOf(&["$.results[].distro", "$.results[].id", "$.results[].name"]),
        ],
    ),
    shape(
        PIPELINE_SCAN,
        &["$"],
        &[
            Need::AnyOf(&["$.entityInfo.vulnerabilities", "$.entityInfo.complianceIssues"]),
            Need::Has("$.pass"),
        ],
    ),
    shape(
        PIPELINE_SCAN,
        &["$[]"],
        &[
            Need::AnyOf(&["$[].entityInfo.vulnerabilities", "$[].entityInfo.complianceIssues"]),
            Need::Has("$[].pass"),
        ],
    ),
    shape(
        CONTAINER_SCAN,
        &["$"],
        &[
            Need::Has("$.info.complianceIssues"),
            Need::AnyOf(&["$.info.imageName", "$.info.imageID"]),
        ],
    ),
    shape(
        CONTAINER_SCAN,
        &["$[]"],
        &[
            Need::Has("$[].info.complianceIssues"),
            Need::AnyOf(&["$[].info.imageName", "$[].info.imageID"]),
        ],
    ),
    shape(
        SETTINGS,
        &["$"],
        &[Need::Has("$.policy.containerRuntime"), Need::Has("$.policy.incident")],
    ),
    shape(
        SETTINGS,
        &["$[]"],
        &[Need::Has("$[].policy.containerRuntime"), Need::Has("$[].policy.incident")],
    ),
    shape(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.codeRepos"),
            Need::Has("$.appIDs"),
            Need::Has("$.accountIDs"),
            Need::Has("$.color"),
        ],
    ),
    shape(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].codeRepos"),
            Need::Has("$[].appIDs"),
            Need::Has("$[].accountIDs"),
            Need::Has("$[].color"),
        ],
    ),
    shape(
        SETTINGS,
        &["$"],
        &[Need::Has("$.perms"), Need::Has("$.name"), Need::Has("$.description")],
    ),
    shape(
        SETTINGS,
        &["$[]"],
        &[Need::Has("$[].perms"), Need::Has("$[].name"), Need::Has("$[].description")],
    ),
    shape(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.script"),
            Need::Has("$.previousName"),
            Need::Has("$.owner"),
            Need::Has("$.severity"),
        ],
    ),
    shape(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].script"),
            Need::Has("$[].previousName"),
            Need::Has("$[].owner"),
            Need::Has("$[].severity"),
        ],
    ),
    shape(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.policyId"),
            Need::Has("$.policyType"),
            Need::Has("$.rule"),
            Need::Has("$.systemDefault"),
        ],
    ),
    shape(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].policyId"),
            Need::Has("$[].policyType"),
            Need::Has("$[].rule"),
            Need::Has("$[].systemDefault"),
        ],
    ),
    // A page of alerts with none on it.
    shape(
        ALERT,
        &["$.items[]"],
        &[
            Need::Array("$.items"),
            Need::Has("$.totalRows"),
            Need::Has("$.dynamicColumns"),
            Need::Lacks("$.items[]"),
        ],
    ),
];
