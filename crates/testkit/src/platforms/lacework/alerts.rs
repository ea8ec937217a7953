//! Alerts: their list, their scopes, comments, closing, and the webhook.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::{Map, Value, json};

use super::entities::machine_tags;
use super::findings::severity;
use super::{Closed, LaceworkDouble, moment, object, said, told};
use crate::net::{Answer, Asked};
use crate::platforms::{Cause, Detection, Flaw, Kind as ThingKind, Thing};

/// What is added to a flaw's number to make the id of its alert.
const FIRST_ID: usize = 100_000;

/// Headers and body of what a webhook channel posts.
pub type Posted = (Vec<(String, String)>, Vec<u8>);

/// What people did to alerts: closed and commented ones.
pub(super) type Touched<'a> = (&'a BTreeMap<usize, Closed>, &'a BTreeMap<usize, Vec<String>>);

/// Whether there is an alert: of all that happened, and of some settings.
pub(super) fn is_alert(flaw: &Flaw) -> bool {
    match flaw.cause {
        Cause::Detection(_) => true,
        Cause::Misconfiguration(_) => flaw.number.is_multiple_of(5),
        Cause::Vulnerability(_) => false,
    }
}

/// The hour in which an alert began, which is all that its time tells.
pub(super) fn begins(flaw: &Flaw) -> Timestamp {
    let second = flaw.opened.as_second();
    Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(flaw.opened)
}

/// An alert as lists have it: nothing says what it is about but its text.
pub(super) fn listed(flaw: &Flaw, thing: &Thing, (closed, _): Touched<'_>) -> Value {
    let id = FIRST_ID + flaw.number;
    let by_hand = closed.get(&id);
    let status = if flaw.is_open() && by_hand.is_none() { "Open" } else { "Closed" };
    // Nobody touched it: the vendor says that in two ways.
    let untouched = if flaw.number.is_multiple_of(2) { "" } else { "0" };
    let touched = by_hand.map_or_else(|| untouched.to_owned(), |closed| moment(closed.at));
    let begins = begins(flaw);
    let mut row = json!({
        "alertId": id, "startTime": moment(begins),
        "endTime": moment(begins + SignedDuration::from_hours(1)), "severity": severity(flaw.severity),
        "reachability": "UnknownReachability", "lastUserUpdatedTime": touched, "status": status,
        "internetExposure": if thing.exposed { "Yes" } else { "UnknownInternetExposure" },
        "evolvingAlert": false, "tagMetadata": [],
    });
    let own = match &flaw.cause {
        Cause::Detection(seen) => json!({
            "alertType": "SuspiciousActivity", "alertName": seen.title, "policyId": "",
            "derivedFields": { "category": "Anomaly", "sub_category": "Process", "source": "Agent" },
            "alertInfo": { "subject": seen.title, "description": about(seen, thing) },
        }),
        Cause::Misconfiguration(setting) => json!({
            "alertType": "NewViolations", "alertName": setting.titles.get(3),
            "policyId": setting.rules.get(1),
            "derivedFields": { "category": "Policy", "sub_category": "Compliance", "source": "AWS" },
            "alertInfo": {
                "subject": setting.titles.get(3),
                "description": format!("New violation on resource {} in {}", thing.native, thing.account.id),
            },
        }),
        Cause::Vulnerability(_) => json!({}),
    };
    if let (Some(map), Value::Object(own)) = (row.as_object_mut(), own) {
        map.extend(own);
    }
    row
}

/// What a person reads; some of it is written by whoever attacks.
fn about(seen: &Detection, thing: &Thing) -> String {
    let host = thing.host.as_deref().unwrap_or_default();
    if thing.number.is_multiple_of(3) {
        return format!(
            "=cmd|' /C calc'!A0 <script>alert(1)</script>\u{202e}\u{0} on {host} by {}",
            seen.process
        );
    }
    format!("{} ran {} to {}", host, seen.process, seen.address)
}

