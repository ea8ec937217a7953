//! The list of alerts: windows, filters, pages; and what people do with alerts.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use quell_model::{Severity, Timestamp};
use serde_json::{Value, json};

use super::state::{Decision, List};
use super::{PrismaDouble, PrismaRight, Query, Seat, ok, only, refuse, text};
use crate::net::Answer;
use crate::platforms::{Flaw, Seer};

/// Most alerts on a page.
const MOST: usize = 10_000;
/// Fields that a question may have.
const FIELDS: &[&str] = &[
    "detailed",
    "fields",
    "filters",
    "groupBy",
    "limit",
    "offset",
    "pageToken",
    "sortBy",
    "timeRange",
    "type",
];
/// What can be sorted by.
const SORTABLE: &[&str] =
    &["id", "alertTime", "firstSeen", "lastSeen", "lastUpdated", "eventOccurred", "status"];

/// A question for alerts.
struct Wanted {
    start: Timestamp,
    end: Timestamp,
    /// Which time the window is about.
    kind: String,
    filters: Vec<(String, String)>,
    sort: (String, bool),
}

impl PrismaDouble {
    /// `POST /v2/alert`.
    pub(super) fn alerts(&self, query: &Query, body: &Value) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Alerts)?;
        only(body, FIELDS)?;
        if let Some(name) = query.stranger(&["detailed"]) {
            return Err(refuse(400, "invalid_parameter_value", name));
        }
        let limit = body.get("limit").map_or(Some(MOST as u64), Value::as_u64);
        let limit =
            limit.and_then(|limit| usize::try_from(limit).ok()).filter(|l| (1..=MOST).contains(l));
        let limit = limit.ok_or_else(|| refuse(400, "invalid_parameter_value", "limit"))?;
        let wanted = wanted(body, self.clock.now())?;
        let detailed = query.get("detailed").map_or_else(
            || body.get("detailed").and_then(Value::as_bool).unwrap_or_default(),
            |text| text == "true",
        );
        let question =
            json!([body.get("timeRange"), body.get("filters"), body.get("sortBy")]).to_string();
        let (list, key, from) = self.list_of(body, &wanted, &question)?;
        let page: Vec<Value> = {
            let inner = self.world.read();
            let state = self.state();
            let numbers = list.iter().skip(from).take(limit);
            numbers
                .filter_map(|number| self.alert_json(&inner, &state, *number, detailed))
                .collect()
        };
        let done = from + limit >= list.len();
        let last = done && (page.is_empty() || !self.state().quirks.empty_last_page);
        let next = (!last).then(|| format!("{key:x}.{:x}", (from + limit).min(list.len())));
        Ok(ok(&json!({
            "totalRows": list.len(), "items": page, "nextPageToken": next,
            "sortAllowedColumns": SORTABLE, "dynamicColumns": ["policy.name", "policy.severity"],
        }))
        .header("x-ratelimit-remaining", "9")
        .header("x-ratelimit-replenish-rate", "2")
        .header("x-ratelimit-burst-capacity", "10"))
    }

    /// The list that is paged through, its key, and where the page begins.
    fn list_of(
        &self,
        body: &Value,
        wanted: &Wanted,
        question: &str,
    ) -> Result<(Arc<Vec<usize>>, u64, usize), Answer> {
        let stale = || refuse(400, "invalid_parameter_value", "pageToken");
        let Some(token) = text(body, "pageToken") else {
            let numbers = Arc::new(self.found(wanted));
            let list = List { question: question.to_owned(), numbers: Arc::clone(&numbers) };
            return Ok((numbers, self.state().keep(list), 0));
        };
        let (key, from) = token.split_once('.').ok_or_else(stale)?;
        let key = u64::from_str_radix(key, 16).map_err(|_| stale())?;
        let from = usize::from_str_radix(from, 16).map_err(|_| stale())?;
        let (list, shifting) = {
            let state = self.state();
            (state.lists.get(&key).cloned().ok_or_else(stale)?, state.quirks.shifting)
        };
        if list.question != question {
            return Err(stale());
        }
        let numbers = if shifting { Arc::new(self.found(wanted)) } else { list.numbers };
        Ok((numbers, key, from))
    }

    /// Numbers of the flaws whose alerts are wanted, sorted.
    fn found(&self, wanted: &Wanted) -> Vec<usize> {
        let inner = self.world.read();
        let mut state = self.state();
        state.estate.follow(&inner);
        let now = self.clock.now();
        let seat = state.estate.seats.get(&Seat::Alert);
        let flaws = seat.into_iter().flatten().filter_map(|number| inner.flaws.get(*number));
        let mut found: Vec<(i64, usize)> = Vec::new();
        for flaw in flaws.filter(|flaw| flaw.is_seen_by(Seer::Prisma)) {
            let standing = state.standing(flaw, now);
            let time = match wanted.kind.as_str() {
                "ALERT_UPDATED" => standing.updated,
                "ALERT_STATUS_UPDATED" => standing.since,
                _ => flaw.opened,
            };
            let account = inner.things.get(flaw.thing).map(|thing| thing.account.id);
            let facts = Facts {
                id: format!("P-{}", flaw.number + 1000),
                status: standing.status,
                flaw,
                account,
            };
            if time < wanted.start || time > wanted.end || !facts.meet(&wanted.filters) {
                continue;
            }
            let by = match wanted.sort.0.as_str() {
                "lastUpdated" => standing.updated,
                "lastSeen" => standing.since,
                _ => flaw.opened,
            };
            found.push((by.as_millisecond(), flaw.number));
        }
        found.sort_unstable();
        if wanted.sort.1 {
            found.reverse();
        }
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// `GET /alert/{id}`.
    pub(super) fn alert(&self, id: &str, query: &Query) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Alerts)?;
        if let Some(name) = query.stranger(&["detailed"]) {
            return Err(refuse(400, "invalid_parameter_value", name));
        }
        let detailed = query.get("detailed") == Some("true");
        let inner = self.world.read();
        let state = self.state();
        let number = Self::number_of(id).ok_or_else(|| refuse(400, "invalid_alert_id", id))?;
        let mut alert = self
            .alert_json(&inner, &state, number, detailed)
            .ok_or_else(|| refuse(404, "not_found", id))?;
        if let Some(fields) = alert.as_object_mut() {
            fields.insert(
                "alertRules".to_owned(),
                json!([{"name": "Default Alert Rule", "enabled": true}]),
            );
        }
        Ok(ok(&alert))
    }

    /// `POST /alert/dismiss`, which is also how alerts are snoozed.
    pub(super) fn dismiss(&self, body: &Value) -> Result<Answer, Answer> {
        let numbers = self.chosen(body)?;
        let now = self.clock.now();
        let note = text(body, "dismissalNote").filter(|note| !note.is_empty());
        let note =
            note.ok_or_else(|| refuse(400, "missing_required_parameter", "dismissalNote"))?;
        let until = match body.get("dismissalTimeRange") {
            Some(range) => Some(ends(range, now)?),
            None => None,
        };
        let status = if until.is_some() { "snoozed" } else { "dismissed" };
        for number in self.standing_as(&numbers, &["open"])? {
            let by = "quell@example.com".to_owned();
            let decision = Decision { status, note: note.to_owned(), by, at: now, until };
            self.state().decisions.insert(number, decision);
        }
        Ok(Answer::new(200, ""))
    }

    /// `POST /alert/reopen`.
    pub(super) fn reopen(&self, body: &Value) -> Result<Answer, Answer> {
        let numbers = self.chosen(body)?;
        let at = self.clock.now();
        for number in self.standing_as(&numbers, &["dismissed", "snoozed"])? {
            let (by, note) = ("quell@example.com".to_owned(), String::new());
            let decision = Decision { status: "open", note, by, at, until: None };
            self.state().decisions.insert(number, decision);
        }
        Ok(Answer::new(200, ""))
    }

    /// The alerts that a change names.
    fn chosen(&self, body: &Value) -> Result<Vec<usize>, Answer> {
        self.needs(PrismaRight::Alerts)?;
        self.needs(PrismaRight::DismissAlerts)?;
        only(body, &["alerts", "policies", "dismissalNote", "dismissalTimeRange", "filter"])?;
        let filter = body.get("filter").filter(|filter| filter.is_object());
        let filter = filter.ok_or_else(|| refuse(400, "missing_required_parameter", "filter"))?;
        only(filter, FIELDS)?;
        wanted(filter, self.clock.now())?;
        let ids = body.get("alerts").and_then(Value::as_array).into_iter().flatten();
        let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
        if ids.is_empty() {
            return Err(refuse(400, "missing_required_parameter", "alerts"));
        }
        let number =
            |id: &&str| Self::number_of(id).ok_or_else(|| refuse(400, "invalid_alert_id", id));
        ids.iter().map(number).collect()
    }

    /// Refuses a change of alerts that are not in the state that it begins in.
    fn standing_as(&self, numbers: &[usize], allowed: &[&str]) -> Result<BTreeSet<usize>, Answer> {
        let inner = self.world.read();
        let state = self.state();
        let now = self.clock.now();
        let stands = |number: &usize| {
            let flaw = inner.flaws.get(*number).filter(|flaw| flaw.is_seen_by(Seer::Prisma));
            flaw.is_some_and(|flaw| allowed.contains(&state.standing(flaw, now).status))
        };
        if numbers.iter().all(stands) {
            Ok(numbers.iter().copied().collect())
        } else {
            Err(refuse(404, "alert_no_longer_in_expected_state", "alerts"))
        }
    }
}

