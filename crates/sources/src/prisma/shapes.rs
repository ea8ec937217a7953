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
/// An asset as a search finds it.
pub(super) const FOUND: &str = "asset";
/// Who may do what.
pub(super) const PERMISSION: &str = "permission";
/// A row of the vulnerability export.
pub(super) const EXPORTED: &str = "exported vulnerability";
/// A setting of the tool.
pub(super) const SETTINGS: &str = "settings";

/// A row of the alerts export.
pub(super) const ALERT_ROW: &str = "alerts export";
/// A row of the export of a scan.
pub(super) const SCAN_ROW: &str = "scan export";

/// Every shape.
pub(super) const SHAPES: &[Shape] = &[
    Shape::plain(
        ALERT,
        &["$"],
        &[
            Need::Has("$.policy.policyId"),
            Need::Has("$.policy.policyType"),
            Need::Has("$.resource"),
            Need::Has("$.status"),
        ],
    ),
    Shape::plain(
        ALERT,
        &["$[]"],
        &[
            Need::Has("$[].policy.policyId"),
            Need::Has("$[].policy.policyType"),
            Need::Has("$[].resource"),
            Need::Has("$[].status"),
        ],
    ),
    Shape::plain(
        ALERT,
        &["$.items[]"],
        &[
            Need::Has("$.items[].policy.policyId"),
            Need::Has("$.items[].policy.policyType"),
            Need::Has("$.items[].resource"),
            Need::Has("$.items[].status"),
        ],
    ),
    Shape::plain(CHECKED, &["$"], &[Need::Has("$.scannedPolicy.id"), Need::Has("$.rrn")]),
    Shape::plain(CHECKED, &["$[]"], &[Need::Has("$[].scannedPolicy.id"), Need::Has("$[].rrn")]),
    Shape::plain(
        CHECKED,
        &["$.resources[]", "$.value[]"],
        &[Need::AnyOf(&[
            "$.resources[].scannedPolicy.id",
            "$.resources[].scannedPolicies",
            "$.value[].scannedPolicy.id",
        ])],
    ),
    Shape::plain(CHECKED, &["$"], &[Need::Has("$.scannedPolicies"), Need::Has("$.rrn")]),
    Shape::plain(
        FOUND,
        &["$"],
        &[Need::Has("$.rrn"), Need::Has("$.stateId"), Need::Has("$.accountId")],
    ),
    Shape::plain(
        FOUND,
        &["$.items[]"],
        &[
            Need::Has("$.items[].rrn"),
            Need::Has("$.items[].stateId"),
            Need::Has("$.items[].accountId"),
        ],
    ),
    Shape::plain(
        FOUND,
        &["$.data.items[]"],
        &[
            Need::Has("$.data.items[].rrn"),
            Need::Has("$.data.items[].stateId"),
            Need::Has("$.data.items[].accountId"),
        ],
    ),
    Shape::plain(
        PERMISSION,
        &["$"],
        &[
            Need::Has("$.sourceCloudType"),
            Need::AnyOf(&["$.grantedByCloudPolicyName", "$.grantedByCloudEntityName"]),
        ],
    ),
    Shape::plain(
        PERMISSION,
        &["$.data.items[]"],
        &[
            Need::Has("$.data.items[].sourceCloudType"),
            Need::AnyOf(&[
                "$.data.items[].grantedByCloudPolicyName",
                "$.data.items[].grantedByCloudEntityName",
            ]),
        ],
    ),
    Shape::plain(EXPORTED, &["$"], &[Need::Has("$.CVE_ID"), Need::Has("$.ASSET_ID")]),
    Shape::plain(EXPORTED, &["$[]"], &[Need::Has("$[].CVE_ID"), Need::Has("$[].ASSET_ID")]),
    Shape::plain(
        SCAN,
        &["$"],
        &[
            Need::Has("$.repository"),
            Need::Has("$.vulnerabilities"),
            Need::Has("$.vulnerabilityDistribution"),
        ],
    ),
    Shape::plain(
        POSTED,
        &["$"],
        &[
            Need::Has("$.alertId"),
            Need::Has("$.resourceId"),
            Need::AnyOf(&["$.policyId", "$.policyName"]),
            Need::AnyOf(&["$.cloudType", "$.alertRuleName"]),
        ],
    ),
    Shape::plain(
        POSTED,
        &["$[]"],
        &[
            Need::Has("$[].alertId"),
            Need::Has("$[].resourceId"),
            Need::AnyOf(&["$[].policyId", "$[].policyName"]),
            Need::AnyOf(&["$[].cloudType", "$[].alertRuleName"]),
        ],
    ),
    Shape::plain(
        INCIDENT,
        &["$"],
        &[
            Need::Has("$.category"),
            Need::Has("$.serialNum"),
            Need::Has("$.time"),
            Need::Lacks("$.policyId"),
        ],
    ),
    Shape::plain(
        INCIDENT,
        &["$[]"],
        &[
            Need::Has("$[].category"),
            Need::Has("$[].serialNum"),
            Need::Has("$[].time"),
            Need::Lacks("$[].policyId"),
        ],
    ),
    Shape::plain(
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
    Shape::plain(
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
    Shape::plain(
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
    Shape::plain(
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
    Shape::plain(
        AUDIT,
        &["$"],
        &[
            Need::Has("$.logfile"),
            Need::Has("$.line"),
            Need::Has("$.hostname"),
            Need::Has("$.ruleName"),
        ],
    ),
    Shape::plain(
        AUDIT,
        &["$[]"],
        &[
            Need::Has("$[].logfile"),
            Need::Has("$[].line"),
            Need::Has("$[].hostname"),
            Need::Has("$[].ruleName"),
        ],
    ),
    Shape::plain(
        POSTED_AUDIT,
        &["$"],
        &[
            Need::Has("$.type"),
            Need::Has("$.rule"),
            Need::Has("$.message"),
            Need::AnyOf(&["$.aggregated", "$.aggregatedAlerts"]),
            Need::AnyOf(&["$.host", "$.image", "$.container", "$.function"]),
        ],
    ),
    Shape::plain(
        GROUP,
        &["$"],
        &[Need::AnyOf(&[
            "$.audits.untrusted.audits",
            "$.audits.unexpectedConnection.audits",
            "$.audits.portScan.audits",
        ])],
    ),
    Shape::plain(
        GROUP,
        &["$[]"],
        &[Need::AnyOf(&[
            "$[].audits.untrusted.audits",
            "$[].audits.unexpectedConnection.audits",
            "$[].audits.portScan.audits",
        ])],
    ),
    Shape::plain(
        ACCESS,
        &["$"],
        &[Need::Has("$.allow"), Need::Has("$.api"), Need::Has("$.ruleName"), Need::Has("$.time")],
    ),
    Shape::plain(
        ACCESS,
        &["$[]"],
        &[
            Need::Has("$[].allow"),
            Need::Has("$[].api"),
            Need::Has("$[].ruleName"),
            Need::Has("$[].time"),
        ],
    ),
    Shape::plain(
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
    Shape::plain(
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
    Shape::plain(
        KUBERNETES,
        &["$"],
        &[
            Need::Has("$.verb"),
            Need::Has("$.requestURI"),
            Need::Has("$.cluster"),
            Need::Has("$.eventBlob"),
        ],
    ),
    Shape::plain(
        KUBERNETES,
        &["$[]"],
        &[
            Need::Has("$[].verb"),
            Need::Has("$[].requestURI"),
            Need::Has("$[].cluster"),
            Need::Has("$[].eventBlob"),
        ],
    ),
    Shape::plain(
        ADMISSION,
        &["$"],
        &[
            Need::Has("$.operation"),
            Need::Has("$.ruleName"),
            Need::Has("$.effect"),
            Need::Has("$.rawRequest"),
        ],
    ),
    Shape::plain(
        ADMISSION,
        &["$[]"],
        &[
            Need::Has("$[].operation"),
            Need::Has("$[].ruleName"),
            Need::Has("$[].effect"),
            Need::Has("$[].rawRequest"),
        ],
    ),
    Shape::plain(
        SCAN,
        &["$"],
        &[
            Need::AnyOf(&["$.vulnerabilities", "$.complianceIssues"]),
            Need::Has("$.vulnerabilityDistribution"),
            Need::AnyOf(&["$.scanTime", "$.repoTag", "$.osDistro"]),
        ],
    ),
    Shape::plain(
        SCAN,
        &["$[]"],
        &[
            Need::AnyOf(&["$[].vulnerabilities", "$[].complianceIssues"]),
            Need::Has("$[].vulnerabilityDistribution"),
            Need::AnyOf(&["$[].scanTime", "$[].repoTag", "$[].osDistro"]),
        ],
    ),
    Shape::plain(
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
    Shape::plain(
        PIPELINE_SCAN,
        &["$"],
        &[
            Need::AnyOf(&["$.entityInfo.vulnerabilities", "$.entityInfo.complianceIssues"]),
            Need::Has("$.pass"),
        ],
    ),
    Shape::plain(
        PIPELINE_SCAN,
        &["$[]"],
        &[
            Need::AnyOf(&["$[].entityInfo.vulnerabilities", "$[].entityInfo.complianceIssues"]),
            Need::Has("$[].pass"),
        ],
    ),
    Shape::plain(
        CONTAINER_SCAN,
        &["$"],
        &[
            Need::Has("$.info.complianceIssues"),
            Need::AnyOf(&["$.info.imageName", "$.info.imageID"]),
        ],
    ),
    Shape::plain(
        CONTAINER_SCAN,
        &["$[]"],
        &[
            Need::Has("$[].info.complianceIssues"),
            Need::AnyOf(&["$[].info.imageName", "$[].info.imageID"]),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$"],
        &[Need::Has("$.policy.containerRuntime"), Need::Has("$.policy.incident")],
    ),
    Shape::plain(
        SETTINGS,
        &["$[]"],
        &[Need::Has("$[].policy.containerRuntime"), Need::Has("$[].policy.incident")],
    ),
    Shape::plain(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.codeRepos"),
            Need::Has("$.appIDs"),
            Need::Has("$.accountIDs"),
            Need::Has("$.color"),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].codeRepos"),
            Need::Has("$[].appIDs"),
            Need::Has("$[].accountIDs"),
            Need::Has("$[].color"),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$"],
        &[Need::Has("$.perms"), Need::Has("$.name"), Need::Has("$.description")],
    ),
    Shape::plain(
        SETTINGS,
        &["$[]"],
        &[Need::Has("$[].perms"), Need::Has("$[].name"), Need::Has("$[].description")],
    ),
    Shape::plain(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.script"),
            Need::Has("$.previousName"),
            Need::Has("$.owner"),
            Need::Has("$.severity"),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].script"),
            Need::Has("$[].previousName"),
            Need::Has("$[].owner"),
            Need::Has("$[].severity"),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$"],
        &[
            Need::Has("$.policyId"),
            Need::Has("$.policyType"),
            Need::Has("$.rule"),
            Need::Has("$.systemDefault"),
        ],
    ),
    Shape::plain(
        SETTINGS,
        &["$[]"],
        &[
            Need::Has("$[].policyId"),
            Need::Has("$[].policyType"),
            Need::Has("$[].rule"),
            Need::Has("$[].systemDefault"),
        ],
    ),
    Shape::table(
        ALERT_ROW,
        &[
            Need::Column("Alert ID"),
            Need::Column("Policy Name"),
            Need::Column("Resource Name"),
            Need::Column("Cloud Type"),
        ],
    ),
    Shape::table(ALERT_ROW, ALERT_COLUMNS),
    Shape::table(
        SCAN_ROW,
        &[
            Need::Column("CVE ID"),
            Need::Column("Compliance ID"),
            Need::Column("Packages"),
            Need::Column("Severity"),
        ],
    ),
    Shape::table(
        EXPORTED,
        &[Need::Column("CVE_ID"), Need::Column("ASSET_ID"), Need::Column("PACKAGE_NAME")],
    ),
    // A page of alerts with none on it.
    Shape::plain(
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

const ALERT_COLUMNS: &[Need] = &[
    Need::Column("Alert ID"),
    Need::Column("Policy Name"),
    Need::Column("Policy Type"),
    Need::Column("Resource ID"),
];
