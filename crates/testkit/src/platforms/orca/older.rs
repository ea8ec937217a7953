//! The older API: `rules/query/alerts`, `query/cves`, `query/assets` and `alerts/ID`, with places in
//! a list that end.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::{Value, json};

use super::records::{self, About};
use super::view::{self, Model};
use super::{Kept, READ_ALERTS, READ_ASSETS, bad, refused};
use crate::net::{Answer, Asked};
use crate::platforms::world::State;

const MOST_ROWS: usize = 1000;

/// What is asked for: parameters of the query or of a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(text: &str, known: &[&str]) -> Result<Self, Answer> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<(String, String)> = pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(name), decoded(value))
            })
            .collect();
        match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(bad(format!("unknown parameter `{name}`"))),
            None => Ok(Self(pairs)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn limit(&self) -> Result<usize, Answer> {
        let limit = self.get("limit").map_or(Ok(100), str::parse);
        limit.ok().filter(|n| (1..=MOST_ROWS).contains(n)).ok_or_else(|| bad("limit is not valid"))
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = std::str::from_utf8(&digits).unwrap_or("00");
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a filter of alerts asks for.
#[derive(Debug, Default)]
struct Filter {
    since: Option<Timestamp>,
    scores: Vec<u64>,
    severities: Vec<String>,
}

impl Filter {
    fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|_| "dsl_filter is no JSON")?;
        let mut filter = Self::default();
        for part in value.as_array().ok_or("dsl_filter is no list")? {
            let field = part.get("field").and_then(Value::as_str).unwrap_or_default();
            let includes = part.get("includes").and_then(Value::as_array);
            match field {
                "state.last_updated" | "state.created_at" => {
                    let from = part.pointer("/range/gte").and_then(Value::as_str);
                    let from = from.and_then(quell_model::parse_timestamp);
                    filter.since = Some(from.ok_or("range is not valid")?);
                }
                "state.score" => {
                    let scores = includes.ok_or("includes is missing")?;
                    filter.scores = scores.iter().filter_map(Value::as_u64).collect();
                }
                "state.severity" => {
                    let words = includes.ok_or("includes is missing")?.iter();
                    filter.severities =
                        words.filter_map(Value::as_str).map(str::to_owned).collect();
                }
                other => return Err(format!("{other} field does not exist")),
            }
        }
        Ok(filter)
    }

    /// Informational alerts come only where they are asked for.
    fn wants(&self, about: &About<'_>) -> bool {
        let (word, score) = about.older();
        let scores: &[u64] = if self.scores.is_empty() { &[1, 2, 3] } else { &self.scores };
        let severe = self.severities.is_empty() || self.severities.iter().any(|w| w == word);
        let late = self.since.is_none_or(|since| about.changed() >= since);
        late && severe && scores.contains(&u64::from(score))
    }
}

fn there(kept: &Kept) -> Result<(), Answer> {
    let gone = refused(410, &json!({"detail": "This API is gone. Use the serving layer."}));
    if kept.settings.older_gone { Err(gone) } else { Ok(()) }
}

/// Where a page begins: the list it is cut from, and how far.
fn place(
    kept: &Kept,
    token: Option<&str>,
    now: Timestamp,
) -> Result<Option<(String, usize)>, Answer> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let wrong = || bad("next_page_token is not valid");
    let mut parts = token.splitn(3, '.');
    let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
    let (made, from) = (number().ok_or_else(wrong)?, number().ok_or_else(wrong)?);
    let list = parts.next().map(unhidden).ok_or_else(wrong)?;
    let made = i64::try_from(made).unwrap_or(0);
    let old = now.as_second() - made > kept.settings.page_token_seconds;
    if old || kept.views.held(&list).is_none() {
        return Err(wrong());
    }
    Ok(Some((list, usize::try_from(from).unwrap_or(0))))
}

