//! Rows of queries in the vendor's language, from the options.

use jiff::SignedDuration;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Lacework;
use super::account::Call;
use super::answer;
use super::cursor::{Cursor, Leg, moment};
use super::feed::begin;
use super::options::Query;
use crate::live::{Ask, Item, LiveError, Page};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Most rows of one query.
const MOST_ROWS: u64 = 10_000;

impl Lacework {
    pub(super) async fn queries(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        let queries = &self.options.queries;
        let mut cursor = match ask.cursor {
            Some(value) => Cursor::read(value)?,
            None => Cursor::new(queries.len(), begin(&ask, DAY), ask.until),
        };
        let Some(leg) = cursor.todo.first().copied() else { return Ok(Page::default()) };
        let Some(query) = queries.get(leg.part) else {
            return Err(LiveError::Cursor("there is no such query any more".to_owned()));
        };
        let mut page = match self.account.ask(&call_of(query, leg, ask.stream.right)).await {
            Ok(reply) => {
                let answer = answer::rows(&reply.response)?;
                let mut page = answer::page(&reply);
                if answer.rows.len() as u64 >= MOST_ROWS {
                    page.unread.push(format!("{}: more than {MOST_ROWS} rows", query.name));
                }
                page.items = answer.rows.iter().filter_map(|row| item(query, row)).collect();
                page
            }
            // One query that is wrong does not hide the rows of the others.
            Err(LiveError::Refused(said)) => {
                Page { unread: vec![format!("{}: {said}", query.name)], ..Page::default() }
            }
            Err(error) => return Err(error),
        };
        cursor.go_on(None);
        page.next = cursor.write()?;
        Ok(page)
    }
}

fn call_of(query: &Query, leg: Leg, right: &'static str) -> Call {
    let arguments = json!([
        { "name": "StartTimeRange", "value": moment(leg.start) },
        { "name": "EndTimeRange", "value": moment(leg.end) },
    ]);
    let mut body = json!({ "options": { "limit": MOST_ROWS }, "arguments": arguments });
    let saved = is_id(&query.text);
    if let Some(map) = body.as_object_mut().filter(|_| !saved) {
        map.insert("query".to_owned(), json!({ "queryText": query.text }));
    }
    let path = if saved {
        format!("/api/v2/Queries/{}/execute", query.text)
    } else {
        "/api/v2/Queries/execute".to_owned()
    };
    Call { path, body: Some(body), kind: "POST Queries/execute", right, idempotent: true }
}

/// Whether it is the id of a saved query and no query.
fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A row with the query's name around it: a row alone says neither.
fn item(query: &Query, row: &RawValue) -> Option<Item> {
    let name = Value::from(query.name.as_str());
    let severity = Value::from(query.severity.as_str());
    let text = format!("{{\"lqlQuery\":{name},\"severity\":{severity},\"row\":{}}}", row.get());
    let id = format!("{}|{}", query.name, blake3::hash(row.get().as_bytes()).to_hex());
    Some(Item { id, changed: None, json: RawValue::from_string(text).ok()? })
}
