//! Falco alerts, as Falco or Falcosidekick writes them: one object, a list, or one a line.

mod normalize;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Need, Shape, Source};

/// The Falco source.
pub(crate) const SOURCE: Source = Source {
    id: "falco",
    title: "Falco alerts",
    shapes: &[
        Shape {
            name: "alert",
            records: &["$"],
            needs: &[
                Need::AnyOf(&["$.rule", "$.Rule"]),
                Need::AnyOf(&["$.output_fields", "$.OutputFields"]),
                Need::AnyOf(&["$.priority", "$.Priority", "$.output", "$.Output"]),
            ],
            envelope: false,
        },
        Shape {
            name: "list of alerts",
            records: &["$[]"],
            needs: &[
                Need::AnyOf(&["$[].rule", "$[].Rule"]),
                Need::AnyOf(&["$[].output_fields", "$[].OutputFields"]),
                Need::AnyOf(&["$[].priority", "$[].Priority", "$[].output", "$[].Output"]),
            ],
            envelope: false,
        },
        Shape { name: "alert without fields", records: &["$"], needs: PLAIN, envelope: false },
        Shape {
            name: "list of alerts without fields",
            records: &["$[]"],
            needs: PLAIN_LIST,
            envelope: false,
        },
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: None,
};

const PLAIN: &[Need] =
    &[Need::Has("$.rule"), Need::Has("$.priority"), Need::Has("$.output"), Need::Has("$.time")];
const PLAIN_LIST: &[Need] = &[
    Need::Has("$[].rule"),
    Need::Has("$[].priority"),
    Need::Has("$[].output"),
    Need::Has("$[].time"),
];
