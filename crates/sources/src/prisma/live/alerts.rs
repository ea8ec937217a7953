//! Alerts of the posture side: what changed, by windows of time; and single ones.

use jiff::SignedDuration;
use quell_http::Request;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Fields, items, page};
use super::refusal::Asked;
use super::{Prisma, rights};
use crate::live::{Ask, LiveError, Page};

/// Name of the stream.
pub(super) const ALERTS: &str = "alerts";
/// The kind of call that lists alerts.
pub(super) const LIST_CALL: &str = "prisma-alerts";
/// The kind of call that reads one alert.
pub(super) const ONE_CALL: &str = "prisma-alert";

/// Where a reading stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    token: String,
    /// Records had so far.
    seen: u64,
    /// How many hours the window reaches back; 0 for all time.
    #[serde(default)]
    hours: i64,
}

impl Prisma {
    /// A page of alerts.
    pub(super) async fn alerts(&self, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let cursor = ask.cursor.map(Cursor::deserialize).transpose();
        let cursor = cursor.map_err(|_| LiveError::Cursor("it is none of alerts".to_owned()))?;
        let now = self.clock.now();
        let hours = match (&cursor, ask.since) {
            (Some(cursor), _) => cursor.hours,
            (None, Some(since)) => hours_back(since, now),
            (None, None) => 0,
        };
        // A window that reaches back from now has moved on when a reading rested for long.
        if ask
            .since
            .is_some_and(|since| hours > 0 && since < now - SignedDuration::from_hours(hours))
        {
            return Err(LiveError::Cursor("the reading rested for too long".to_owned()));
        }
        let body = question(hours, self.settings.page_alerts, cursor.as_ref());
        let make = |base: &str| {
            let request = Request::post(&format!("{base}/v2/alert?detailed=true"))?;
            Ok(request.json(&body)?.account(LIST_CALL).idempotent())
        };
        let asked = Asked::page(rights::ALERTS, cursor.is_some());
        let (response, owner) = self.ask(asked, &make).await?;
        let fields = Fields::of(&response)?;
        let records = fields.list("items")?;
        let (records, unread) = self.named(records).await;
        let total = fields.count("totalRows");
        let seen = cursor.map_or(0, |cursor| cursor.seen) + records.len() as u64;
        // The last page, and an empty one behind it, may name a next one all the same. A total
        // alone ends nothing: it may be cut off at a round number.
        let short = records.len() < self.settings.page_alerts;
        let over = short
            && total.is_none_or(|total| seen >= total)
            && (total.is_some() || records.is_empty());
        let token = fields.text("nextPageToken")?.filter(|_| !over);
        let next = token.map(|token| json!(Cursor { token, seen, hours }));
        let mut items = items(records);
        items.retain(|item| {
            item.changed.is_none_or(|changed| ask.since.is_none_or(|since| changed >= since))
        });
        Ok(Page { next, owner, total, unread, ..page(&response, items) })
    }

    /// One alert.
    pub(super) async fn alert(&self, id: &str) -> Result<Page, LiveError> {
        let (response, owner) = self.ask_alert(id).await?;
        let record: Box<RawValue> = serde_json::from_slice(response.body())
            .map_err(|_| LiveError::shape("$", "is no alert"))?;
        let (records, unread) = self.named(vec![record]).await;
        Ok(Page { owner, unread, ..page(&response, items(records)) })
    }

    /// Asks for one alert.
    pub(super) async fn ask_alert(
        &self,
        id: &str,
    ) -> Result<(quell_http::Response, Option<String>), LiveError> {
        if !is_id(id) {
            return Err(LiveError::Refused("the id is none of an alert".to_owned()));
        }
        let make = |base: &str| {
            let request = Request::get(&format!("{base}/alert/{id}?detailed=true"))?;
            Ok(request.account(ONE_CALL))
        };
        self.ask(Asked::plain(rights::ALERTS), &make).await
    }
}

/// Whether a text can be the id of an alert or an incident.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// So many hours reach back to a time, with one more for a reading that takes long.
fn hours_back(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_hours().max(0).saturating_add(2)
}

/// What is asked for. The window has an open end, since alerts that change meanwhile would leave
/// one that is closed, and move those behind them onto pages that were read already. New alerts
/// come first, so they move the others onto the next page, where they are had twice.
fn question(hours: i64, limit: usize, cursor: Option<&Cursor>) -> Value {
    let window = if hours > 0 {
        json!({"type": "relative", "value": {"amount": hours, "unit": "hour"}})
    } else {
        json!({"type": "to_now", "value": "epoch"})
    };
    let mut body = json!({
        "timeRange": window,
        "filters": [{"name": "timeRange.type", "operator": "=", "value": "ALERT_UPDATED"}],
        "sortBy": ["alertTime:desc"],
        "limit": limit,
    });
    if let (Some(cursor), Some(body)) = (cursor, body.as_object_mut()) {
        body.insert("pageToken".to_owned(), cursor.token.as_str().into());
    }
    body
}