fn entity_map(flaw: &Flaw, thing: &Thing) -> Value {
    let Cause::Detection(seen) = &flaw.cause else {
        return json!({ "NewViolation": [{
            "KEY": { "reason": "x", "rec_id": "x", "region": thing.region, "resource": thing.native },
            "PROPS": {},
        }] });
    };
    let mid = (thing.number + 1).to_string();
    // Properties are objects for some alerts and text that holds an object for others.
    let tags = machine_tags(thing);
    let tags = if flaw.number.is_multiple_of(2) { tags } else { json!(tags.to_string()) };
    let mut map = json!({
        "CT_User": [{ "KEY": { "username": format!("'{}'", seen.actor) }, "PROPS": {} }],
        "SourceIpAddress": [{ "KEY": { "ip_address": seen.address }, "PROPS": {} }],
    });
    if let Some(map) = map.as_object_mut().filter(|_| thing.kind == ThingKind::Machine) {
        let machine = json!([{
            "KEY": { "mid": mid },
            "PROPS": { "hostname": thing.host, "mid": mid, "tags": tags },
        }]);
        map.insert("Machine".to_owned(), machine);
        let process = json!([{
            "KEY": { "mid": mid, "pid_hash": "77" },
            "PROPS": {
                "exe_path": format!("/usr/bin/{}", seen.process), "process_id": "77",
                "cmdline": format!("{} -x", seen.process), "username": "www-data",
            },
        }]);
        map.insert("Process".to_owned(), process);
    }
    map
}

impl LaceworkDouble {
    /// What the webhook channel posts of a flaw: headers and body. There is none that proves it.
    #[must_use]
    pub fn webhook(&self, flaw: usize) -> Option<Posted> {
        let world = self.world.read();
        let flaw = world.flaws.get(flaw).filter(|flaw| is_alert(flaw))?;
        let thing = world.things.get(flaw.thing)?;
        let id = FIRST_ID + flaw.number;
        let state = self.state();
        let row = listed(flaw, thing, (&state.closed, &state.notes));
        let text = |path: &str| row.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let rank = ["Critical", "High", "Medium", "Low", "Info"];
        let rank = rank.iter().position(|word| *word == text("/severity")).unwrap_or(4) + 1;
        let body = json!({
            "event_title": text("/alertName"), "event_type": text("/alertType"),
            "event_link": format!("https://acme.lacework.net/ui/investigate/Event/{id}"),
            "lacework_account": "ACME", "event_source": text("/derivedFields/source"),
            "event_description": text("/alertInfo/description"),
            "event_timestamp": begins(flaw).strftime("%d %b %Y %H:%M GMT").to_string(),
            "event_id": id.to_string(), "event_severity": rank.to_string(),
            "rec_id": text("/policyId"),
        });
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Some((headers, body.to_string().into_bytes()))
    }

    pub(super) fn alert_scope(&self, asked: &Asked, id: &str) -> Answer {
        let scope = asked.query.strip_prefix("scope=").unwrap_or_default();
        let world = self.world.read();
        let number = id.parse().ok().and_then(|id: usize| id.checked_sub(FIRST_ID));
        let flaw = number.and_then(|number| world.flaws.get(number));
        let seen =
            flaw.filter(|flaw| is_alert(flaw) && flaw.is_seen_by(crate::platforms::Seer::Lacework));
        let Some((flaw, thing)) = seen.and_then(|flaw| Some((flaw, world.things.get(flaw.thing)?)))
        else {
            return said(404, "Alert not found");
        };
        let state = self.state();
        let touched = (&state.closed, &state.notes);
        if scope == "Details" {
            let mut row = listed(flaw, thing, touched);
            if let Some(map) = row.as_object_mut() {
                map.insert("entityMap".to_owned(), entity_map(flaw, thing));
            }
            return told(200, &json!({ "data": row }));
        }
        let rows = match scope {
            "Investigation" => investigation(flaw),
            "Events" => events(flaw, thing),
            "RelatedAlerts" | "Integrations" => Vec::new(),
            "Timeline" => timeline(FIRST_ID + flaw.number, touched),
            "ObservationTimeline" => observations(flaw, thing),
            _ => return said(400, "Invalid scope"),
        };
        if rows.is_empty() { Answer::new(204, "") } else { told(200, &json!({ "data": rows })) }
    }

    pub(super) fn alert_comment(&self, asked: &Asked, id: &str) -> Answer {
        let body = match object(&asked.body, &["comment"]) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let Some(text) = body.get("comment").and_then(Value::as_str).filter(|t| !t.is_empty())
        else {
            return said(400, "comment is required");
        };
        let Some(id) = self.alert_id(id) else { return said(404, "Alert not found") };
        let mut state = self.state();
        state.notes.entry(id).or_default().push(text.to_owned());
        told(201, &json!({ "data": entry(id, 1, text) }))
    }

