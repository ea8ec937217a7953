//! Alerts: from the API, with and without details, and from the webhook.

use quell_model::{
    Asset, Finding, FindingClass, Hints, Provider, Record, Rule, Status, Timestamp, Untrusted,
};

use super::entity_map::{asset_of_entities, detection, told};
use super::inventory::{activity_of_call, activity_of_observation};
use super::place::{account, exposure, is_arn, provider, resource};
use super::wire::{Alert, Answer, Bus, Posted, Scopes};
use super::{NAME_BYTES, TEXT_BYTES, severity, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

/// Most calls and observations that are read of one alert.
const MOST_SEEN: usize = 256;

/// An alert that stands alone as the data of an answer.
pub(super) fn details(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let answer: Answer<'_> = serde_json::from_str(raw.text)?;
    alert(&RawRecord { text: answer.data.get(), ..*raw }, output)
}

/// An alert of a list, or on its own.
pub(super) fn alert(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let alert: Alert<'_> = serde_json::from_str(raw.text)?;
    let id = alert.alert_id.get().ok_or_else(|| Rejection::new("an alert without $.alertId"))?;
    let info = &alert.alert_info;
    let rule = alert
        .policy_id
        .get()
        .or_else(|| alert.alert_type.get())
        .or_else(|| alert.alert_name.get())
        .ok_or_else(|| Rejection::new("an alert without $.policyId and $.alertType"))?;
    let class = class(&alert);
    let cloud = alert.derived_fields.source.get().and_then(provider);
    let texts = [&info.description, &info.subject];
    let mut asset = asset_of_entities(&alert.entity_map, cloud)
        .or_else(|| asset_of_texts(&texts, cloud))
        .unwrap_or_else(|| unknown(id, &info.subject));
    let exposed = [&alert.internet_exposure, &alert.reachability];
    let exposed = exposed.into_iter().filter_map(Text::get).find_map(exposure);
    asset.signals.internet_exposed = asset.signals.internet_exposed.or(exposed);
    let mut facts = Facts::default();
    facts.add("alert_type", alert.alert_type.or_empty());
    facts.add("category", alert.derived_fields.category.or_empty());
    facts.add("sub_category", alert.derived_fields.sub_category.or_empty());
    facts.add("source", alert.derived_fields.source.or_empty());
    facts.add("subject", info.subject.or_empty());
    for (name, text) in told(&alert.scopes) {
        facts.add(name, &text);
    }
    let title = [&alert.alert_name, &info.subject, &alert.alert_type];
    let title = title.into_iter().find_map(Text::get).unwrap_or(rule);
    let status = alert.status.or_empty();
    let times = [&alert.start_time, &alert.end_time, &alert.last_user_updated_time];
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: id.to_owned(),
        class,
        rule: Rule {
            id: rule.to_owned(),
            title: alert.alert_name.untrusted(NAME_BYTES),
            aliases: Vec::new(),
        },
        title: Untrusted::from(title).capped(NAME_BYTES),
        description: info.description.untrusted(TEXT_BYTES),
        severity: severity(alert.severity.or_empty()),
        severity_native: alert.severity.or_empty().to_owned(),
        status: status_of(status),
        status_native: status.to_owned(),
        asset,
        first_seen: alert.start_time.time(),
        last_seen: times.into_iter().filter_map(Text::time).max(),
        vulnerability: None,
        location: None,
        detection: (class == FindingClass::Detection)
            .then(|| Box::new(detection(&alert.entity_map, &alert.scopes))),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    })));
    seen_in(id, &alert.scopes, output);
    Ok(())
}

/// The calls and observations behind an alert. One that names nothing is no reason to lose the alert.
fn seen_in(id: &str, scopes: &Scopes<'_>, output: &mut Output) {
    let calls = scopes.events.iter().map(|call| activity_of_call(call, Some(id)));
    let seen = &scopes.observation_timeline;
    let seen = seen.iter().map(|moment| activity_of_observation(moment, Some(id)));
    for activity in calls.chain(seen).flatten().take(MOST_SEEN) {
        output.push(Record::Activity(Box::new(activity)));
    }
}

/// An alert of the webhook channel. Its channel sends a test with the id 0.
pub(super) fn posted(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let alert: Posted<'_> = serde_json::from_str(raw.text)?;
    emit_posted(&alert, output)
}

