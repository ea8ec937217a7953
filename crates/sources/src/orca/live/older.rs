//! The API that Orca had before the serving layer. Its lists stay as they are while they are read,
//! by a token of the next page that ends after some time.

use quell_http::{HttpError, Request, Response};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Orca;
use super::{Kind, READ_ALERTS, READ_ASSETS};
use crate::live::{Ask, LiveError, Page};

/// Most records of a page.
const MOST: usize = 500;

/// A page of a list.
pub(super) async fn page(orca: &Orca, kind: Kind, ask: Ask<'_>) -> Result<Page, LiveError> {
    let token = match ask.cursor {
        None => None,
        Some(Value::String(token)) => Some(token.as_str()),
        Some(_) => return Err(LiveError::Cursor("it is no text".to_owned())),
    };
    let limit = orca.page_size.min(MOST);
    let answer = match kind {
        Kind::Alerts => {
            // Without a list of scores the informational ones are left out.
            let mut filter = vec![json!({"field": "state.score", "includes": [1, 2, 3, 4]})];
            filter.extend(ask.since.map(
                |since| json!({"field": "state.last_updated", "range": {"gte": since.to_string()}}),
            ));
            alerts(orca, (limit, token), &Value::Array(filter)).await?
        }
        Kind::Vulnerabilities => get(orca, "query/cves", (limit, token)).await?,
        Kind::Assets => get(orca, "query/assets", (limit, token)).await?,
    };
    let answer = Answer::read(kind, &answer)?;
    let next = answer.next.clone().map(Value::String);
    Ok(Page { next, ..answer.page() })
}

/// One alert by its id.
pub(super) async fn one(orca: &Orca, id: &str) -> Result<Page, LiveError> {
    let url = format!("{}/api/alerts/{}", orca.url, super::write::segment(id)?);
    let make = || Request::get(&url);
    let answer = orca.send(READ_ALERTS, &make).await?;
    let text = std::str::from_utf8(answer.body())
        .map_err(|_| LiveError::shape("$", "is no text in UTF-8"))?;
    let json = serde_json::value::RawValue::from_string(text.trim().to_owned())
        .map_err(|_| LiveError::shape("$", "is no JSON"))?;
    let id = super::answer::alert_id(json.get()).unwrap_or_else(|| id.to_owned());
    let item = crate::live::Item { id, changed: None, json };
    let vendor_time = super::answer::date(&answer);
    Ok(Page { items: vec![item], vendor_time, ..Page::default() })
}

/// Whether records of a kind can be read.
pub(super) async fn try_one(orca: &Orca, kind: Kind) -> Result<(), LiveError> {
    let answer = match kind {
        Kind::Alerts => alerts(orca, (1, None), &json!([])).await?,
        Kind::Vulnerabilities | Kind::Assets => get(orca, "query/assets", (1, None)).await?,
    };
    Answer::read(kind, &answer).map(|_| ())
}

async fn alerts(
    orca: &Orca,
    (limit, token): (usize, Option<&str>),
    filter: &Value,
) -> Result<Response, LiveError> {
    let url = format!("{}/api/rules/query/alerts", orca.url);
    let (limit, filter) = (limit.to_string(), filter.to_string());
    let make = || -> Result<Request, HttpError> {
        let mut form = vec![("limit", limit.as_str()), ("dsl_filter", filter.as_str())];
        form.extend(token.map(|token| ("next_page_token", token)));
        Ok(Request::post(&url)?.form(&form)?.idempotent())
    };
    orca.send(READ_ALERTS, &make).await
}

async fn get(
    orca: &Orca,
    path: &str,
    (limit, token): (usize, Option<&str>),
) -> Result<Response, LiveError> {
    let token =
        token.map(|token| format!("&next_page_token={}", quell_http::sigv4::encoded(token)));
    let url = format!("{}/api/{path}?limit={limit}{}", orca.url, token.unwrap_or_default());
    let make = || Request::get(&url);
    orca.send(READ_ASSETS, &make).await
}
