//! What Orca is told about its alerts: states and comments.

use quell_http::{HttpError, Request, Response};
use serde_json::{Value, json};

use super::call::Orca;
use super::{READ_ALERTS, WRITE_ALERTS};
use crate::live::{Change, Dismissal, LiveError, Target, Written};

/// Comments that are looked at for one that is there already.
const MOST_EVENTS: usize = 100;
const SECONDS_OF_DAY: i64 = 86_400;
/// What Orca says where an alert is so already.
const SAME: &str = "same configuration";

/// Tells Orca of a change. What is so already counts as done.
pub(super) async fn write(
    orca: &Orca,
    target: &Target,
    change: &Change,
) -> Result<Written, LiveError> {
    if target.stream != "alerts" {
        return Err(LiveError::Unsupported("Orca"));
    }
    let id = segment(&target.id)?;
    match change {
        Change::Comment { text } => comment(orca, id, text).await,
        Change::Begin { note } => {
            let state = status(orca, (id, "in_progress"), None).await?;
            with_note(orca, id, (state, note)).await
        }
        Change::Close { note } => {
            let state = status(orca, (id, "close"), None).await?;
            with_note(orca, id, (state, note)).await
        }
        Change::Reopen { note } => {
            let state = status(orca, (id, "open"), None).await?;
            with_note(orca, id, (state, note)).await
        }
        Change::Dismiss { why, note } => {
            let reason = match why {
                Dismissal::FalsePositive => "False positive",
                Dismissal::Accepted => "Accepted risk",
                Dismissal::Mitigated => "Mitigated by other controls",
            };
            let body = json!({"justification": note, "reason": reason});
            let state = status(orca, (id, "dismiss"), Some(&body)).await?;
            with_note(orca, id, (state, note)).await
        }
        Change::Snooze { until, note } => {
            let left = until.as_second() - orca.clock.now().as_second();
            let days = (left.max(1) + SECONDS_OF_DAY - 1) / SECONDS_OF_DAY;
            let state = snooze(orca, id, days).await?;
            with_note(orca, id, (state, note)).await
        }
        Change::Link { .. } => Err(LiveError::Unsupported("Orca")),
    }
}

/// An id that stands in a path: letters, digits and what else Orca's ids hold.
pub(super) fn segment(id: &str) -> Result<&str, LiveError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !id.is_empty() && id.len() <= 128 && id.chars().all(fits) {
        return Ok(id);
    }
    Err(LiveError::Refused("that is no id of an alert of Orca's".to_owned()))
}

async fn with_note(
    orca: &Orca,
    id: &str,
    (state, note): (Written, &str),
) -> Result<Written, LiveError> {
    if note.trim().is_empty() {
        return Ok(state);
    }
    match (state, comment(orca, id, note).await?) {
        (Written::Already, Written::Already) => Ok(Written::Already),
        (Written::Done, _) | (_, Written::Done) => Ok(Written::Done),
    }
}

async fn status(
    orca: &Orca,
    (id, word): (&str, &str),
    body: Option<&Value>,
) -> Result<Written, LiveError> {
    match put(orca, &format!("{id}/status/{word}"), body).await {
        Ok(_) => Ok(Written::Done),
        Err(LiveError::Refused(said)) if said.contains(SAME) => Ok(Written::Already),
        Err(error) => Err(error),
    }
}

/// Orca does not say until when an alert is snoozed, so one that is snoozed stays as it is.
async fn snooze(orca: &Orca, id: &str, days: i64) -> Result<Written, LiveError> {
    if state(orca, id).await?.as_deref() == Some("snoozed") {
        return Ok(Written::Already);
    }
    match put(orca, &format!("{id}/snooze"), Some(&json!({"days": days}))).await {
        Ok(_) => Ok(Written::Done),
        Err(LiveError::Refused(said)) if said.contains(SAME) => Ok(Written::Already),
        Err(error) => Err(error),
    }
}

/// The state that an alert has, in Orca's word.
async fn state(orca: &Orca, id: &str) -> Result<Option<String>, LiveError> {
    let page = match orca.api {
        super::Api::Serving => super::serving::one(orca, super::Kind::Alerts, id).await?,
        super::Api::Older => super::older::one(orca, id).await?,
    };
    let Some(item) = page.items.first() else {
        return Err(LiveError::Refused(format!("alert_id {id} does not exist")));
    };
    let record: Value = serde_json::from_str(item.json.get()).unwrap_or_default();
    let paths = ["/data/Status/value", "/data/Status", "/state/status"];
    let word = paths.iter().find_map(|path| record.pointer(path)?.as_str());
    Ok(word.map(str::to_ascii_lowercase))
}

async fn comment(orca: &Orca, id: &str, text: &str) -> Result<Written, LiveError> {
    let path = format!("{id}/event_log?limit={MOST_EVENTS}&start_at_index=0&type=comment");
    let url = format!("{}/api/alerts/{path}", orca.url);
    let make = || Request::get(&url);
    let log: Value = orca.send(READ_ALERTS, &make).await?.json()?;
    let events = log.get("event_log").and_then(Value::as_array).into_iter().flatten();
    let said = events.filter_map(|event| event.pointer("/details/comment")?.as_str());
    if said.into_iter().any(|said| said == text) {
        return Ok(Written::Already);
    }
    // Sent twice, it would be there twice: after a lost answer it is looked for first.
    let url = format!("{}/api/alerts/{id}/comment", orca.url);
    let body = json!({"comment": text});
    let make = || Ok(Request::put(&url)?.json(&body)?.once());
    orca.send(WRITE_ALERTS, &make).await?;
    Ok(Written::Done)
}

async fn put(orca: &Orca, path: &str, body: Option<&Value>) -> Result<Response, LiveError> {
    let url = format!("{}/api/alerts/{path}", orca.url);
    let make = || -> Result<Request, HttpError> {
        let request = Request::put(&url)?;
        match body {
            Some(body) => request.json(body),
            None => Ok(request),
        }
    };
    orca.send(WRITE_ALERTS, &make).await
}
