//! Posture alerts: from the API and from the webhook, which make the same finding.

use std::collections::BTreeMap;
use std::net::IpAddr;

use quell_model::{
    Asset, AssetId, Detection, Finding, FindingClass, Hints, Record, Rule, Severity, Signals,
    Status, Untrusted,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::asset::{account, provider};
use super::kinds::{kind_of_api, kind_of_type};
use super::wire::{Alert, Config, Event, Found, Posted, Resource, Touched};
use super::{DESCRIPTION_BYTES, TITLE_BYTES, tool};
use crate::related::{CLOUD, Related, described};
use crate::wire::tags_of;
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

/// An alert of the API.
pub(super) fn alert(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let alert: Alert<'_> = serde_json::from_str(raw.text)?;
    of_alert(&alert, output)
}

/// What an alert says, wherever it was read from.
pub(super) fn of_alert(alert: &Alert<'_>, output: &mut Output) -> Result<(), Rejection> {
    let policy = &alert.policy;
    let policy_id = policy
        .policy_id
        .get()
        .or_else(|| alert.policy_id.get())
        .or_else(|| policy.name.get())
        .ok_or_else(|| Rejection::new("an alert without its policy at $.policy.policyId"))?;
    let kind = policy.policy_type.or_empty().to_ascii_lowercase();
    let subject = subject(&alert.resource, &kind)?;
    let changes = alert.history.iter().map(|change| &change.modified_on);
    let seen = [&alert.last_seen, &alert.last_updated, &alert.alert_time];
    let mut facts = Facts::default();
    facts.add("policy_type", &kind);
    facts.add("reason", alert.reason.or_empty());
    facts.add("dismissed_by", alert.dismissed_by.or_empty());
    facts.add("dismissal_note", alert.dismissal_note.or_empty());
    let rules: Vec<&str> = alert.alert_rules.iter().filter_map(|rule| rule.name.get()).collect();
    facts.add("alert_rule", &rules.join(", "));
    facts.add("labels", &joined(&policy.labels));
    facts.add("rrn", alert.resource.rrn.or_empty());
    facts.add("remediation_cli", policy.remediation.cli_script_template.or_empty());
    let mut asset = subject.asset;
    if policy.finding_types.iter().any(|word| word.get() == Some("INTERNET_EXPOSURE")) {
        asset.signals.internet_exposed = Some(true);
    }
    let detection = subject.detection.map(|mut detection| {
        if detection.principal.is_empty() {
            detection.principal = alert.triggered_by.untrusted(TITLE_BYTES);
        }
        Box::new(detection)
    });
    let aliases = [&policy.policy_upi].into_iter().chain(policy.labels.iter());
    let rule = Rule {
        id: policy_id.to_owned(),
        title: policy.name.untrusted(TITLE_BYTES),
        aliases: legacy_ids(aliases),
    };
    let status = alert.status.or_empty();
    push(
        output,
        Finding {
            tool: tool(),
            native_id: native_id(&alert.id, policy_id, &asset),
            class: class(&kind),
            title: title(&policy.name, &kind, policy_id),
            rule,
            description: policy.description.untrusted(DESCRIPTION_BYTES),
            severity: Severity::from_word(policy.severity.or_empty()),
            severity_native: policy.severity.or_empty().to_owned(),
            status: status_of(status),
            status_native: status.to_owned(),
            asset,
            first_seen: alert.first_seen.time().or_else(|| alert.event_occurred.time()),
            last_seen: seen.into_iter().chain(changes).filter_map(Text::time).max(),
            vulnerability: None,
            location: None,
            detection,
            remediation: policy.recommendation.untrusted(DESCRIPTION_BYTES),
            references: alert.resource.url.link().into_iter().collect(),
            evidence: facts.into_vec(),
            scope: None,
        },
    );
    Ok(())
}

/// An alert as the webhook posts it.
pub(super) fn posted(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let mut alert: Posted<'_> = serde_json::from_str(raw.text)?;
    let resource = std::mem::take(&mut alert.resource);
    let resource = completed(resource, &alert);
    let policy_id = alert
        .policy_id
        .get()
        .or_else(|| alert.policy_name.get())
        .ok_or_else(|| Rejection::new("an alert without its policy at $.policyId"))?;
    let mut kind = alert.policy_type.or_empty().to_ascii_lowercase();
    if kind.is_empty() && resource.resource_type.get() == Some("AUDIT_EVENT") {
        "audit_event".clone_into(&mut kind);
    }
    if kind.is_empty() && alert.policy_labels.iter().any(names_behavior) {
        "anomaly".clone_into(&mut kind);
    }
    let subject = subject(&resource, &kind)?;
    let mut facts = Facts::default();
    facts.add("policy_type", &kind);
    facts.add("reason", alert.reason.or_empty());
    facts.add("dismissal_note", alert.alert_dismissal_note.or_empty());
    facts.add("alert_rule", alert.alert_rule_name.or_empty());
    facts.add("labels", &joined(&alert.policy_labels));
    facts.add("rrn", resource.rrn.or_empty());
    facts.add("account_name", alert.account_name.or_empty());
    facts.add("remediation_cli", alert.alert_remediation_cli.or_empty());
    let status = alert.alert_status.or_empty();
    let links = [alert.callback_url.link(), resource.url.link()];
    push(
        output,
        Finding {
            tool: tool(),
            native_id: native_id(&alert.alert_id, policy_id, &subject.asset),
            class: class(&kind),
            rule: Rule {
                id: policy_id.to_owned(),
                title: alert.policy_name.untrusted(TITLE_BYTES),
                aliases: legacy_ids(alert.policy_labels.iter()),
            },
            title: title(&alert.policy_name, &kind, policy_id),
            description: alert.policy_description.untrusted(DESCRIPTION_BYTES),
            severity: Severity::from_word(alert.severity.or_empty()),
            severity_native: alert.severity.or_empty().to_owned(),
            status: status_of(status),
            status_native: status.to_owned(),
            asset: subject.asset,
            first_seen: alert.first_seen.time(),
            last_seen: [&alert.last_seen, &alert.alert_ts].into_iter().filter_map(Text::time).max(),
            vulnerability: None,
            location: None,
            detection: subject.detection.map(Box::new),
            remediation: alert.policy_recommendation.untrusted(DESCRIPTION_BYTES),
            references: links.into_iter().flatten().collect(),
            evidence: facts.into_vec(),
            scope: None,
        },
    );
    Ok(())
}

/// Fills the gaps of the nested resource from the flat fields beside it, which old tenants send
/// alone.
fn completed<'a>(mut resource: Resource<'a>, alert: &Posted<'a>) -> Resource<'a> {
    let fill = |to: &mut Text<'a>, from: &Text<'a>| {
        if to.get().is_none() {
            to.clone_from(from);
        }
    };
    fill(&mut resource.id, &alert.resource_id);
    fill(&mut resource.name, &alert.resource_name);
    fill(&mut resource.account_id, &alert.account_id);
    fill(&mut resource.account, &alert.account_name);
    fill(&mut resource.region_id, &alert.resource_region_id);
    fill(&mut resource.cloud_type, &alert.cloud_type);
    fill(&mut resource.resource_type, &alert.resource_type);
    resource.data = resource.data.or(alert.resource_config);
    resource.resource_tags = resource.resource_tags.or(alert.tags);
    resource
}

/// An asset as a search of the inventory finds it.
pub(super) fn found(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Found<'_> = serde_json::from_str(raw.text)?;
    let named = Resource {
        id: wire.id,
        rrn: wire.rrn,
        name: wire.name,
        account: wire.account_name,
        account_id: wire.account_id,
        region_id: wire.region_id,
        resource_type: wire.resource_type,
        cloud_type: wire.cloud_type,
        resource_tags: wire.tags,
        data: wire.data,
        ..Resource::default()
    };
    let nameless = |_| Rejection::new("an asset without its id at $.id and $.name");
    let made = asset(&named, "").map_err(nameless)?;
    let mut related = Related::of(tool());
    described(&made, &read::<Value>(named.data), CLOUD, &mut related);
    output.push(Record::Asset(Box::new(made)));
    related.write(output);
    Ok(())
}

/// What an alert is about, and for events who did it.
struct Subject {
    asset: Asset,
    detection: Option<Detection>,
}

fn subject(resource: &Resource<'_>, policy_type: &str) -> Result<Subject, Rejection> {
    if resource.resource_type.get() == Some("AUDIT_EVENT") || policy_type == "audit_event" {
        return event_subject(resource);
    }
    let asset = asset(resource, policy_type)?;
    let detection = (class(policy_type) == FindingClass::Detection).then(Detection::default);
    Ok(Subject { asset, detection })
}

fn asset(resource: &Resource<'_>, policy_type: &str) -> Result<Asset, Rejection> {
    let config: Config<'_> = read(resource.data);
    let extra: Config<'_> = read(resource.additional_info);
    let stated = resource.id.get().or_else(|| resource.name.get());
    let arn = own_arn(resource, &config).or_else(|| own_arn(resource, &extra));
    let link = config.self_link.get().filter(|link| link.contains(".googleapis.com/"));
    let native = stated.or(arn).ok_or_else(|| {
        Rejection::new("an alert without its resource at $.resource.id and $.resource.name")
    })?;
    let identity = if is_arn(&native) { native } else { arn.or(link).unwrap_or(native) };
    let id = identify(resource, without_prefix(identity));
    let public = [&config.is_public, &config.publicly_accessible];
    let public = public.into_iter().find(|text| text.get().is_some()).map(Text::is_true);
    Ok(Asset {
        id,
        native_id: native.to_owned(),
        native_kind: kind_word(resource),
        name: resource.name.untrusted(TITLE_BYTES),
        tags: tags(resource, &config),
        signals: Signals {
            internet_exposed: public,
            sensitive_data: (policy_type == "data").then_some(true),
            high_privilege: None,
        },
        context: quell_model::Context::default(),
    })
}

/// The ARN that the cloud's own description gives, if it names this resource and no neighbor.
fn own_arn<'a>(resource: &Resource<'_>, config: &'a Config<'_>) -> Option<&'a str> {
    let names = [resource.id.get(), resource.name.get()];
    [
        &config.arn,
        &config.function_arn,
        &config.dbinstance_arn,
        &config.topic_arn,
        &config.table_arn,
        &config.trail_arn,
        &config.key.key_arn,
    ]
    .into_iter()
    .filter_map(Text::get)
    .filter(is_arn)
    .find(|arn| names.iter().flatten().any(|name| arn.contains(name)))
}

