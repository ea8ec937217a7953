//! kube-bench's JSON: a report of sections, the bare list of older versions, one section, or one
//! report a line.
//!
//! A section (`Controls` in its own words) is one record, since its checks say only there which
//! benchmark and which part of the cluster they are about. The host is named nowhere.

mod normalize;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Shape, Source};

/// kube-bench.
pub(crate) const SOURCE: Source = Source {
    id: "kube_bench",
    title: "kube-bench",
    shapes: SHAPES,
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const SHAPES: &[Shape] = &[
    Shape::plain(
        "report",
        &["$.Controls[]"],
        &[
            Need::Array("$.Controls"),
            Need::AnyOf(&["$.Controls[].node_type", "$.Totals.total_pass"]),
            Need::AnyOf(&["$.Controls[].tests", "$.Totals.total_fail"]),
        ],
    ),
    Shape::plain(
        "list of sections",
        &["$[]"],
        &[Need::Has("$[].node_type"), Need::Has("$[].tests"), Need::Has("$[].total_fail")],
    ),
    Shape::plain(
        "list of sections without sums",
        &["$[]"],
        &[Need::Has("$[].tests[].section"), Need::Has("$[].tests[].results[].test_number")],
    ),
    Shape::plain(
        "list of reports",
        &["$[].Controls[]"],
        &[Need::Has("$[].Controls[].node_type"), Need::Has("$[].Controls[].tests")],
    ),
    Shape::plain(
        "section",
        &["$"],
        &[Need::Has("$.tests[].section"), Need::Has("$.tests[].results[].test_number")],
    ),
];
