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
};

/// How many record lists a result has: vulnerabilities, misconfigurations, secrets, licences and
/// findings that were taken out.
pub(super) const LISTS: usize = 5;

macro_rules! lists {
    ($($start:literal),+) => {
        &[$(
            concat!($start, "Vulnerabilities[]"),
            concat!($start, "Misconfigurations[]"),
            concat!($start, "Secrets[]"),
            concat!($start, "Licenses[]"),
            concat!($start, "ExperimentalModifiedFindings[]"),
        )+]
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
        ],
        envelope: true,
    },
    Shape {
        name: "report of version 1",
        records: lists!("$[]."),
        needs: &[
            Need::Has("$[].Target"),
            Need::AnyOf(&["$[].Vulnerabilities", "$[].Misconfigurations"]),
        ],
        envelope: true,
    },
    Shape {
        name: "cluster report",
        records: lists!(
            "$.Resources[].Results[].",
            "$.Vulnerabilities[].Results[].",
            "$.Misconfigurations[].Results[].",
            "$.Findings[].Results[]."
        ),
        needs: &[
            Need::Has("$.ClusterName"),
            Need::AnyOf(&[
                "$.Resources[].Kind",
                "$.Vulnerabilities[].Kind",
                "$.Misconfigurations[].Kind",
                "$.Findings[].Kind",
            ]),
        ],
        envelope: true,
    },
];
