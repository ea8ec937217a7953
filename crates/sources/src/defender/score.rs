//! Scores and compliance summaries: they add up results that stand elsewhere, so they are
//! evidence and never a fault of their own.

use quell_model::{Evidence, Record, Rule, Untrusted};

use super::asset;
use super::normalize::{Parts, tool};
use crate::wire::Tree;
use crate::{Output, Rejection};

/// A score of Defender for Cloud, or of one of its controls.
pub(super) fn score(parts: &Parts<'_>) -> Result<Record, Rejection> {
    let score = parts.body.key("score");
    let current = score.number(&["current"]).or_else(|| parts.body.number(&["currentScore"]));
    let max = score.number(&["max"]).or_else(|| parts.body.number(&["maxScore"]));
    let (Some(current), Some(max)) = (current, max) else {
        return Err(Rejection::new("gives no score at $.properties.score.current and .max"));
    };
    evidence(parts, current >= max, format!("{current} of {max}"))
}

/// The state of a standard, a control of one, or an assessment within one.
pub(super) fn compliance(parts: &Parts<'_>) -> Result<Record, Rejection> {
    let state = parts
        .body
        .first(&["state"])
        .ok_or_else(|| Rejection::new("gives no result at $.properties.state"))?;
    evidence(parts, state.eq_ignore_ascii_case("passed"), state.to_owned())
}

fn evidence(parts: &Parts<'_>, passed: bool, result: String) -> Result<Record, Rejection> {
    let id = parts.id();
    let below = asset::scope(&id).ok_or_else(|| Rejection::new("names no subscription at $.id"))?;
    let name = parts.whole.first(&["name"]).unwrap_or_else(|| id.rsplit('/').next().unwrap_or(&id));
    let rule = Rule {
        id: name.to_owned(),
        title: parts.body.prose(&["displayName", "description"]),
        aliases: Vec::new(),
    };
    Ok(Record::Evidence(Box::new(Evidence {
        tool: tool(),
        rule,
        asset: asset::by_id(below, None, None),
        passed,
        result_native: result,
        observed: parts
            .whole
            .time(&["timeGenerated"])
            .or_else(|| parts.body.time(&["timeGenerated"])),
        scope: None,
        native_id: id,
    })))
}

/// The controls of a day's Microsoft Secure Score, each one evidence on the tenant.
pub(super) fn controls(record: &Tree<'_>, output: &mut Output) -> Result<(), Rejection> {
    let tenant = record
        .first(&["azureTenantId"])
        .ok_or_else(|| Rejection::new("names no tenant at $.azureTenantId"))?;
    let day = record.text(&["id"]);
    let named = record.key("controlScores").list().iter();
    for control in named {
        let name = control.first(&["controlName"]).ok_or_else(|| {
            Rejection::new("has a control without a name at $.controlScores[].controlName")
        })?;
        let percent = control.number(&["scoreInPercentage"]);
        let told = control.first(&["implementationStatus"]).map(str::to_owned);
        let result = told.or_else(|| percent.map(|p| format!("{p} %"))).unwrap_or_default();
        output.push(Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id: format!("{day}|{name}"),
            rule: Rule {
                id: name.to_owned(),
                title: Untrusted::from(name).capped(512),
                aliases: Vec::new(),
            },
            asset: asset::tenant(tenant),
            passed: percent.is_some_and(|percent| percent >= 100.0),
            result_native: result.chars().take(512).collect(),
            observed: record.time(&["createdDateTime"]),
            scope: None,
        })));
    }
    if output.records.is_empty() {
        return Err(Rejection::new("gives no control at $.controlScores"));
    }
    Ok(())
}
