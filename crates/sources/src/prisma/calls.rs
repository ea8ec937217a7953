//! Calls to the console, to a container engine and to a cluster's API.

use std::net::IpAddr;

use quell_model::{
    Activity, Asset, Detection, Finding, FindingClass, Record, Rule, Severity, Status, Untrusted,
};
use serde_json::Value;

use super::asset::{Place, account, application, host, image, object, provider};
use super::compute_wire::Call;
use super::{DESCRIPTION_BYTES, TITLE_BYTES, techniques, tool};
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

/// A call to the console: somebody logged in or changed a setting.
pub(super) fn management(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let call: Call<'_> = serde_json::from_str(raw.text)?;
    let action = call
        .call_kind
        .get()
        .ok_or_else(|| Rejection::new("a management audit without what was done at $.type"))?;
    let mut facts = Facts::default();
    facts.add("api", call.api.or_empty());
    facts.add("status", call.status.or_empty());
    facts.add("source_ip", call.source_ip.or_empty());
    facts.add("change", call.diff.or_empty());
    let asset = application("prisma-cloud-console", &Place::default())
        .ok_or_else(|| Rejection::new("a management audit without its console"))?;
    output.push(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(&call, action, ""),
        action: action.to_owned(),
        principal: call.username.untrusted(TITLE_BYTES),
        asset,
        time: call.time.time(),
        succeeded: call.failure.get().map(|_| !call.failure.is_true()),
        evidence: facts.into_vec(),
    })));
    Ok(())
}

/// A call to a container engine, allowed or refused by an access rule.
pub(super) fn access(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let call: Call<'_> = serde_json::from_str(raw.text)?;
    let action = call
        .api
        .get()
        .ok_or_else(|| Rejection::new("an access audit without what was called at $.api"))?;
    let place = place(&call);
    let asset = host(call.hostname.or_empty(), None, &place)
        .or_else(|| image(call.image_name.or_empty()))
        .ok_or_else(|| Rejection::new("an access audit without $.hostname and $.imageName"))?;
    let mut facts = Facts::default();
    facts.add("rule_name", call.rule_name.or_empty());
    facts.add("message", call.message.or_empty());
    facts.add("container", call.container_name.or_empty());
    facts.add("image", call.image_name.or_empty());
    facts.add("source_ip", call.source_ip.or_empty());
    output.push(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: native_id(&call, action, &asset.native_id),
        action: action.to_owned(),
        principal: user(&call),
        asset,
        time: call.time.time(),
        succeeded: call.allow.get().map(|_| call.allow.is_true()),
        evidence: facts.into_vec(),
    })));
    Ok(())
}

/// A call to a cluster that one of the audit rules names.
pub(super) fn kubernetes(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let call: Call<'_> = serde_json::from_str(raw.text)?;
    let place = place(&call);
    let cluster = call
        .cluster
        .get()
        .ok_or_else(|| Rejection::new("a Kubernetes audit without its cluster at $.cluster"))?;
    let asset = object("Cluster", cluster, None, &place);
    let mut facts = Facts::default();
    facts.add("verb", call.verb.or_empty());
    facts.add("resources", call.resources.or_empty());
    facts.add("request_uri", call.request_uri.or_empty());
    let rule = Rule { id: "kubernetesAudit".to_owned(), ..Rule::default() };
    let title = call.message.get().unwrap_or("Kubernetes audit");
    push(output, &call, (rule, title), asset, facts);
    Ok(())
}

/// A change to a cluster that an admission rule alerts on or blocks.
pub(super) fn admission(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let call: Call<'_> = serde_json::from_str(raw.text)?;
    let place = place(&call);
    let rule_name = call
        .rule_name
        .get()
        .ok_or_else(|| Rejection::new("an admission audit without its rule at $.ruleName"))?;
    let name = call.resource.get().or_else(|| call.cluster.get());
    let name =
        name.ok_or_else(|| Rejection::new("an admission audit without $.resource and $.cluster"))?;
    let kind = call.kind.get().unwrap_or("Object");
    let asset = object(kind, name, call.namespace.get(), &place);
    let mut facts = Facts::default();
    facts.add("operation", call.operation.or_empty());
    facts.add("effect", call.effect.or_empty());
    facts.add("kind", kind);
    facts.add("cluster", call.cluster.or_empty());
    let rule = Rule {
        id: rule_name.to_owned(),
        title: call.rule_name.untrusted(TITLE_BYTES),
        ..Rule::default()
    };
    push(output, &call, (rule, rule_name), asset, facts);
    Ok(())
}

fn push(
    output: &mut Output,
    call: &Call<'_>,
    (rule, title): (Rule, &str),
    asset: Asset,
    facts: Facts,
) {
    let addresses = call.source_ips.iter().chain([&call.source_ip]).filter_map(Text::get);
    let detection = Detection {
        techniques: techniques::ids(&call.attack_techniques),
        principal: user(call),
        remote_addresses: addresses
            .filter(|address| address.parse::<IpAddr>().is_ok())
            .take(64)
            .map(str::to_owned)
            .collect(),
        ..Detection::default()
    };
    let action = call.verb.get().or_else(|| call.operation.get()).unwrap_or_default();
    output.push(Record::Finding(Box::new(Finding {
        tool: tool(),
        native_id: native_id(call, &format!("{}|{action}", rule.id), &asset.native_id),
        class: FindingClass::Detection,
        title: Untrusted::from(title).capped(TITLE_BYTES),
        rule,
        description: call.message.untrusted(DESCRIPTION_BYTES),
        severity: Severity::Unknown,
        severity_native: String::new(),
        status: Status::Open,
        status_native: String::new(),
        asset,
        first_seen: call.time.time(),
        last_seen: call.time.time(),
        vulnerability: None,
        location: None,
        detection: Some(Box::new(detection)),
        remediation: Untrusted::default(),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    })));
}

fn place<'a>(call: &'a Call<'_>) -> Place<'a> {
    Place {
        provider: call.provider.get().and_then(provider),
        account: account(&call.account_id),
        region: None,
        cluster: call.cluster.get(),
        namespace: call.namespace.get(),
    }
}

/// The caller, who is a name or an object with a name in it.
fn user(call: &Call<'_>) -> Untrusted {
    let nested = call.user.as_ref().and_then(|user| user.get("username").and_then(Value::as_str));
    let plain = call.user.as_ref().and_then(Value::as_str);
    let name = nested.or(plain).or_else(|| call.username.get()).unwrap_or_default();
    Untrusted::from(name).capped(TITLE_BYTES)
}

fn native_id(call: &Call<'_>, action: &str, asset: &str) -> String {
    let user = user(call);
    format!("{action}|{}|{asset}|{}", user.raw(), call.time.or_empty())
}