/// What filters look at.
struct Facts<'a> {
    id: String,
    status: &'static str,
    flaw: &'a Flaw,
    account: Option<&'static str>,
}

impl Facts<'_> {
    /// Filters of one name are alternatives; all names have to be met.
    fn meet(&self, filters: &[(String, String)]) -> bool {
        let names: BTreeSet<&str> = filters.iter().map(|(name, _)| name.as_str()).collect();
        names.into_iter().all(|name| {
            let mut values = filters.iter().filter(|(known, _)| known == name);
            values.any(|(_, value)| match name {
                "alert.id" => *value == self.id,
                "alert.status" => value == self.status,
                "cloud.accountId" => Some(value.as_str()) == self.account,
                "policy.severity" => severity(self.flaw.severity) == value,
                _ => true,
            })
        })
    }
}

/// The platform's word for how bad it is.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Informational | Severity::Unknown => "informational",
    }
}

fn wanted(body: &Value, now: Timestamp) -> Result<Wanted, Answer> {
    let bad = |subject: &str| refuse(400, "invalid_parameter_value", subject);
    let (start, end) = match body.get("timeRange") {
        Some(range) => window(range, now)?,
        None => return Err(refuse(400, "missing_required_parameter", "timeRange")),
    };
    let mut filters = Vec::new();
    let mut kind = "ALERT_OPENED".to_owned();
    for filter in body.get("filters").and_then(Value::as_array).into_iter().flatten() {
        only(filter, &["name", "operator", "value"])?;
        let (Some(name), Some("="), Some(value)) =
            (text(filter, "name"), text(filter, "operator"), text(filter, "value"))
        else {
            return Err(bad("filters"));
        };
        match name {
            "timeRange.type"
                if ["ALERT_OPENED", "ALERT_STATUS_UPDATED", "ALERT_UPDATED"].contains(&value) =>
            {
                value.clone_into(&mut kind);
            }
            "alert.status"
                if ["open", "dismissed", "snoozed", "resolved", "pending_resolution"]
                    .contains(&value) =>
            {
                filters.push((name.to_owned(), value.to_owned()));
            }
            "alert.id" | "cloud.accountId" | "policy.severity" => {
                filters.push((name.to_owned(), value.to_owned()))
            }
            other => return Err(bad(other)),
        }
    }
    let sort = body
        .get("sortBy")
        .and_then(Value::as_array)
        .and_then(|list| list.first())
        .and_then(Value::as_str);
    let (column, order) =
        sort.map_or(("alertTime", "desc"), |sort| sort.split_once(':').unwrap_or((sort, "")));
    if !SORTABLE.contains(&column) || !["asc", "desc"].contains(&order) {
        return Err(bad("sortBy"));
    }
    Ok(Wanted { start, end, kind, filters, sort: (column.to_owned(), order == "desc") })
}

