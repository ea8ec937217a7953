//! Alerts: their list, and their scopes joined into one record.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use quell_model::Severity;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Lacework;
use super::account::{Call, Reply};
use super::answer;
use super::cursor::{Cursor, Queued};
use super::feed::{Searched, begin, item};
use super::feeds::{ALERTS, STREAMS, feed_of};
use crate::live::{Ask, Item, LiveError, Page, Stream, Target};
use crate::wire::Tree;

/// What is read of an alert beside its details. Where it was sent (`Integrations`) is no evidence.
const SCOPES: &[&str] =
    &["Investigation", "Events", "RelatedAlerts", "Timeline", "ObservationTimeline"];
/// Calls that one alert takes.
const CALLS: u64 = 6;
/// Alerts whose scopes are read for one page.
const PAGE: usize = 10;
/// What the vendor counts the scopes as.
const KIND: &str = "GET Alerts/ID";
/// Most alerts of which is remembered that they were read.
const MOST_KEPT: usize = 20_000;

/// What was read of alerts while this process runs, so that an overlap costs nothing.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    hashes: BTreeMap<u64, u64>,
    order: VecDeque<u64>,
}

impl Memo {
    fn knows(&self, alert: Queued) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.hashes.get(&alert.0) == Some(&alert.1)
    }

    fn keep(&self, alerts: &[Queued]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Queued(id, hash) in alerts {
            if kept.hashes.insert(*id, *hash).is_none() {
                kept.order.push_back(*id);
            }
        }
        while kept.order.len() > MOST_KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.hashes.remove(&oldest);
            }
        }
    }
}

impl Lacework {
    pub(super) async fn alerts(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        let whole = SignedDuration::from_hours(24 * self.options.alert_days);
        let mut cursor = match ask.cursor {
            Some(value) => Cursor::read(value)?,
            None => Cursor::new(1, begin(&ask, whole), ask.until),
        };
        // This page is asked for because the one before is kept.
        self.memo.keep(&std::mem::take(&mut cursor.done));
        let mut page = if cursor.queue.is_empty() {
            self.listed(&mut cursor, &ask).await?
        } else {
            self.scoped(&mut cursor, ask.stream.right).await?
        };
        page.next = cursor.write()?;
        Ok(page)
    }

    /// A page of the list. Alerts that are to be read with their scopes are put off.
    async fn listed(&self, cursor: &mut Cursor, ask: &Ask<'_>) -> Result<Page, LiveError> {
        let feed = feed_of(ALERTS).ok_or(LiveError::Unsupported("Lacework"))?;
        let Searched { answer, mut page, .. } =
            self.searched(feed, cursor, ask.stream.right).await?;
        for row in answer.rows {
            let queued = self.queued(&row);
            match queued {
                Some(alert) if ask.since.is_some() && self.memo.knows(alert) => {}
                Some(alert) => cursor.queue.push(alert),
                None => page.items.push(item(feed, row)),
            }
        }
        Ok(page)
    }

    /// The alert, if it is bad enough for its scopes to be read.
    fn queued(&self, row: &RawValue) -> Option<Queued> {
        let tree: Tree<'_> = serde_json::from_str(row.get()).ok()?;
        let id = tree.at("alertId").get()?.parse().ok()?;
        self.is_worth(&tree).then(|| Queued(id, hash(row)))
    }

    fn is_worth(&self, alert: &Tree<'_>) -> bool {
        let severity = super::super::severity(alert.text(&["severity"]));
        severity == Severity::Unknown || severity >= self.options.details_from
    }

    /// The next alerts with their scopes. What is done is handed on, even if the rest cannot be had now.
    async fn scoped(&self, cursor: &mut Cursor, right: &'static str) -> Result<Page, LiveError> {
        let mut page = Page::default();
        let batch: Vec<Queued> = cursor.queue.iter().take(PAGE).copied().collect();
        for alert in batch {
            if !page.items.is_empty() && !self.account.budget.has(KIND, CALLS, self.account.now()) {
                break;
            }
            match self.joined(alert.0, right).await {
                Ok(Some((item, reply))) => {
                    let items = std::mem::take(&mut page.items);
                    page = answer::page(&reply);
                    page.items = items;
                    page.items.push(item);
                }
                // It is not there any more.
                Ok(None) => {}
                Err(error) if page.items.is_empty() => return Err(error),
                Err(_) => break,
            }
            cursor.queue.retain(|queued| *queued != alert);
            cursor.done.push(alert);
        }
        Ok(page)
    }

