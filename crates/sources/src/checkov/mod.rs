//! Checkov's JSON: one object for one framework, a list for several, and sums only where
//! nothing was found.

mod normalize;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// Checkov.
pub(crate) const SOURCE: Source = Source {
    id: "checkov",
    title: "Checkov",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const SHAPES: &[Shape] = &[
    Shape {
        name: "report",
        records: &[
            "$.results.failed_checks[]",
            "$.results.passed_checks[]",
            "$.results.skipped_checks[]",
            "$.results.parsing_errors[]",
        ],
        needs: &[Need::Has("$.check_type"), Need::Has("$.results"), Need::Has("$.summary")],
        envelope: true,
    },
    Shape {
        name: "reports of several frameworks",
        records: &[
            "$[].results.failed_checks[]",
            "$[].results.passed_checks[]",
            "$[].results.skipped_checks[]",
            "$[].results.parsing_errors[]",
        ],
        needs: &[Need::Has("$[].check_type"), Need::Has("$[].results"), Need::Has("$[].summary")],
        envelope: true,
    },
    Shape {
        name: "sums of a scan that found nothing",
        records: &["$.results.failed_checks[]"],
        needs: &[
            Need::Has("$.passed"),
            Need::Has("$.failed"),
            Need::Has("$.skipped"),
            Need::Has("$.checkov_version"),
            Need::Lacks("$.results"),
        ],
        envelope: false,
    },
];