fn identify(resource: &Resource<'_>, identity: &str) -> AssetId {
    let cloud = resource.cloud_type.or_empty().to_ascii_lowercase();
    let kind = kind_word(resource);
    let stated = resource.resource_type.or_empty();
    let known = resource
        .resource_api_name
        .get()
        .and_then(kind_of_api)
        .or_else(|| kind_of_type(&cloud, stated));
    AssetId::parse(
        identity,
        &Hints {
            provider: provider(&cloud),
            account: account(&resource.account_id),
            region: resource.region_id.get().filter(|region| *region != "global"),
            kind: known.or(Some(kind.as_str())).filter(|kind| !kind.is_empty()),
            name: resource.name.get(),
            namespace: None,
        },
    )
}

/// The vendor's type in its API spelling: the webhook writes `Security Group`.
fn kind_word(resource: &Resource<'_>) -> String {
    resource.resource_type.or_empty().replace(' ', "_").to_ascii_uppercase()
}

/// Azure ids may come behind the tenant's id and a dash.
fn without_prefix(identity: &str) -> &str {
    identity
        .find("/subscriptions/")
        .filter(|start| *start <= 40)
        .and_then(|start| identity.get(start..))
        .unwrap_or(identity)
}

fn is_arn(text: &&str) -> bool {
    text.starts_with("arn:") && text.matches(':').count() >= 5
}

