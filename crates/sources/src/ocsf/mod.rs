//! OCSF, the Open Cybersecurity Schema Framework, 1.0 to 1.5 and what tools make of it.
//!
//! Finding classes (category 2) become findings, one for each vulnerability where a record lists
//! several. Prowler writes check results as class 2004 with `status_code` PASS, FAIL or MANUAL;
//! only FAIL is a finding. Inventory (category 5) becomes assets, everything else activities.

mod anomaly;
mod finding;
mod other;
mod resource;
mod wire;

#[cfg(test)]
mod tests;

use crate::{Need, Output, RawRecord, Rejection, Shape, Source};
use wire::Event;

/// OCSF.
pub(crate) const SOURCE: Source =
    Source { id: "ocsf", title: "OCSF", shapes: SHAPES, normalize, coverage: None, live: None };

const SHAPES: &[Shape] = &[
    Shape {
        name: "event",
        records: &["$"],
        needs: &[
            Need::Has("$.class_uid"),
            Need::Has("$.metadata"),
            Need::AnyOf(&["$.severity_id", "$.activity_id", "$.category_uid"]),
        ],
        envelope: false,
    },
    Shape {
        name: "list of events",
        records: &["$[]"],
        needs: &[
            Need::Has("$[].class_uid"),
            Need::Has("$[].metadata"),
            Need::AnyOf(&["$[].severity_id", "$[].activity_id", "$[].category_uid"]),
        ],
        envelope: false,
    },
    Shape {
        name: "events below `events`",
        records: &["$.events[]"],
        needs: &[Need::Has("$.events[].class_uid"), Need::Has("$.events[].metadata")],
        envelope: false,
    },
];

fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let event: Event<'_> = serde_json::from_str(record.text)?;
    let class =
        event.class_uid.integer().ok_or_else(|| Rejection::new("`class_uid` is no number"))?;
    match class {
        2000..=2999 | 102_000..=102_999 => finding::findings(&event, class, output),
        5000..=5999 => other::assets(&event, output),
        _ => other::activity(&event, output),
    }
}
