//! Amazon Inspector findings (the second version): answers of ListFindings, exported reports,
//! EventBridge events.
//!
//! A finding about packages is a finding for each package; reachable ports and weaknesses in code
//! are one each.

mod code;
mod network;
mod normalize;
mod package;
mod resource;
#[cfg(test)]
mod tests;
mod time;
mod wire;

use crate::{Need, Shape, Source};

/// The Inspector source.
pub(crate) const SOURCE: Source = Source {
    id: "inspector2",
    title: "Amazon Inspector",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

/// The types of findings.
const KINDS: &[&str] = &["CODE_VULNERABILITY", "NETWORK_REACHABILITY", "PACKAGE_VULNERABILITY"];

/// A shape in one of two spellings.
macro_rules! shape {
    ($name:literal, $records:literal, $at:literal, small) => {
        shape!($name, $records, $at, ["findingArn", "type"])
    };
    ($name:literal, $records:literal, $at:literal, capital) => {
        shape!($name, $records, $at, ["FindingArn", "Type"])
    };
    ($name:literal, $records:literal, $at:literal, [$arn:literal, $kind:literal]) => {
        Shape::plain(
            $name,
            &[$records],
            &[Need::Has(concat!($at, $arn)), Need::Is(concat!($at, $kind), KINDS)],
        )
    };
}

const SHAPES: &[Shape] = &[
    shape!("finding", "$", "$.", small),
    shape!("finding with capitals", "$", "$.", capital),
    shape!("list of findings", "$[]", "$[].", small),
    shape!("list of findings with capitals", "$[]", "$[].", capital),
    shape!("answer", "$.findings[]", "$.findings[].", small),
    shape!("answer with capitals", "$.Findings[]", "$.Findings[].", capital),
    shape!("findings below `Findings`", "$.Findings[]", "$.Findings[].", small),
    shape!("EventBridge event", "$", "$.detail.", small),
    shape!("list of EventBridge events", "$[]", "$[].detail.", small),
];