fn tags(resource: &Resource<'_>, config: &Config<'_>) -> BTreeMap<String, Untrusted> {
    [resource.resource_tags, config.tags, config.labels]
        .into_iter()
        .flatten()
        .filter_map(|raw| serde_json::from_str(raw.get()).ok())
        .map(|value| tags_of(&value))
        .find(|tags| !tags.is_empty())
        .unwrap_or_default()
}

/// For an event, the resource is only the event's name. The asset is what the call touched, where
/// the event says so, and else who called.
fn event_subject(resource: &Resource<'_>) -> Result<Subject, Rejection> {
    let event: Event<'_> = read(resource.data);
    let identity = &event.user_identity;
    let role = identity.session_context.session_issuer.arn.get();
    let actor = role.or_else(|| identity.arn.get()).filter(is_arn);
    let payload = &event.proto_payload;
    let caller = [&identity.arn, &payload.authentication_info.principal_email, &event.caller]
        .into_iter()
        .find_map(Text::get);
    let addresses = [&event.source_ip_address, &payload.request_metadata.caller_ip];
    let mut detection = Detection {
        principal: Untrusted::from(caller.unwrap_or_default()).capped(TITLE_BYTES),
        remote_addresses: addresses
            .into_iter()
            .filter_map(Text::get)
            .filter(|address| address.parse::<IpAddr>().is_ok())
            .map(str::to_owned)
            .collect(),
        ..Detection::default()
    };
    let actor = actor.map(|arn| named(resource, arn, "", arn));
    let asset = match (touched(resource, &event), actor) {
        (Some(asset), actor) => {
            detection.also_involved.extend(actor);
            asset
        }
        (None, Some(actor)) => actor,
        (None, None) => asset(resource, "audit_event")?,
    };
    Ok(Subject { asset, detection: Some(detection) })
}

