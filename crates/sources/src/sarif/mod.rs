//! SARIF 2.1.0, whichever analyser wrote it (OASIS, "Static Analysis Results Interchange Format").

mod message;
mod normalize;
mod package;
mod run;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "sarif",
    title: "SARIF",
    shapes: &[
        Shape {
            name: "log",
            records: &["$.runs[].results[]"],
            needs: &[
                Need::StartsWith("$.version", &["2.1"]),
                Need::Has("$.runs"),
                Need::Bare("$.runs[]"),
            ],
            envelope: true,
        },
        Shape {
            name: "log without runs",
            records: &["$.runs[].results[]"],
            needs: &[
                Need::StartsWith("$.version", &["2.1"]),
                Need::StartsWith("$.$schema", &["https://", "http://"]),
                Need::Lacks("$.runs"),
            ],
            envelope: false,
        },
    ],
    normalize: normalize::normalize,
    coverage: Some(run::coverage),
    live: None,
};
