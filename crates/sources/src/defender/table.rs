//! Rows of the portal's list of recommendations, read into what the API says of the same thing.

use serde_json::{Value, json};

use crate::wire::Row;
use crate::{Output, RawRecord, Rejection};

/// The shape's name.
pub(super) const RECOMMENDATIONS: &str = "table of recommendations";

/// The record that the API would give for a row.
pub(super) fn as_record(raw: &RawRecord<'_>) -> Result<String, Rejection> {
    let row: Row<'_> = serde_json::from_str(raw.text)?;
    let state = row.needed("state")?;
    let said = |name: &str| row.get(&[name]).map_or(Value::Null, Value::from);
    let record = json!({
        "id": said("recommendationId"), "name": said("recommendationName"),
        "type": "Microsoft.Security/assessments",
        "properties": {
            "displayName": said("recommendationDisplayName"),
            "status": {"code": state, "cause": said("notApplicableReason"),
                "firstEvaluationDate": said("firstEvaluationDate"),
                "statusChangeDate": said("statusChangeDate")},
            "resourceDetails": {"source": "Azure", "id": row.needed("resourceId")?},
            "metadata": {"severity": said("severity"), "description": said("description"),
                "remediationDescription": said("remediationSteps")},
            "links": {"azurePortal": said("azurePortalRecommendationLink")},
        },
    });
    Ok(record.to_string())
}

/// Reads a row.
pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let text = as_record(raw)?;
    super::normalize::normalize(&RawRecord { text: &text, ..*raw }, output)
}
