//! Google Artifact Analysis: occurrences on container images, from its own interface, from
//! `gcloud artifacts docker images describe`, `list-vulnerabilities` and `vulnerabilities list`.

mod normalize;
#[cfg(test)]
mod tests;
mod vulnerability;

use crate::{Need, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "gcp_artifact",
    title: "Google Artifact Analysis",
    shapes: &[
        Shape::plain(
            "description of an image",
            &[
                "$.image_summary",
                "$.package_vulnerability_summary.vulnerabilities.CRITICAL[]",
                "$.package_vulnerability_summary.vulnerabilities.HIGH[]",
                "$.package_vulnerability_summary.vulnerabilities.MEDIUM[]",
                "$.package_vulnerability_summary.vulnerabilities.LOW[]",
                "$.package_vulnerability_summary.vulnerabilities.MINIMAL[]",
                "$.package_vulnerability_summary.vulnerabilities.SEVERITY_UNSPECIFIED[]",
                "$.package_vulnerability_summary.vulnerabilities.None[]",
                "$.discovery_summary.discovery[]",
                "$.build_details_summary.build_details[]",
                "$.deployment_summary.deployments[]",
                "$.image_basis_summary.base_images[]",
                "$.attestation_summary.attestations[]",
                "$.provenance_summary.provenance[]",
                "$.sbom_summary.sbom_references[]",
            ],
            &[Need::Has("$.image_summary")],
        ),
        Shape::plain("answer", &["$.occurrences[]"], ANSWER),
        Shape::plain("list of occurrences", &["$[]"], LIST),
        Shape::plain("occurrence", &["$"], ONE),
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const ANSWER: &[Need] = &[
    Need::Array("$.occurrences"),
    Need::AnyOf(&["$.occurrences[].noteName", "$.occurrences[].note_name"]),
];
const LIST: &[Need] = &[
    Need::AnyOf(&["$[].noteName", "$[].note_name"]),
    Need::AnyOf(&["$[].resourceUri", "$[].resource_uri", "$[].resource.uri", "$[].resourceUrl"]),
];
const ONE: &[Need] = &[
    Need::AnyOf(&["$.noteName", "$.note_name"]),
    Need::AnyOf(&["$.resourceUri", "$.resource_uri", "$.resource.uri", "$.resourceUrl"]),
];
