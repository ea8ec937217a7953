//! CrowdStrike Falcon: alerts of its API, version 2, with the sensor's host, process and parents.
//!
//! A host in a cloud is known by the cloud's own instance id, so that its alerts meet what other
//! tools say of the same machine.

mod live;
mod normalize;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// CrowdStrike Falcon.
pub(crate) const SOURCE: Source = Source {
    id: "crowdstrike",
    title: "CrowdStrike Falcon alerts",
    shapes: &[
        Shape::plain(
            "answer",
            &["$.resources[]"],
            &[
                Need::Has("$.resources[].composite_id"),
                Need::AnyOf(&["$.resources[].device", "$.resources[].agent_id"]),
                Need::AnyOf(&["$.resources[].pattern_id", "$.resources[].display_name"]),
            ],
        ),
        Shape::plain(
            "list",
            &["$[]"],
            &[
                Need::Has("$[].composite_id"),
                Need::AnyOf(&["$[].device", "$[].agent_id"]),
                Need::AnyOf(&["$[].pattern_id", "$[].display_name"]),
            ],
        ),
        Shape::plain(
            "alert",
            &["$"],
            &[
                Need::Has("$.composite_id"),
                Need::AnyOf(&["$.device", "$.agent_id"]),
                Need::AnyOf(&["$.pattern_id", "$.display_name"]),
            ],
        ),
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: Some(&live::LIVE),
};
