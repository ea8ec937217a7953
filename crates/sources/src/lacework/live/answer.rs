//! What stands around the records of an answer.

use quell_http::{Remote, Response};
use quell_model::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::account::Reply;
use super::budget::Told;
use crate::live::{LiveError, Page};

/// Most characters of a refusal that are told.
const MOST_SAID: usize = 300;

/// One page of a search.
pub(super) struct Answer {
    pub(super) rows: Vec<Box<RawValue>>,
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    /// Null is a list without rows; nothing at all is another shape.
    #[serde(borrow, default, deserialize_with = "there")]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    paging: Option<&'a RawValue>,
    #[serde(default)]
    ok: Option<bool>,
}

fn there<'de: 'a, 'a, D: Deserializer<'de>>(data: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(data).map(Some)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paging {
    #[serde(default)]
    total_rows: Option<u64>,
    #[serde(default)]
    urls: Option<Urls>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Urls {
    #[serde(default)]
    next_page: Option<String>,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    data: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    message: Option<String>,
}

/// The rows of an answer. No body at all is no row.
pub(super) fn rows(response: &Response) -> Result<Answer, LiveError> {
    let nothing = Answer { rows: Vec::new(), total: None, next: None };
    if response.status() == 204 || response.body().is_empty() {
        return Ok(nothing);
    }
    let envelope = envelope(response)?;
    let data = data_of(&envelope)?;
    let rows = if data.get() == "null" {
        Vec::new()
    } else {
        serde_json::from_str(data.get())
            .map_err(|error| LiveError::shape("$.data", format!("no list of rows ({error})")))?
    };
    let paging = envelope.paging.filter(|paging| paging.get() != "null");
    let paging: Paging = match paging {
        Some(paging) => serde_json::from_str(paging.get())
            .map_err(|error| LiveError::shape("$.paging", error.to_string()))?,
        None => Paging::default(),
    };
    let next = paging.urls.and_then(|urls| urls.next_page).filter(|url| !url.is_empty());
    Ok(Answer { rows, total: paging.total_rows, next })
}

/// The one record of an answer.
pub(super) fn record(response: &Response) -> Result<Option<Box<RawValue>>, LiveError> {
    if response.status() == 204 || response.body().is_empty() {
        return Ok(None);
    }
    let envelope = envelope(response)?;
    let data = data_of(&envelope)?;
    Ok((data.get() != "null").then(|| data.to_owned()))
}

fn envelope(response: &Response) -> Result<Envelope<'_>, LiveError> {
    let text = std::str::from_utf8(response.body())
        .map_err(|_| LiveError::shape("$", "the answer is not UTF-8"))?;
    let envelope: Envelope<'_> = serde_json::from_str(text)
        .map_err(|error| LiveError::shape("$", format!("no JSON as documented ({error})")))?;
    if envelope.ok == Some(false) {
        return Err(LiveError::Refused(message_in(text.as_bytes()).unwrap_or_default()));
    }
    Ok(envelope)
}

fn data_of<'a>(envelope: &Envelope<'a>) -> Result<&'a RawValue, LiveError> {
    envelope.data.ok_or_else(|| LiveError::shape("$.data", "is missing"))
}

/// What a refusal says.
pub(super) fn message_of(remote: &Remote) -> String {
    let said = remote.said();
    message_in(said.as_bytes()).unwrap_or_else(|| shorten(said))
}

fn message_in(body: &[u8]) -> Option<String> {
    let message: Message = serde_json::from_slice(body).ok()?;
    let inner = message.data.and_then(|data| data.message);
    message.message.or(inner).map(|text| shorten(&text))
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect()
}

/// A page with what every answer tells beside its rows.
pub(super) fn page(reply: &Reply) -> Page {
    let date = reply.response.header("date");
    let time = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    Page {
        owner: reply.session.owner.clone(),
        vendor_time: time.map(|zoned| zoned.timestamp()).filter(|at| *at > Timestamp::UNIX_EPOCH),
        calls_left: Told::by(&reply.response).left,
        ..Page::default()
    }
}
