//! From one CloudTrail event to an activity, or to the detection that an Insights event is.

use quell_model::{Activity, Record, Tool, Untrusted};
use serde_json::Value;

use super::insight;
use super::principal::principal;
use super::target::target;
use super::wire::{Event, LookedUp};
use crate::intake::place::without_place;
use crate::wire::{Facts, Text};
use crate::{Output, RawRecord, Rejection};

const NAME_BYTES: usize = 512;

/// Makes one record of an event, bare, within another event or looked up.
pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let mut outer: Event<'_> = serde_json::from_str(record.text)?;
    if outer.digest_start_time.get().is_some() && outer.name.get().is_none() {
        return Err(Rejection::new(
            "a CloudTrail digest file: it signs log files and holds no event; import the log files",
        ));
    }
    let within = [("$.CloudTrailEvent", &outer.looked_up), ("$.message", &outer.message)];
    let within = within.into_iter().find_map(|(path, text)| Some((path, text.get()?)));
    if let Some((path, text)) = within.filter(|_| outer.name.get().is_none()) {
        let event: Event<'_> = serde_json::from_str(text).map_err(|error| {
            Rejection::new(format!("`{path}` is no event: {}", without_place(&error)))
        })?;
        let looked_up: LookedUp<'_> = serde_json::from_str(record.text)?;
        return push(&event, &looked_up, path, output);
    }
    if let Some(detail) = outer.detail.take() {
        return push(&detail, &LookedUp::default(), "$.detail", output);
    }
    push(&outer, &LookedUp::default(), "$", output)
}

fn push(
    event: &Event<'_>,
    looked_up: &LookedUp<'_>,
    path: &str,
    output: &mut Output,
) -> Result<(), Rejection> {
    let who = principal(event);
    let who = if who.is_empty() { looked_up.username.or_empty() } else { &who };
    let time = event.time.time().or_else(|| looked_up.time.time());
    if let Some(kind) = event.insight.kind.get() {
        // It says that an API was called unusually often, not that it was called.
        let ids = [&event.shared_id, &event.id, &looked_up.id];
        let id = native_id(ids, || format!("{kind}|{who}|{}", event.time.or_empty()));
        let asset = target(event, looked_up);
        let finding = insight::finding(event, (id, kind, who), (asset, time));
        output.push(Record::Finding(Box::new(finding)));
        return Ok(());
    }
    let Some(action) = event.name.get().or(looked_up.name.get()) else {
        return Err(Rejection::new(format!("`{path}.eventName` is missing")));
    };
    let action = Untrusted::from(action).capped(NAME_BYTES).raw().to_owned();
    output.push(Record::Activity(Box::new(Activity {
        tool: Tool { product: "cloudtrail".to_owned(), format: "cloudtrail".to_owned() },
        native_id: native_id(
            [&event.id, &looked_up.id, &event.shared_id, &event.request_id],
            || format!("{action}|{who}|{}", event.time.or_empty()),
        ),
        principal: Untrusted::from(who).capped(NAME_BYTES),
        asset: target(event, looked_up),
        time,
        succeeded: succeeded(event),
        evidence: facts(event),
        action,
    })));
    Ok(())
}

/// Each event has an id of its own, even where two share a request.
fn native_id<const N: usize>(ids: [&Text<'_>; N], other: impl FnOnce() -> String) -> String {
    match ids.into_iter().find(|id| id.get().is_some()) {
        Some(id) => id.untrusted(NAME_BYTES).raw().to_owned(),
        None => other(),
    }
}

/// An error says that it failed; events of services say nothing of it.
fn succeeded(event: &Event<'_>) -> Option<bool> {
    let is_error = event.error_code.get().is_some() || event.error_message.get().is_some();
    let answer = event.name.get().and_then(|name| event.response.get(name)).and_then(Value::as_str);
    match (answer, event.kind.or_empty()) {
        _ if is_error => Some(false),
        (Some("Failure"), _) => Some(false),
        (Some("Success"), _) => Some(true),
        (_, "AwsServiceEvent") => None,
        _ => Some(true),
    }
}

fn facts(event: &Event<'_>) -> Vec<(String, Untrusted)> {
    let mut facts = Facts::default();
    facts.add("eventSource", event.source.or_empty());
    facts.add("sourceIPAddress", event.source_address.or_empty());
    facts.add("errorCode", event.error_code.or_empty());
    facts.add("errorMessage", event.error_message.or_empty());
    let session = &event.user_identity.session_context.attributes;
    let mfa = event.additional.mfa_used.get().or(session.mfa_authenticated.get());
    facts.add("mfa", mfa.unwrap_or_default());
    facts.add("accessKeyId", event.user_identity.access_key_id.or_empty());
    facts.add("userAgent", event.user_agent.or_empty());
    if event.request.is_object() {
        facts.add("requestParameters", &event.request.to_string());
    }
    facts.into_vec()
}
