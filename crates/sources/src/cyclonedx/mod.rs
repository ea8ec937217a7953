//! CycloneDX JSON: vulnerabilities with their analysis, and what a bill of materials holds.
//!
//! A vulnerability that is analysed is a statement. One that is not, or that the analysis calls
//! exploitable, is a finding for each component it affects. Components and services are assets.

mod component;
mod normalize;
mod rating;
mod statement;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// CycloneDX.
pub(crate) const SOURCE: Source = Source {
    id: "cyclonedx",
    title: "CycloneDX",
    shapes: &[Shape {
        name: "BOM",
        records: RECORDS,
        needs: &[
            Need::Is("$.bomFormat", &["CycloneDX"]),
            Need::Around("$.components[]"),
            Need::Around("$.services[]"),
        ],
        envelope: true,
    }],
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const RECORDS: &[&str] = &["$.vulnerabilities[]", "$.components[]", "$.services[]"];
