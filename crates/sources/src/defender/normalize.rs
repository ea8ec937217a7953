//! What kind of record stands there, told by its resource type or by its own fields.

use std::borrow::Cow;

use quell_model::Tool;

use super::{alert, assessment, listed, score, subassessment};
use crate::wire::Tree;
use crate::{Output, RawRecord, Rejection};

/// A record with its parts: what surrounds it, and what Azure calls its properties.
pub(super) struct Parts<'t> {
    /// The record itself: id, name and type stand here.
    pub(super) whole: &'t Tree<'t>,
    /// Its properties; the record itself where an export has flattened them.
    pub(super) body: &'t Tree<'t>,
}

impl Parts<'_> {
    /// The record's id in lower case: exports write it in three different cases.
    pub(super) fn id(&self) -> String {
        self.whole.text(&["id"]).to_lowercase()
    }

    /// Whether an export says that the record was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        let action = self.whole.text(&[
            "securityEventDataEnrichment.action",
            "assessmentEventDataEnrichment.action",
            "subAssessmentEventDataEnrichment.action",
        ]);
        action.eq_ignore_ascii_case("delete")
    }
}

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let record: Tree<'_> = serde_json::from_str(raw.text)?;
    if !record.is_map() {
        return Err(Rejection::new("is no object with fields at $"));
    }
    let properties = record.key("properties").unwrapped();
    let body: &Tree<'_> = if properties.is_map() { &properties } else { &record };
    let parts = Parts { whole: &record, body };
    match kind(&parts)? {
        Kind::Alert => output.push(alert::finding(&parts)?),
        Kind::AttackPath => output.push(assessment::attack_path(&parts)?),
        Kind::Assessment => {
            output.push(assessment::record(&parts)?);
            listed::weaknesses(&parts, output);
            let below = body.at("additionalData.subAssessment");
            if below.is_map() {
                let parts = Parts { whole: below, body: inner(below) };
                subassessment::records(&parts, output)?;
            }
        }
        Kind::Subassessment => subassessment::records(&parts, output)?,
        Kind::Compliance => output.push(score::compliance(&parts)?),
        Kind::Score => output.push(score::score(&parts)?),
        Kind::SecureScore => score::controls(&record, output)?,
    }
    Ok(())
}

fn inner<'t>(record: &'t Tree<'t>) -> &'t Tree<'t> {
    match record.key("properties") {
        properties if properties.is_map() => properties,
        _ => record,
    }
}

pub(super) fn tool() -> Tool {
    Tool { product: "defender".to_owned(), format: "defender".to_owned() }
}

enum Kind {
    Alert,
    AttackPath,
    Assessment,
    Subassessment,
    Compliance,
    Score,
    SecureScore,
}

fn kind(parts: &Parts<'_>) -> Result<Kind, Rejection> {
    let word = parts.whole.text(&["type"]).to_ascii_lowercase();
    let last = word.rsplit('/').next().unwrap_or_default();
    let is_alert = parts.body.first(&["systemAlertId", "alertType", "alertDisplayName"]).is_some();
    Ok(match last {
        _ if is_alert => Kind::Alert,
        "alerts" => Kind::Alert,
        "attackpaths" => Kind::AttackPath,
        "subassessments" => Kind::Subassessment,
        "assessments" | "securityrecommendation" => Kind::Assessment,
        "regulatorycomplianceassessments"
        | "regulatorycompliancecontrols"
        | "regulatorycompliancestandards" => Kind::Compliance,
        "securescores" | "securescorecontrols" => Kind::Score,
        "" => untyped(parts)?,
        _ => {
            let told: Cow<'_, str> = word.chars().take(120).collect();
            return Err(Rejection::new(format!(
                "`{told}` at $.type is neither alert, assessment nor score"
            )));
        }
    })
}

/// The kind of a record that a query has stripped of its type.
fn untyped(parts: &Parts<'_>) -> Result<Kind, Rejection> {
    let body = parts.body;
    if !parts.whole.key("controlScores").is_empty() {
        return Ok(Kind::SecureScore);
    }
    if body.first(&["controlCategory"]).is_some() && body.first(&["actionType"]).is_some() {
        return Err(Rejection::new("describes a control of the score and holds no result at $"));
    }
    let data = body.key("additionalData");
    let is_row = ["assessedResourceType", "vulnerabilityDetails", "softwareName", "cve"];
    if is_row.iter().any(|name| !data.key(name).is_empty())
        || parts.id().contains("/subassessments/")
    {
        return Ok(Kind::Subassessment);
    }
    if body.first(&["status.code", "recommendationState"]).is_some() {
        return Ok(Kind::Assessment);
    }
    Err(Rejection::new("is neither alert, assessment nor score: names no $.type"))
}