/// An alert of the event bus channel: the webhook's, with names of its own.
pub(super) fn bus(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let Bus { detail } = serde_json::from_str(raw.text)?;
    let alert = Posted {
        event_id: detail.event_id,
        event_title: detail.event_name,
        event_link: detail.link,
        event_source: detail.event_category,
        event_description: detail.summary,
        event_timestamp: detail.start_time,
        event_type: detail.event_type,
        event_severity: detail.severity,
        rec_id: detail.rec_id,
    };
    emit_posted(&alert, output)
}

fn emit_posted(alert: &Posted<'_>, output: &mut Output) -> Result<(), Rejection> {
    let id = alert.event_id.get().ok_or_else(|| Rejection::new("an alert without $.event_id"))?;
    if id == "0" {
        return Err(Rejection::new("a test of the webhook channel: $.event_id is 0"));
    }
    let rule = [&alert.rec_id, &alert.event_type].into_iter().find_map(Text::get);
    let rule = rule.ok_or_else(|| Rejection::new("an alert without $.rec_id and $.event_type"))?;
    let source = alert.event_source.or_empty();
    let cloud = ["Aws", "Azure", "Gcp"]
        .into_iter()
        .find(|word| source.to_ascii_lowercase().starts_with(&word.to_ascii_lowercase()))
        .and_then(provider);
    let texts = [&alert.event_description, &alert.event_title];
    let asset = asset_of_texts(&texts, cloud).unwrap_or_else(|| unknown(id, &alert.event_title));
    let compliance = alert.rec_id.get().is_some() || alert.event_type.get() == Some("Compliance");
    let class = if compliance { FindingClass::Misconfiguration } else { FindingClass::Detection };
    let mut facts = Facts::default();
    facts.add("event_type", alert.event_type.or_empty());
    facts.add("event_source", source);
    let time = alert.event_timestamp.time().or_else(|| posted_time(&alert.event_timestamp));
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: id.to_owned(),
        class,
        rule: Rule { id: rule.to_owned(), ..Rule::default() },
        title: alert.event_title.untrusted(NAME_BYTES),
        description: alert.event_description.untrusted(TEXT_BYTES),
        severity: severity(alert.event_severity.or_empty()),
        severity_native: alert.event_severity.or_empty().to_owned(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: time,
        last_seen: time,
        vulnerability: None,
        location: None,
        detection: (!compliance).then(Box::default),
        remediation: Untrusted::default(),
        references: alert.event_link.link().into_iter().collect(),
        evidence: facts.into_vec(),
        scope: None,
    })));
    Ok(())
}

/// The webhook writes times for people: `27 May 2021 17:00 GMT`.
fn posted_time(text: &Text<'_>) -> Option<Timestamp> {
    let parts = jiff::fmt::strtime::parse("%d %b %Y %H:%M GMT", text.get()?).ok()?;
    let civil = parts.to_datetime().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn class(alert: &Alert<'_>) -> FindingClass {
    let kind = alert.alert_type.or_empty();
    match alert.derived_fields.sub_category.or_empty() {
        "Vulnerability" => FindingClass::Vulnerability,
        "Compliance" | "Platform" => FindingClass::Misconfiguration,
        _ if kind.contains("Violation") || kind.contains("Compliance") => {
            FindingClass::Misconfiguration
        }
        _ => FindingClass::Detection,
    }
}

fn status_of(word: &str) -> Status {
    match word.to_ascii_lowercase().as_str() {
        "closed" => Status::Resolved,
        "in progress" | "inprogress" => Status::InProgress,
        _ => Status::Open,
    }
}

/// Nothing says what the alert is about: it stands for itself, so that nothing merges with it.
fn unknown(id: &str, subject: &Text<'_>) -> Asset {
    let native = format!("lacework-alert:{id}");
    resource(
        &native,
        "unknown",
        &Hints { name: subject.get(), kind: Some("unknown"), ..Hints::default() },
    )
}

/// The first id of an AWS resource in the alert's texts, else the first account number.
fn asset_of_texts(texts: &[&Text<'_>], cloud: Option<Provider>) -> Option<Asset> {
    let words = || {
        let texts = texts.iter().filter_map(|text| text.get());
        texts.flat_map(|text| text.split([' ', ',', ';', '(', ')', '"', '\'', '\n']))
    };
    let trimmed = |word: &'_ str| word.trim_end_matches(['.', ':']).to_owned();
    if let Some(arn) = words().map(trimmed).find(|word| is_arn(word)) {
        let hints = Hints { provider: Some(Provider::Aws), ..Hints::default() };
        return Some(resource(&arn, "", &hints));
    }
    let number = |word: &String| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit());
    let id = words().map(trimmed).find(number).filter(|_| cloud == Some(Provider::Aws))?;
    Some(account(cloud, &id))
}
