//! ASFF, the AWS Security Finding Format (`SchemaVersion` 2018-10-08), of whichever tool.
//!
//! Security Hub, and everything that reports to it or writes its format: Prowler, Inspector,
//! GuardDuty, Macie, Access Analyzer, AWS Config, Trivy. Passed checks become evidence, each
//! vulnerability and each resource of a finding a finding of its own.

mod class;
mod detection;
mod live;
mod normalize;
mod resource;
mod rule;
mod vulnerability;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// ASFF.
pub(crate) const SOURCE: Source = Source {
    id: "asff",
    title: "ASFF",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: Some(&live::LIVE),
};

const SHAPES: &[Shape] = &[
    Shape {
        name: "finding",
        records: &["$"],
        needs: &[
            Need::Has("$.ProductArn"),
            Need::Has("$.GeneratorId"),
            Need::AnyOf(&["$.SchemaVersion", "$.AwsAccountId", "$.Resources"]),
        ],
        envelope: false,
    },
    Shape {
        name: "list of findings",
        records: &["$[]"],
        needs: &[
            Need::Has("$[].ProductArn"),
            Need::Has("$[].GeneratorId"),
            Need::AnyOf(&["$[].SchemaVersion", "$[].AwsAccountId", "$[].Resources"]),
        ],
        envelope: false,
    },
    Shape {
        name: "findings below `Findings`",
        records: &["$.Findings[]"],
        needs: &[Need::Has("$.Findings[].ProductArn"), Need::Has("$.Findings[].GeneratorId")],
        envelope: false,
    },
    Shape {
        name: "findings below `findings`",
        records: &["$.findings[]"],
        needs: &[Need::Has("$.findings[].ProductArn"), Need::Has("$.findings[].GeneratorId")],
        envelope: false,
    },
    Shape {
        name: "EventBridge event",
        records: &["$.detail.findings[]"],
        needs: &[
            Need::Has("$.detail.findings[].ProductArn"),
            Need::Has("$.detail.findings[].GeneratorId"),
        ],
        envelope: false,
    },
    Shape {
        name: "list of EventBridge events",
        records: &["$[].detail.findings[]"],
        needs: &[
            Need::Has("$[].detail.findings[].ProductArn"),
            Need::Has("$[].detail.findings[].GeneratorId"),
        ],
        envelope: false,
    },
];