/// A window of time, as most questions have it.
fn window(range: &Value, now: Timestamp) -> Result<(Timestamp, Timestamp), Answer> {
    let bad = || refuse(400, "invalid_parameter_value", "timeRange");
    only(range, &["type", "value", "relativeTimeType"])?;
    let value = range.get("value").ok_or_else(bad)?;
    let millis = |name: &str| {
        let number = value.get(name).and_then(Value::as_i64);
        number.and_then(|number| Timestamp::from_millisecond(number).ok())
    };
    match text(range, "type") {
        Some("absolute") => {
            let (start, end) =
                (millis("startTime").ok_or_else(bad)?, millis("endTime").ok_or_else(bad)?);
            if start > end { Err(bad()) } else { Ok((start, end)) }
        }
        Some("relative") => Ok((now - span(value).ok_or_else(bad)?, now)),
        Some("to_now") if value.as_str() == Some("epoch") => Ok((Timestamp::UNIX_EPOCH, now)),
        Some(_) | None => Err(bad()),
    }
}

/// Until when an alert is snoozed: only an end, or so long from now.
fn ends(range: &Value, now: Timestamp) -> Result<Timestamp, Answer> {
    let bad = || refuse(400, "invalid_parameter_value", "dismissalTimeRange");
    only(range, &["type", "value", "relativeTimeType"])?;
    let value = range.get("value").ok_or_else(bad)?;
    let end = match text(range, "type") {
        Some("relative") => span(value).map(|span| now + span),
        Some("absolute") => {
            let number = value.get("endTime").and_then(Value::as_i64);
            number.and_then(|number| Timestamp::from_millisecond(number).ok())
        }
        Some(_) | None => None,
    };
    let soon = now + SignedDuration::from_mins(59);
    match end {
        Some(end) if end < soon => {
            Err(refuse(400, "violates_minimum_alert_dismiss_duration_time", "dismissalTimeRange"))
        }
        Some(end) => Ok(end),
        None => Err(bad()),
    }
}

fn span(value: &Value) -> Option<SignedDuration> {
    let amount = value.get("amount").and_then(Value::as_i64)?;
    let hours = match text(value, "unit")? {
        "hour" => 1,
        "day" => 24,
        "week" => 24 * 7,
        "month" => 24 * 30,
        "year" => 24 * 365,
        _ => return None,
    };
    Some(SignedDuration::from_hours(amount.checked_mul(hours)?))
}
