//! CSAF 2.0 and 2.1: VEX documents and security advisories of suppliers.
//!
//! A vulnerability names products by id, with a status each; what the ids mean stands in the
//! product tree. Each pair of a vulnerability and a product is a statement.

mod normalize;
mod products;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// CSAF.
pub(crate) const SOURCE: Source = Source {
    id: "csaf",
    title: "CSAF",
    shapes: &[Shape {
        name: "document",
        records: &["$.vulnerabilities[]"],
        needs: &[Need::Has("$.document.csaf_version"), Need::Has("$.document.category")],
        envelope: true,
    }],
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};