fn touched(resource: &Resource<'_>, event: &Event<'_>) -> Option<Asset> {
    let list: Vec<Touched<'_>> = read(event.resources);
    let from_list = list.iter().find_map(|entry| {
        let native = entry.arn.get().or_else(|| entry.resource_name.get())?;
        let name = entry.resource_name.get().unwrap_or(native);
        Some(named(resource, native, entry.resource_type.or_empty(), name))
    });
    from_list.or_else(|| {
        let payload = &event.proto_payload;
        let name = payload.resource_name.get();
        let google = name.and_then(|name| Some((name, payload.service_name.get()?)));
        if let Some((name, service)) = google {
            return Some(named(resource, &format!("//{service}/{name}"), "", name));
        }
        event.resource_id.get().map(|id| named(resource, id, "", id))
    })
}

fn named(resource: &Resource<'_>, native: &str, kind: &str, name: &str) -> Asset {
    let cloud = resource.cloud_type.or_empty().to_ascii_lowercase();
    let hints = Hints {
        provider: provider(&cloud),
        account: account(&resource.account_id),
        region: resource.region_id.get(),
        kind: Some(kind).filter(|kind| !kind.is_empty()),
        name: Some(name),
        namespace: None,
    };
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}

fn read<'a, T: serde::Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn class(policy_type: &str) -> FindingClass {
    match policy_type {
        "audit_event" | "anomaly" | "workload_incident" | "malware" | "grayware" => {
            FindingClass::Detection
        }
        "iam" => FindingClass::Identity,
        "data" => FindingClass::DataRisk,
        "attack_path" => FindingClass::AttackPath,
        "workload_vulnerability" => FindingClass::Vulnerability,
        // `config`, `network`, `api`, and the webhook of old tenants, which does not say.
        _ => FindingClass::Misconfiguration,
    }
}

fn status_of(word: &str) -> Status {
    match word.to_ascii_lowercase().as_str() {
        "dismissed" | "snoozed" => Status::Suppressed,
        "resolved" => Status::Resolved,
        "pending_resolution" => Status::InProgress,
        _ => Status::Open,
    }
}

fn title(name: &Text<'_>, policy_type: &str, policy_id: &str) -> Untrusted {
    match name.get() {
        Some(_) => name.untrusted(TITLE_BYTES),
        None => Untrusted::from(format!("{policy_type} policy {policy_id}")).capped(TITLE_BYTES),
    }
}

fn native_id(id: &Text<'_>, policy_id: &str, asset: &Asset) -> String {
    id.get().map_or_else(|| format!("{policy_id}|{}", asset.native_id), str::to_owned)
}

/// Labels are free words; only those that are ids of the same policy name the rule.
fn legacy_ids<'a>(words: impl Iterator<Item = &'a Text<'a>>) -> Vec<String> {
    let prefixes = ["PC-", "CKV_", "CKV2_", "BC_"];
    words
        .filter_map(Text::get)
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
        .filter(|word| word.len() <= 64 && !word.contains(' '))
        .take(8)
        .map(str::to_owned)
        .collect()
}

/// Old tenants post no policy type; their labels tell behavior from settings.
fn names_behavior(label: &Text<'_>) -> bool {
    matches!(label.get(), Some("Reconnaissance" | "UEBA" | "Anomaly" | "Threat Detection"))
}

fn joined(words: &[Text<'_>]) -> String {
    words.iter().filter_map(Text::get).take(16).collect::<Vec<_>>().join(", ")
}

fn push(output: &mut Output, finding: Finding) {
    output.push(Record::Finding(Box::new(finding)));
}