    pub(super) fn alert_close(&self, asked: &Asked, id: &str) -> Answer {
        let body = match object(&asked.body, &["reason", "comment"]) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let reason = body.get("reason").and_then(Value::as_i64).filter(|r| (0..=5).contains(r));
        let Some(reason) = reason else { return said(400, "reason must be 0 to 5") };
        if reason == 0 && !has_text(&body, "comment") {
            return said(400, "comment is required for the reason Other");
        }
        let Some(id) = self.alert_id(id) else { return said(404, "Alert not found") };
        let at = self.now();
        let mut state = self.state();
        if state.closed.contains_key(&id) {
            return said(409, "Alert is already closed");
        }
        state.closed.insert(id, Closed { reason, at });
        told(200, &json!({ "message": "SUCCESS" }))
    }

    fn alert_id(&self, id: &str) -> Option<usize> {
        let id: usize = id.parse().ok()?;
        let world = self.world.read();
        let flaw = world.flaws.get(id.checked_sub(FIRST_ID)?)?;
        is_alert(flaw).then_some(id)
    }
}

fn has_text(body: &Map<String, Value>, name: &str) -> bool {
    body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

fn entry(id: usize, number: usize, text: &str) -> Value {
    json!({
        "id": number, "alertId": id, "entryType": "Comment", "entryAuthorType": "UserUpdate",
        "message": { "value": text }, "externalTime": "0",
        "user": { "userGuid": "ACME_USER_1", "username": "quell@acme.example" }, "updateContext": {},
    })
}

fn timeline(id: usize, (_, notes): Touched<'_>) -> Vec<Value> {
    let notes = notes.get(&id).into_iter().flatten().enumerate();
    notes.map(|(at, text)| entry(id, at + 1, text)).collect()
}

fn investigation(flaw: &Flaw) -> Vec<Value> {
    if !matches!(flaw.cause, Cause::Detection(_)) {
        return Vec::new();
    }
    vec![
        json!({ "question": "Has a new user been involved in the event in the last 60 days?", "answer": "Yes" }),
        json!({ "question": "Has the root account been used in the last 60 days?", "answer": "No" }),
    ]
}

fn events(flaw: &Flaw, thing: &Thing) -> Vec<Value> {
    let Cause::Detection(seen) = &flaw.cause else { return Vec::new() };
    let identity = json!({ "arn": seen.actor, "accountId": thing.account.id, "type": "IAMUser" });
    vec![json!({
        "awsRegion": thing.region, "eventName": "GetCallerIdentity",
        "eventSource": "sts.amazonaws.com", "sourceIpAddress": seen.address,
        "recipientAccountId": thing.account.id, "mfa": "false", "eventTime": moment(flaw.opened),
        "userIdentity": identity.to_string(), "additionalEventInfo": "{\"errorCode\": \"AccessDenied\"}",
    })]
}

fn observations(flaw: &Flaw, thing: &Thing) -> Vec<Value> {
    let Cause::Detection(seen) = &flaw.cause else { return Vec::new() };
    let mid = (thing.number + 1).to_string();
    vec![json!({
        "description": seen.title, "startEpoch": flaw.opened.as_second(),
        "endEpoch": flaw.opened.as_second() + 5, "observationType": "suspicious_process",
        "recordUuid": format!("2e034bf4-683f-56f0-a91b-{:012}", flaw.number),
        "entities": [
            { "entity_type": "machine", "entity_text": thing.host, "entity_uuid": "a", "is_subject": true,
              "entity_key": { "hostname": thing.host, "mid": mid } },
            { "entity_type": "process", "entity_text": seen.process, "entity_uuid": "b", "is_detail": true,
              "entity_key": { "mid": mid, "pid_hash": "77" }, "entity_props": "{\"cmdline\": \"x\"}" },
        ],
        "formalTags": [
            { "id": seen.technique, "name": "technique", "parent_id": seen.tactic },
            { "id": seen.tactic, "name": "tactic" },
        ],
        "relationships": [],
    })]
}
