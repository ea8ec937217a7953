//! What changes an alert: `PUT /api/alerts/ID/…`, and the log of it.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::older::after_days;
use super::records::{self, About, flaw_of};
use super::view::is_alert;
use super::{Kept, OrcaAlert, READ_ALERTS, WRITE_ALERTS, bad, refused};
use crate::net::{Answer, Asked};
use crate::platforms::world::{Seer, State};

/// The flaw of an alert. An id that is not known is an error of the server's, as Orca has it.
pub(super) fn flaw(world: &State, id: &str) -> Result<usize, Answer> {
    let found = flaw_of(id).and_then(|number| world.flaws.get(number));
    let found = found.filter(|flaw| flaw.is_seen_by(Seer::Orca) && is_alert(flaw));
    let none = || refused(500, &json!({"error": format!("alert_id {id} does not exist")}));
    found.map(|flaw| flaw.number).ok_or_else(none)
}

fn event(about: &About<'_>, now: Timestamp, kind: &str, sub: &str, details: &Value) -> Value {
    json!({"id": null, "unique_id": "None", "user_email": "user@example.com", "user_name": "Example User",
        "alert_id": records::alert_id(about.flaw.number), "asset_unique_id": records::unique_id(about.thing),
        "create_time": records::time(now), "type": kind, "sub_type": sub, "details": details})
}

/// `PUT /api/alerts/ID/…`.
pub(super) fn put(
    kept: &mut Kept,
    world: &State,
    (id, rest, asked): (&str, &[&str], &Asked),
    now: Timestamp,
) -> Result<Answer, Answer> {
    kept.need(WRITE_ALERTS)?;
    let number = flaw(world, id)?;
    let found = world.flaws.get(number);
    let thing = found.and_then(|flaw| world.things.get(flaw.thing));
    let (Some(flaw), Some(thing)) = (found, thing) else { return Err(bad("no such alert")) };
    let before = kept.alerts.get(&number).cloned().unwrap_or_default();
    let about = About { flaw, thing, touched: Some(&before), settings: &kept.settings };
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let (after, answer) = match rest {
        ["status", word] => status(&about, (word, &body), now)?,
        ["snooze"] => snooze(&about, &body, now)?,
        ["comment"] => comment(&about, &body, now)?,
        ["verify"] => (before.clone(), json!({"status": "scanning"})),
        _ => return Err(refused(404, &json!({"detail": "Not found."}))),
    };
    kept.alerts.insert(number, after);
    Ok(Answer::new(200, answer.to_string()))
}

fn changed(about: &About<'_>, now: Timestamp) -> OrcaAlert {
    let mut alert = about.touched.cloned().unwrap_or_default();
    alert.changed = Some(now);
    alert
}

/// The path takes `close` and `dismiss`; what is read is `closed` and `dismissed`.
fn status(
    about: &About<'_>,
    (word, body): (&str, &Value),
    now: Timestamp,
) -> Result<(OrcaAlert, Value), Answer> {
    let read = match word {
        "open" | "in_progress" => word,
        "close" => "closed",
        "dismiss" => "dismissed",
        _ => return Err(bad(format!("{word} is not a valid status"))),
    };
    let known = ["justification", "reason"];
    let fields = body.as_object().into_iter().flat_map(|fields| fields.keys());
    if let Some(name) = fields.into_iter().find(|name| !known.contains(&name.as_str())) {
        return Err(bad(format!("unknown field `{name}`")));
    }
    if about.status() == read {
        return Err(bad("requested to set same configuration"));
    }
    let details =
        json!({"description": "Alert status changed", "from": about.status(), "to": read});
    let answer = json!({"data": event(about, now, "set_status", read, &details)});
    let alert = OrcaAlert { status: Some(read.to_owned()), snoozed: None, ..changed(about, now) };
    Ok((alert, answer))
}

fn snooze(about: &About<'_>, body: &Value, now: Timestamp) -> Result<(OrcaAlert, Value), Answer> {
    let days = body.get("days").and_then(Value::as_i64).filter(|days| *days > 0);
    let days = days.ok_or_else(|| bad("days must be a number above 0"))?;
    let until = after_days(now, days);
    let details = json!({"description": "Alert snoozed", "until": records::time(until)});
    let answer = json!({"data": event(about, now, "set_status", "snoozed", &details)});
    let alert = OrcaAlert {
        status: Some("snoozed".to_owned()),
        snoozed: Some(until),
        ..changed(about, now)
    };
    Ok((alert, answer))
}

fn comment(about: &About<'_>, body: &Value, now: Timestamp) -> Result<(OrcaAlert, Value), Answer> {
    let text = body.get("comment").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| bad("comment is required"))?;
    let details = json!({"description": "Added comment", "comment": text});
    let answer = event(about, now, "comment", "", &details);
    let mut alert = changed(about, now);
    alert.comments.push(text.to_owned());
    Ok((alert, answer))
}

/// `GET /api/alerts/ID/event_log`, the newest first.
pub(super) fn events(
    kept: &Kept,
    world: &State,
    (id, asked): (&str, &Asked),
) -> Result<Answer, Answer> {
    kept.need(READ_ALERTS)?;
    let number = flaw(world, id)?;
    let value = |name: &str| {
        let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    };
    let limit = value("limit").and_then(|text| text.parse().ok()).unwrap_or(20);
    let start = value("start_at_index").and_then(|text| text.parse().ok()).unwrap_or(0);
    let none = OrcaAlert::default();
    let alert = kept.alerts.get(&number).unwrap_or(&none);
    let event = |text: &String| {
        json!({"alert_id": id, "type": "comment",
            "details": {"description": "Added comment", "comment": text}})
    };
    let comments = alert.comments.iter().rev().skip(start).take(limit).map(event);
    let comments: Vec<Value> = comments.collect();
    let body = json!({"event_log": comments, "total_items": alert.comments.len()});
    Ok(Answer::new(200, body.to_string()))
}
