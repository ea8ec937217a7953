//! Prowler: tables of version 2 to 5 and the JSON of version 2 and 3.
//!
//! Newer versions write OCSF too, which the source `ocsf` reads. A scan is the same findings in
//! whichever form it comes, so the ids and the scope of a check are made here for both.

mod check;
mod first;
mod native;
mod row;
#[cfg(test)]
mod tests;

use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

pub(crate) use check::{native_id, scope};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "prowler",
    title: "Prowler",
    shapes: SHAPES,
    normalize,
    coverage: None,
    live: None,
};

const TABLE: &str = "table";
const COMPLIANCE: &str = "compliance table";
const FIRST_TABLE: &str = "table of version 2";
const NATIVE: &str = "results of version 3";
const FIRST: &str = "results of version 2";

const SHAPES: &[Shape] = &[
    Shape::table(
        TABLE,
        &[Need::Column("CHECK_ID"), Need::Column("FINDING_UID"), Need::Column("STATUS_EXTENDED")],
    ),
    Shape::table(
        TABLE,
        &[
            Need::Column("CHECK_ID"),
            Need::Column("FINDING_UNIQUE_ID"),
            Need::Column("STATUS_EXTENDED"),
        ],
    ),
    Shape::table(
        COMPLIANCE,
        &[Need::Column("REQUIREMENTS_ID"), Need::Column("CHECKID"), Need::Column("STATUSEXTENDED")],
    ),
    Shape::table(
        FIRST_TABLE,
        &[
            Need::Column("TITLE_ID"),
            Need::Column("CHECK_RESULT"),
            Need::Column("CHECK_RESULT_EXTENDED"),
        ],
    ),
    Shape::plain(
        NATIVE,
        &["$"],
        &[Need::Has("$.CheckID"), Need::Has("$.StatusExtended"), Need::Has("$.Status")],
    ),
    Shape::plain(
        NATIVE,
        &["$[]"],
        &[Need::Has("$[].CheckID"), Need::Has("$[].StatusExtended"), Need::Has("$[].Status")],
    ),
    Shape::plain(
        FIRST,
        &["$"],
        &[Need::Has("$.Control"), Need::Has("$.Control ID"), Need::Has("$.Account Number")],
    ),
    Shape::plain(
        FIRST,
        &["$[]"],
        &[Need::Has("$[].Control"), Need::Has("$[].Control ID"), Need::Has("$[].Account Number")],
    ),
];

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    match raw.shape.name {
        FIRST | FIRST_TABLE => first::normalize(raw.text, output),
        NATIVE => native::normalize(raw.text, output),
        _ => row::normalize(raw.text, output),
    }
}