    /// One alert: its details and its other scopes.
    async fn joined(
        &self,
        id: u64,
        right: &'static str,
    ) -> Result<Option<(Item, Reply)>, LiveError> {
        let reply = match self.account.ask(&scope_call(id, "Details", right)).await {
            Ok(reply) => reply,
            Err(LiveError::Refused(said)) if said.starts_with("404") => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(details) = answer::record(&reply.response)? else { return Ok(None) };
        let told = text_of(&details, "alertId");
        if told.as_deref() != Some(id.to_string().as_str()) {
            return Err(LiveError::shape("$.data.alertId", "is not the alert that was asked for"));
        }
        let tree: Tree<'_> = serde_json::from_str(details.get()).unwrap_or_default();
        let json = if self.is_worth(&tree) {
            let scopes = self.scopes(id, right).await?;
            with_scopes(&details, &scopes)
        } else {
            // As the list has it, so that it stays the same finding.
            without_entities(&details)
        };
        let json = json.ok_or_else(|| LiveError::shape("$.data", "is no object"))?;
        let feed = feed_of(ALERTS).ok_or(LiveError::Unsupported("Lacework"))?;
        Ok(Some((item(feed, json), reply)))
    }

    async fn scopes(
        &self,
        id: u64,
        right: &'static str,
    ) -> Result<Vec<(&'static str, Box<RawValue>)>, LiveError> {
        let mut scopes = Vec::new();
        for scope in SCOPES {
            match self.account.ask(&scope_call(id, scope, right)).await {
                Ok(reply) => {
                    let record = answer::record(&reply.response)?;
                    scopes.extend(record.map(|record| (*scope, record)));
                }
                // Not every alert has every scope, and not every account.
                Err(LiveError::Refused(_) | LiveError::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(scopes)
    }

    pub(super) async fn fetched(
        &self,
        target: &Target,
    ) -> Result<(&'static Stream, Page), LiveError> {
        let stream = STREAMS.iter().find(|stream| stream.name == ALERTS);
        let stream = stream.filter(|stream| target.stream == stream.name);
        let stream = stream.ok_or(LiveError::Unsupported("Lacework"))?;
        let id = alert_id(&target.id)?;
        let Some((item, reply)) = self.joined(id, stream.right).await? else {
            return Ok((stream, Page::default()));
        };
        Ok((stream, Page { items: vec![item], ..answer::page(&reply) }))
    }

    /// One scope of an alert.
    pub(super) async fn scope(
        &self,
        id: u64,
        scope: &'static str,
        right: &'static str,
    ) -> Result<Option<Box<RawValue>>, LiveError> {
        answer::record(&self.account.ask(&scope_call(id, scope, right)).await?.response)
    }
}

fn scope_call(id: u64, scope: &'static str, right: &'static str) -> Call {
    let path = format!("/api/v2/Alerts/{id}?scope={scope}");
    Call { path, body: None, kind: KIND, right, idempotent: true }
}

/// The alert's number. Nothing else may get into a path.
pub(super) fn alert_id(text: &str) -> Result<u64, LiveError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| LiveError::Refused("an alert's id is a number".to_owned()))
}

/// The alerts that a body of the webhook channel names. The body itself proves nothing.
pub(super) fn announced(body: &[u8]) -> Vec<Target> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let one = std::slice::from_ref(&value);
    let all = value.as_array().map_or(one, Vec::as_slice);
    let id = |value: &Value| {
        let id = value.get("event_id").or_else(|| value.pointer("/detail/EVENT_ID"))?;
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        // The channel's own test has the id 0.
        alert_id(&text).ok().filter(|id| *id != 0)
    };
    let ids = all.iter().take(100).filter_map(id);
    ids.map(|id| Target { stream: ALERTS.to_owned(), id: id.to_string() }).collect()
}

fn hash(row: &RawValue) -> u64 {
    let hash = blake3::hash(row.get().as_bytes());
    hash.as_bytes().iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn text_of(row: &RawValue, path: &str) -> Option<String> {
    let tree: Tree<'_> = serde_json::from_str(row.get()).ok()?;
    tree.at(path).get().map(str::to_owned)
}

/// The details with the other scopes below `scopes`, each as the vendor wrote it.
fn with_scopes(details: &RawValue, scopes: &[(&str, Box<RawValue>)]) -> Option<Box<RawValue>> {
    let start = details.get().trim().strip_suffix('}')?;
    let comma = if start.trim_end().ends_with('{') { "" } else { "," };
    let parts: Vec<String> =
        scopes.iter().map(|(name, rows)| format!("\"{name}\":{}", rows.get())).collect();
    RawValue::from_string(format!("{start}{comma}\"scopes\":{{{}}}}}", parts.join(","))).ok()
}

fn without_entities(details: &RawValue) -> Option<Box<RawValue>> {
    let mut map: BTreeMap<String, Box<RawValue>> = serde_json::from_str(details.get()).ok()?;
    map.remove("entityMap");
    RawValue::from_string(serde_json::to_string(&map).ok()?).ok()
}
