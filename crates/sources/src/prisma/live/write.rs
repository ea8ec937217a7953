//! What Prisma Cloud is told: alerts are dismissed with a note, snoozed and reopened; incidents acknowledged.
//!
//! A comment is not possible without dismissing, and an alert resolves by itself when its resource is right.

use http::Method;
use quell_http::Request;
use quell_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::alerts::is_id;
use super::console::INCIDENTS;
use super::refusal::{Asked, is_about};
use super::{Prisma, STREAMS, rights};
use crate::live::{Change, Dismissal, LiveError, Written};
use crate::wire::Text;

/// How near two ends of a snooze are that count as one.
const SAME_END_MILLIS: u64 = 60_000;
/// The key with which a change is refused that does not fit the alert's state.
const NOT_EXPECTED: &str = "alert_no_longer_in_expected_state";

/// How an alert stands.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Standing<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(rename = "dismissalUntilTs")]
    until: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Acknowledged<'a> {
    #[serde(borrow)]
    acknowledged: Text<'a>,
}

impl Prisma {
    /// Changes an alert, unless it is so already.
    pub(super) async fn write_alert(
        &self,
        id: &str,
        change: &Change,
    ) -> Result<Written, LiveError> {
        let (path, body) = match change {
            Change::Dismiss { why, note } => {
                ("/alert/dismiss", dismissal(id, &worded(*why, note), None))
            }
            Change::Snooze { until, note } => ("/alert/dismiss", dismissal(id, note, Some(*until))),
            Change::Reopen { .. } => ("/alert/reopen", dismissal(id, "", None)),
            Change::Comment { .. }
            | Change::Begin { .. }
            | Change::Close { .. }
            | Change::Link { .. } => {
                return Err(LiveError::Unsupported("Prisma Cloud"));
            }
        };
        if self.is_so(id, change).await? {
            return Ok(Written::Already);
        }
        let make = |base: &str| Request::post(&format!("{base}{path}"))?.json(&body);
        match self.ask(Asked::plain(rights::DISMISS), &make).await {
            Ok(_) => Ok(Written::Done),
            // Somebody else may have been faster.
            Err(error) if is_about(&error, NOT_EXPECTED) && self.is_so(id, change).await? => {
                Ok(Written::Already)
            }
            Err(error) => Err(error),
        }
    }

    async fn is_so(&self, id: &str, change: &Change) -> Result<bool, LiveError> {
        let (response, _) = self.ask_alert(id).await?;
        let standing: Standing<'_> = serde_json::from_slice(response.body())
            .map_err(|_| LiveError::shape("$", "is no alert"))?;
        let status = standing.status.or_empty().to_ascii_lowercase();
        let wanted = match change {
            Change::Dismiss { .. } => "dismissed",
            Change::Snooze { .. } => "snoozed",
            Change::Reopen { .. } => "open",
            Change::Comment { .. }
            | Change::Begin { .. }
            | Change::Close { .. }
            | Change::Link { .. } => return Ok(false),
        };
        let ends = match change {
            Change::Snooze { until, .. } => {
                let asked = until.as_millisecond();
                standing.until.integer().is_some_and(|end| end.abs_diff(asked) <= SAME_END_MILLIS)
            }
            Change::Comment { .. }
            | Change::Begin { .. }
            | Change::Close { .. }
            | Change::Dismiss { .. }
            | Change::Reopen { .. }
            | Change::Link { .. } => true,
        };
        Ok(status == wanted && ends)
    }

    /// Acknowledges an incident, or takes that back.
    pub(super) async fn write_incident(
        &self,
        id: &str,
        change: &Change,
    ) -> Result<Written, LiveError> {
        let wanted = match change {
            Change::Close { .. } | Change::Dismiss { .. } => true,
            Change::Reopen { .. } => false,
            Change::Comment { .. }
            | Change::Begin { .. }
            | Change::Snooze { .. }
            | Change::Link { .. } => {
                return Err(LiveError::Unsupported("Prisma Cloud Compute"));
            }
        };
        if !is_id(id) {
            return Err(LiveError::Refused("the id is none of an incident".to_owned()));
        }
        let stream = STREAMS.iter().find(|stream| stream.name == INCIDENTS);
        let stream = stream.ok_or(LiveError::Unsupported("Prisma Cloud Compute"))?;
        let found = self.record(stream, id).await?;
        let found = found.items.first();
        let found =
            found.ok_or_else(|| LiveError::Refused("there is no such incident".to_owned()))?;
        let now: Acknowledged<'_> = serde_json::from_str(found.json.get()).unwrap_or_default();
        if now.acknowledged.is_true() == wanted {
            return Ok(Written::Already);
        }
        let body = json!({"acknowledged": wanted});
        let make = |base: &str| {
            let request =
                Request::new(Method::PATCH, &format!("{base}/audits/incidents/acknowledge/{id}"))?;
            Ok(request.json(&body)?.idempotent())
        };
        self.ask_console(Asked::plain(rights::ACKNOWLEDGE), &make).await?;
        Ok(Written::Done)
    }
}

/// The body of a dismissal; one that ends is a snooze. The filter has to be there, and is as
/// wide as can be, since the alert is named.
fn dismissal(id: &str, note: &str, until: Option<Timestamp>) -> Value {
    let mut body = json!({
        "alerts": [id],
        "policies": [],
        "filter": {"timeRange": {"type": "to_now", "value": "epoch"}, "filters": []},
    });
    if let Some(fields) = body.as_object_mut() {
        if !note.is_empty() {
            fields.insert("dismissalNote".to_owned(), note.into());
        }
        if let Some(until) = until {
            let end = json!({"type": "absolute", "value": {"endTime": until.as_millisecond()}});
            fields.insert("dismissalTimeRange".to_owned(), end);
        }
    }
    body
}

/// The note, with why in front: the vendor keeps no kind of dismissal.
fn worded(why: Dismissal, note: &str) -> String {
    let why = match why {
        Dismissal::FalsePositive => "False positive",
        Dismissal::Accepted => "Risk accepted",
        Dismissal::Mitigated => "Mitigated",
    };
    if note.is_empty() { why.to_owned() } else { format!("{why}: {note}") }
}
