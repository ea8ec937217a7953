//! Trivy's JSON reports: images, folders, repositories and clusters; schema 2, and 1 before it.
//!
//! A vulnerability, misconfiguration, secret or licence is a record each. What stands around it,
//! the artifact and the result it belongs to, is read from the envelope.

mod normalize;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// Trivy.
pub(crate) const SOURCE: Source = Source {
    id: "trivy",
    title: "Trivy",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: Some(place::coverage),
    live: None,
};

/// How many record lists a result has: vulnerabilities, misconfigurations, secrets, licences and
/// findings that were taken out.
pub(super) const LISTS: usize = 5;
/// Where a cluster report has the resources that it was asked for.
pub(super) const GROUPS: &[&str] =
    &["Resources", "Vulnerabilities", "Misconfigurations", "Findings"];

macro_rules! lists {
    ($($start:literal),+ $(; $($other:literal),+)?) => {
        &[$(
            concat!($start, "Vulnerabilities[]"),
            concat!($start, "Misconfigurations[]"),
            concat!($start, "Secrets[]"),
            concat!($start, "Licenses[]"),
            concat!($start, "ExperimentalModifiedFindings[]"),
        )+ $($($other),+)?]
    };
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "report",
        records: lists!("$.Results[]."),
        needs: &[
            Need::Has("$.SchemaVersion"),
            Need::Has("$.ArtifactName"),
            Need::Has("$.ArtifactType"),
            Need::Bare("$.Results[]"),
        ],
        envelope: true,
    },
    Shape {
        name: "report of version 1",
        records: lists!("$[]."),
        needs: &[
            Need::Has("$[].Target"),
            Need::AnyOf(&["$[].Vulnerabilities", "$[].Misconfigurations"]),
            Need::Bare("$[]"),
        ],
        envelope: true,
    },
    Shape {
        name: "cluster report",
        records: lists!(
            "$.Resources[].Results[].",
            "$.Vulnerabilities[].Results[].",
            "$.Misconfigurations[].Results[].",
            "$.Findings[].Results[].";
            "$.Resources[].Error",
            "$.Vulnerabilities[].Error",
            "$.Misconfigurations[].Error",
            "$.Findings[].Error"
        ),
        needs: &[
            Need::Has("$.ClusterName"),
            Need::AnyOf(&[
                "$.Resources[].Kind",
                "$.Vulnerabilities[].Kind",
                "$.Misconfigurations[].Kind",
                "$.Findings[].Kind",
            ]),
            Need::Bare("$.Resources[]"),
            Need::Bare("$.Vulnerabilities[]"),
            Need::Bare("$.Misconfigurations[]"),
            Need::Bare("$.Findings[]"),
            Need::Bare("$.Resources[].Results[]"),
            Need::Bare("$.Vulnerabilities[].Results[]"),
            Need::Bare("$.Misconfigurations[].Results[]"),
            Need::Bare("$.Findings[].Results[]"),
        ],
        envelope: true,
    },
];
