//! Microsoft Defender for Cloud: alerts, recommendations (assessments and what is below them),
//! scores. From its own interface, the command line, Resource Graph, Event Hub and Log Analytics,
//! which spell the same fields in different cases and hold or leave out `properties`.

mod alert;
mod assessment;
mod asset;
mod entities;
mod listed;
mod normalize;
mod score;
mod subassessment;
mod table;
#[cfg(test)]
mod tests;

use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "defender",
    title: "Microsoft Defender for Cloud",
    shapes: &[
        Shape::plain("answer", &["$.value[]"], &[Need::StartsWith("$.value[].type", TYPES)]),
        Shape::plain("answer of alerts", &["$.value[]"], VALUE_ALERTS),
        Shape::plain("answer of assessments", &["$.value[]"], VALUE_ASSESSMENTS),
        Shape::plain("answer of sub-assessments", &["$.subAssessments[]"], SUBASSESSMENTS),
        Shape::plain("Resource Graph rows", &["$.data[]"], GRAPH),
        Shape::plain("list", &["$[]"], &[Need::StartsWith("$[].type", TYPES)]),
        Shape::plain("list of exported rows", &["$[]"], ROWS),
        Shape::plain("list of assessments", &["$[]"], LIST_ASSESSMENTS),
        Shape::plain("Event Hub records", &["$.records[]"], RECORDS),
        Shape::plain("Event Hub records", &["$.records[]"], TYPED_RECORDS),
        Shape::plain("one record or lines of them", &["$"], ONE),
        Shape::plain(
            "secure scores",
            &["$.value[]"],
            &[Need::Array("$.value"), Need::Has("$.value[].controlScores")],
        ),
        Shape::plain(
            "secure scores with profiles",
            &["$.secureScore.value[]", "$.profiles.value[]"],
            &[Need::Array("$.secureScore.value")],
        ),
        Shape::table(table::RECOMMENDATIONS, TABLE),
    ],
    normalize,
    coverage: None,
    live: None,
};

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    match raw.shape.name {
        table::RECOMMENDATIONS => table::normalize(raw, output),
        _ => normalize::normalize(raw, output),
    }
}

const TABLE: &[Need] = &[
    Need::Column("recommendationId"),
    Need::Column("recommendationDisplayName"),
    Need::Column("resourceId"),
    Need::Column("state"),
];

const TYPES: &[&str] = &["Microsoft.Security/", "microsoft.security/", "MICROSOFT.SECURITY/"];

const VALUE_ALERTS: &[Need] = &[
    Need::Array("$.value"),
    Need::AnyOf(&[
        "$.value[].properties.systemAlertId",
        "$.value[].properties.alertDisplayName",
        "$.value[].SystemAlertId",
    ]),
];
const VALUE_ASSESSMENTS: &[Need] = &[
    Need::Array("$.value"),
    Need::AnyOf(&["$.value[].properties.resourceDetails", "$.value[].resourceDetails"]),
    Need::AnyOf(&["$.value[].properties.status.code", "$.value[].status.code"]),
];
const SUBASSESSMENTS: &[Need] =
    &[Need::Array("$.subAssessments"), Need::Has("$.subAssessments[].properties")];
const GRAPH: &[Need] = &[Need::Array("$.data"), Need::StartsWith("$.data[].type", TYPES)];
const ROWS: &[Need] = &[Need::AnyOf(&[
    "$[].SystemAlertId",
    "$[].systemAlertId",
    "$[].AssessedResourceId",
    "$[].SecurityEventDataEnrichment",
    "$[].securityEventDataEnrichment",
])];
const LIST_ASSESSMENTS: &[Need] = &[
    Need::AnyOf(&["$[].properties.resourceDetails", "$[].resourceDetails"]),
    Need::AnyOf(&["$[].properties.status.code", "$[].status.code"]),
];
const RECORDS: &[Need] = &[
    Need::Array("$.records"),
    Need::AnyOf(&[
        "$.records[].SystemAlertId",
        "$.records[].systemAlertId",
        "$.records[].properties.systemAlertId",
        "$.records[].securityEventDataEnrichment",
        "$.records[].SecurityEventDataEnrichment",
        "$.records[].assessmentEventDataEnrichment",
        "$.records[].AssessmentEventDataEnrichment",
    ]),
];
const TYPED_RECORDS: &[Need] =
    &[Need::Array("$.records"), Need::StartsWith("$.records[].type", TYPES)];
const ONE: &[Need] = &[
    // An export mixes kinds of record: no field of one kind may be asked of every line.
    Need::AnyOf(&[
        "$.SystemAlertId",
        "$.systemAlertId",
        "$.properties.systemAlertId",
        "$.properties.alertDisplayName",
        "$.securityEventDataEnrichment",
        "$.SecurityEventDataEnrichment",
        "$.assessmentEventDataEnrichment",
        "$.AssessmentEventDataEnrichment",
        "$.properties.resourceDetails",
        "$.Properties.ResourceDetails",
    ]),
    Need::AnyOf(&[
        "$.AlertType",
        "$.alertType",
        "$.properties.alertType",
        "$.properties",
        "$.Properties",
    ]),
];
