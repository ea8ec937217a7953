//! A recommendation on one resource: a misconfiguration where it is unhealthy, else evidence.

use quell_model::{Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Untrusted};

use super::asset;
use super::normalize::{Parts, tool};
use crate::Rejection;
use crate::wire::{Facts, Tree};

pub(super) fn record(parts: &Parts<'_>) -> Result<Record, Rejection> {
    let body = parts.body;
    let code = body
        .first(&["status.code", "recommendationState"])
        .ok_or_else(|| Rejection::new("gives no result at $.properties.status.code"))?;
    let id = parts.id();
    let rule = rule(parts, &id)?;
    let place = asset::of_assessment(body, &id).ok_or_else(|| {
        Rejection::new("names no resource at $.properties.resourceDetails.id or $.id")
    })?;
    let native_id = if id.is_empty() { format!("{}|{}", place.id.key(), rule.id) } else { id };
    if !code.eq_ignore_ascii_case("unhealthy") {
        return Ok(Record::Evidence(Box::new(Evidence {
            tool: tool(),
            native_id,
            rule,
            asset: place,
            passed: code.eq_ignore_ascii_case("healthy"),
            result_native: code.to_owned(),
            observed: body.time(TIMES).or_else(|| parts.whole.time(&["timeGenerated"])),
            scope: None,
        })));
    }
    let mut out = Finding::new(tool(), class(body), rule, place);
    out.native_id = native_id;
    out.description = body.prose(&["metadata.description", "description", "status.description"]);
    out.remediation = body.prose(&["metadata.remediationDescription", "remediationDescription"]);
    let severity = body.text(&[
        "metadata.severity",
        "status.severity",
        "recommendationSeverity",
        "risk.level",
        "severity",
    ]);
    out.severity = Severity::from_word(severity);
    severity.clone_into(&mut out.severity_native);
    out.status = if parts.is_deleted() { Status::Resolved } else { Status::Open };
    out.status_native = if parts.is_deleted() { "Delete".to_owned() } else { code.to_owned() };
    out.first_seen = body.time(&["status.firstEvaluationDate", "firstEvaluationDate"]);
    out.last_seen = body.time(TIMES).or_else(|| parts.whole.time(&["timeGenerated"]));
    out.references = body
        .first(&["links.azurePortal", "recommendationLink"])
        .and_then(portal)
        .into_iter()
        .collect();
    out.evidence = facts(body);
    Ok(Record::Finding(Box::new(out)))
}

/// A path that an attacker could take, from an entry point to what it leads to.
pub(super) fn attack_path(parts: &Parts<'_>) -> Result<Record, Rejection> {
    let body = parts.body;
    let title = body
        .first(&["displayName", "attackPathType"])
        .ok_or_else(|| Rejection::new("names no attack path at $.properties.displayName"))?;
    let id = parts.id();
    let end = ["target", "entryPoint"].into_iter().find_map(|end| {
        let end = body.key(end);
        end.first(&["azureResourceId", "resourceId", "id"]).or_else(|| end.get())
    });
    let place = end
        .or_else(|| asset::scope(&id))
        .ok_or_else(|| Rejection::new("names no resource at $.properties.target or $.id"))?;
    let rule = Rule {
        id: body.first(&["attackPathType", "attackPathId"]).unwrap_or(title).to_owned(),
        title: Untrusted::from(title).capped(512),
        aliases: Vec::new(),
    };
    let mut out =
        Finding::new(tool(), FindingClass::AttackPath, rule, asset::by_id(place, None, None));
    out.native_id = id;
    out.description = body.prose(&["description"]);
    let severity = body.text(&["riskLevel", "severity"]);
    out.severity = Severity::from_word(severity);
    severity.clone_into(&mut out.severity_native);
    out.last_seen = body.time(TIMES);
    Ok(Record::Finding(Box::new(out)))
}

/// Times of a result, the one that changes with every change first.
const TIMES: &[&str] =
    &["status.statusChangeDate", "statusChangeDate", "timeGenerated", "lastEvaluationDate"];

/// The key of the assessment: the same for every resource that it is made on.
fn rule(parts: &Parts<'_>, id: &str) -> Result<Rule, Rejection> {
    let of_path = id.rsplit_once("/assessments/").map(|(_, key)| key);
    let key = parts
        .whole
        .first(&["name"])
        .or_else(|| of_path.filter(|key| !key.contains('/')))
        .or_else(|| parts.body.first(&["recommendationId", "recommendationName"]))
        .ok_or_else(|| Rejection::new("names no assessment at $.name or $.id"))?;
    let key = key.rsplit('/').next().unwrap_or(key);
    let title = parts.body.first(&[
        "displayName",
        "metadata.displayName",
        "recommendationDisplayName",
        "recommendationName",
    ]);
    Ok(Rule {
        id: key.to_lowercase(),
        title: Untrusted::from(title.unwrap_or(key)).capped(512),
        aliases: Vec::new(),
    })
}

/// Recommendations about who may do what carry a category of their own.
fn class(body: &Tree<'_>) -> FindingClass {
    let categories = body.at("metadata.categories").words(16);
    let is_identity = categories.iter().any(|c| c.eq_ignore_ascii_case("IdentityAndAccess"));
    if is_identity { FindingClass::Identity } else { FindingClass::Misconfiguration }
}

/// Links come without their scheme.
fn portal(link: &str) -> Option<String> {
    let whole =
        if link.starts_with("https://") { link.to_owned() } else { format!("https://{link}") };
    (whole.len() <= 2048 && whole.starts_with("https://portal.") || whole.contains(".azure."))
        .then_some(whole)
}

fn facts(body: &Tree<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("cause", body.text(&["status.cause"]));
    facts.add("statusDescription", body.text(&["status.description"]));
    facts.add("policyDefinitionId", body.text(&["metadata.policyDefinitionId"]));
    facts.add("categories", &body.at("metadata.categories").words(16).join(", "));
    facts.add("threats", &body.at("metadata.threats").words(16).join(", "));
    for (name, value) in body.key("additionalData").fields() {
        facts.add(name, value.get().unwrap_or_default());
    }
    facts.into_vec()
}
