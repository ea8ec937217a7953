//! Reports of the Trivy Operator: the custom resources it keeps in a cluster, as `kubectl get -o
//! json` prints them and as its webhook sends them.
//!
//! A report is one record. It names its workload by labels, and is complete for it. Starboard, the
//! operator's forerunner, has the same shape with labels of its own.

mod compliance;
mod normalize;
mod wire;
mod workload;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// The Trivy Operator.
pub(crate) const SOURCE: Source = Source {
    id: "trivy_operator",
    title: "Trivy Operator",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const GROUP: &[&str] = &["aquasecurity.github.io/"];

const KINDS: &[&str] = &[
    "ClusterComplianceReport",
    "ClusterConfigAuditReport",
    "ClusterInfraAssessmentReport",
    "ClusterRbacAssessmentReport",
    "ClusterSbomReport",
    "ClusterVulnerabilityReport",
    "ConfigAuditReport",
    "ExposedSecretReport",
    "InfraAssessmentReport",
    "RbacAssessmentReport",
    "SbomReport",
    "VulnerabilityReport",
];

macro_rules! of_kinds {
    ($($plural:literal),+) => {
        &[$(concat!("$['", $plural, ".aquasecurity.github.io'][]")),+]
    };
}

const BY_KIND: &[&str] = of_kinds!(
    "clustercompliancereports",
    "clusterconfigauditreports",
    "clusterinfraassessmentreports",
    "clusterrbacassessmentreports",
    "clustersbomreports",
    "clustervulnerabilityreports",
    "configauditreports",
    "exposedsecretreports",
    "infraassessmentreports",
    "rbacassessmentreports",
    "sbomreports",
    "vulnerabilityreports"
);

const SHAPES: &[Shape] = &[
    Shape::plain(
        "report",
        &["$"],
        &[Need::StartsWith("$.apiVersion", GROUP), Need::Is("$.kind", KINDS)],
    ),
    Shape::plain(
        "list of reports",
        &["$[]"],
        &[Need::StartsWith("$[].apiVersion", GROUP), Need::Is("$[].kind", KINDS)],
    ),
    Shape::plain(
        "Kubernetes list",
        &["$.items[]"],
        &[Need::StartsWith("$.items[].apiVersion", GROUP), Need::Is("$.items[].kind", KINDS)],
    ),
    Shape::plain(
        "typed Kubernetes list",
        &["$.items[]"],
        &[Need::StartsWith("$.apiVersion", GROUP), Need::Array("$.items")],
    ),
    // What Go clients print of a single object can lack its kind.
    Shape::plain(
        "report without its kind",
        &["$"],
        &[
            Need::Has("$.metadata.labels"),
            Need::Is("$.report.scanner.vendor", &["Aqua Security"]),
            Need::Has("$.report.summary"),
        ],
    ),
    Shape::plain(
        "report sent by the webhook",
        &["$"],
        &[
            Need::Has("$.verb"),
            Need::Has("$.operatorObject.metadata"),
            Need::AnyOf(&["$.operatorObject.report", "$.operatorObject.status"]),
        ],
    ),
    Shape::plain("lists by kind", BY_KIND, &[Need::AnyOf(BY_KIND)]),
];
