//! OpenVEX 0.0.1 to 0.2.0: what somebody says of weaknesses in products.
//!
//! A statement may name many products, each with many parts: it becomes one of ours for each
//! pair. Documents also come wrapped in an in-toto attestation.

mod normalize;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// OpenVEX.
pub(crate) const SOURCE: Source = Source {
    id: "openvex",
    title: "OpenVEX",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const SHAPES: &[Shape] = &[
    Shape {
        name: "document",
        records: &["$.statements[]"],
        needs: &[
            Need::StartsWith("$.@context", &["https://openvex.dev/ns", "http://openvex.dev/ns"]),
            Need::Array("$.statements"),
        ],
        envelope: true,
    },
    // The first tools wrote no context.
    Shape {
        name: "document without a context",
        records: &["$.statements[]"],
        needs: &[
            Need::Has("$.author"),
            Need::Has("$.statements[].vulnerability"),
            Need::Has("$.statements[].status"),
            Need::Lacks("$.@context"),
        ],
        envelope: true,
    },
    Shape {
        name: "attestation",
        records: &["$.predicate.statements[]"],
        needs: &[
            Need::StartsWith("$.predicateType", &["https://openvex.dev/ns", "text/vex"]),
            Need::Has("$.predicate"),
        ],
        envelope: true,
    },
];
