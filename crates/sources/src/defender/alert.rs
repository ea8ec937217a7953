//! A security alert becomes a detection.

use quell_model::{
    Detection, Finding, FindingClass, FindingKey, KeyHasher, Record, Rule, Severity, Status,
    Untrusted,
};

use super::normalize::{Parts, tool};
use super::{asset, entities};
use crate::Rejection;
use crate::wire::{Facts, Tree};

const MOST: usize = 64;

pub(super) fn finding(parts: &Parts<'_>) -> Result<Record, Rejection> {
    let body = parts.body;
    let title = body.first(&["alertDisplayName", "displayName", "alertName", "alertType"]);
    let id = body.first(&["alertType"]).or(title).ok_or_else(|| {
        Rejection::new("names no kind of alert at $.properties.alertType or $.AlertType")
    })?;
    let listed = body.key("entities").unwrapped();
    let entities = entities::all(&listed);
    let place = asset::of_alert(body, &entities).ok_or_else(|| {
        Rejection::new(
            "names no resource at $.properties.resourceIdentifiers, $.AzureResourceId or \
             $.CompromisedEntity",
        )
    })?;
    let rule = Rule {
        id: id.to_owned(),
        title: Untrusted::from(title.unwrap_or(id)).capped(512),
        aliases: Vec::new(),
    };
    let mut out = Finding::new(tool(), FindingClass::Detection, rule, place);
    out.description = body.prose(&["description"]);
    let severity = body.text(&["severity", "alertSeverity", "reportedSeverity"]);
    out.severity = Severity::from_word(severity);
    severity.clone_into(&mut out.severity_native);
    let status = body.text(&["status", "state"]);
    out.status = status_of(status);
    status.clone_into(&mut out.status_native);
    out.first_seen = body.time(&["startTimeUtc", "startTime", "detectedTimeUtc", "timeGenerated"]);
    out.last_seen =
        body.time(&["processingEndTimeUtc", "processingEndTime", "endTimeUtc", "endTime"]);
    out.native_id = native_id(parts, &out);
    let steps = body.key("remediationSteps").unwrapped();
    out.remediation = Untrusted::from(steps.words(MOST).join("\n")).capped(4096);
    out.references = links(body);
    out.evidence = facts(body);
    out.detection = Some(Box::new(detection(body, &entities)));
    Ok(Record::Finding(Box::new(out)))
}

/// The system's id of the alert; where a query left it out, what else tells two alerts apart.
fn native_id(parts: &Parts<'_>, out: &Finding) -> String {
    if let Some(id) = parts.body.first(&["systemAlertId"]).or_else(|| parts.whole.first(&["name"]))
    {
        return id.to_owned();
    }
    let time = parts.body.text(&["startTimeUtc", "startTime", "timeGenerated"]);
    let key: FindingKey =
        KeyHasher::new("defender").part(&out.rule.id).part(out.asset.id.key()).part(time).finish();
    key.to_string()
}

fn status_of(word: &str) -> Status {
    match word.to_ascii_lowercase().as_str() {
        "resolved" | "closed" => Status::Resolved,
        "dismissed" => Status::Suppressed,
        "inprogress" | "in progress" => Status::InProgress,
        _ => Status::Open,
    }
}

fn links(body: &Tree<'_>) -> Vec<String> {
    let own = body.first(&["alertUri", "alertLink"]).map(str::to_owned).into_iter();
    let extended = body.key("extendedLinks").unwrapped();
    let further = extended.list().iter().filter_map(|l| Some(l.first(&["href"])?.to_owned()));
    own.chain(further.collect::<Vec<_>>())
        .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
        .filter(|link| link.len() <= 2048)
        .take(8)
        .collect()
}

fn facts(body: &Tree<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("compromisedEntity", body.text(&["compromisedEntity"]));
    facts.add("productComponentName", body.text(&["productComponentName"]));
    facts.add("isIncident", body.first(&["isIncident"]).filter(|w| is_yes(w)).unwrap_or_default());
    let extended = body.key("extendedProperties").unwrapped();
    for (name, value) in extended.fields() {
        facts.add(name, value.get().unwrap_or_default());
    }
    facts.into_vec()
}

fn is_yes(word: &str) -> bool {
    word.eq_ignore_ascii_case("true")
}

fn detection(body: &Tree<'_>, entities: &[&Tree<'_>]) -> Detection {
    let mut techniques = Vec::new();
    for name in ["techniques", "subTechniques"] {
        let listed = body.key(name).unwrapped();
        let words = listed.words(MOST);
        let split = words.iter().flat_map(|word| word.split(','));
        techniques.extend(split.map(str::trim).filter(|w| is_technique(w)).map(str::to_owned));
    }
    techniques.dedup();
    let intent = body.text(&["intent", "tactics"]);
    let tactics = intent.split(',').map(str::trim).filter(|w| !w.is_empty() && *w != "Unknown");
    let extended = body.key("extendedProperties").unwrapped();
    let told = ["user name", "Account", "Client principal name", "Caller", "Principal name"];
    let principal = entities::account(entities)
        .or_else(|| told.iter().find_map(|name| Some(extended.key(name).get()?.to_owned())));
    Detection {
        techniques,
        tactics: tactics.map(str::to_owned).collect(),
        principal: Untrusted::from(principal.unwrap_or_default()).capped(1024),
        processes: entities::processes(entities),
        remote_addresses: entities::addresses(entities),
        also_involved: Vec::new(),
    }
}

/// `T1059` or `T1059.001`.
fn is_technique(word: &str) -> bool {
    word.strip_prefix('T').is_some_and(|rest| {
        rest.len() >= 4 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}