fn hidden(text: &str) -> String {
    text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn unhidden(text: &str) -> String {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let digits = std::str::from_utf8(pair).unwrap_or("00");
        u8::from_str_radix(digits, 16).unwrap_or(0) ^ 0x5a
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

/// A page of a list, which stays as it was when its first page was asked for.
fn page(
    kept: &mut Kept,
    (form, now): (&Form, Timestamp),
    (question, make): (String, impl FnOnce(&Kept) -> Vec<usize>),
) -> Result<(Vec<usize>, usize, Option<String>), Answer> {
    let limit = form.limit()?;
    let (list, from) = match place(kept, form.get("next_page_token"), now)? {
        Some(place) => place,
        None => {
            let made = make(kept);
            let list = format!("{question} {} {}", now.as_second(), made.len());
            kept.views.get((&list, 0), || made);
            (list, 0)
        }
    };
    let numbers = kept.views.held(&list).unwrap_or_default();
    let rows: Vec<usize> = numbers.iter().skip(from).take(limit).copied().collect();
    let next = from + rows.len();
    let more = next < numbers.len();
    let token = format!("{:x}.{next:x}.{}", now.as_second().unsigned_abs(), hidden(&list));
    Ok((rows, numbers.len(), more.then_some(token)))
}

fn answer(data: &[Value], total: usize, next: Option<&str>) -> Answer {
    let body = json!({"version": "0.1.0", "status": "success", "total_items": total,
        "total_ungrouped_items": total, "total_supported_items": 10_000, "data": data, "next_page_token": next});
    Answer::new(200, body.to_string())
}

fn about<'a>(kept: &'a Kept, world: &'a State, of: (Model, usize)) -> Option<About<'a>> {
    super::serving::about(world, (&kept.alerts, &kept.settings), of)
}

/// `POST /api/rules/query/alerts`.
pub(super) fn alerts(
    kept: &mut Kept,
    world: &State,
    (asked, now): (&Asked, Timestamp),
) -> Result<Answer, Answer> {
    there(kept)?;
    kept.need(READ_ALERTS)?;
    if asked.header("content-type") != Some("application/x-www-form-urlencoded") {
        return Err(refused(415, &json!({"detail": "Unsupported media type in request."})));
    }
    let form = String::from_utf8_lossy(&asked.body);
    let form = Form::read(&form, &["limit", "dsl_filter", "next_page_token"])?;
    let filter = Filter::read(form.get("dsl_filter").unwrap_or("[]")).map_err(bad)?;
    let question = format!("older alerts {filter:?}");
    let make = |kept: &Kept| {
        let numbers = view::numbers(world, Model::Alert);
        let wanted = |number: &usize| {
            about(kept, world, (Model::Alert, *number)).is_some_and(|row| filter.wants(&row))
        };
        numbers.into_iter().filter(wanted).collect()
    };
    let (rows, total, next) = page(kept, (&form, now), (question, make))?;
    let rows = rows.iter().filter_map(|number| about(kept, world, (Model::Alert, *number)));
    let data: Vec<Value> = rows.map(|row| records::flat(&row)).collect();
    Ok(answer(&data, total, next.as_deref()))
}

/// `GET /api/query/cves`.
pub(super) fn cves(
    kept: &mut Kept,
    world: &State,
    (asked, now): (&Asked, Timestamp),
) -> Result<Answer, Answer> {
    there(kept)?;
    kept.need(READ_ASSETS)?;
    let form = Form::read(&asked.query, &["limit", "next_page_token"])?;
    let make = |_: &Kept| view::numbers(world, Model::Vulnerability);
    let (rows, total, next) = page(kept, (&form, now), ("older cves".to_owned(), make))?;
    let rows = rows.iter().filter_map(|n| about(kept, world, (Model::Vulnerability, *n)));
    let data: Vec<Value> = rows.filter_map(|row| records::cve(&row)).collect();
    Ok(answer(&data, total, next.as_deref()))
}

/// `GET /api/query/assets`.
pub(super) fn assets(
    kept: &mut Kept,
    world: &State,
    (asked, now): (&Asked, Timestamp),
) -> Result<Answer, Answer> {
    there(kept)?;
    kept.need(READ_ASSETS)?;
    let form = Form::read(&asked.query, &["limit", "next_page_token"])?;
    let make = |_: &Kept| view::numbers(world, Model::Asset);
    let (rows, total, next) = page(kept, (&form, now), ("older assets".to_owned(), make))?;
    let rows = rows.iter().filter_map(|number| about(kept, world, (Model::Asset, *number)));
    let data: Vec<Value> = rows.map(|row| records::older_asset(&row)).collect();
    Ok(answer(&data, total, next.as_deref()))
}

/// `GET /api/alerts/ID`.
pub(super) fn alert(kept: &Kept, world: &State, id: &str) -> Result<Answer, Answer> {
    there(kept)?;
    kept.need(READ_ALERTS)?;
    let found = super::write::flaw(world, id)?;
    let row = about(kept, world, (Model::Alert, found));
    let row = row.ok_or_else(|| bad("no such alert"))?;
    Ok(Answer::new(200, records::flat(&row).to_string()))
}

/// When a snooze of so many days ends.
pub(super) fn after_days(now: Timestamp, days: i64) -> Timestamp {
    now + SignedDuration::from_hours(24 * days.clamp(0, 3650))
}
