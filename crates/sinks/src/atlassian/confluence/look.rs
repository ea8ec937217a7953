//! Pages read, and found again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_deliver::outbox::{Act, Remote};
use quell_deliver::{Key, Letter};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::super::client::{Call, segment};
use super::calls::{PROPERTY, V2, title};
use super::section::Part;
use super::{Confluence, READ, storage};
use crate::{Field, Gone, Phase, SinkError, Standing, Wanted};

/// Comments that are looked at, the newest first.
const MOST_COMMENTS: usize = 250;

/// A page as it is.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) version: u64,
    status: String,
    told: Value,
}

/// The content property of Quell's.
pub(super) struct Property {
    pub(super) id: String,
    pub(super) value: Value,
    pub(super) version: u64,
    at: Option<Timestamp>,
}

impl Property {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.value.get("closed").and_then(Value::as_bool).unwrap_or_default()
    }
}

/// Looks for what an act did.
pub(super) async fn find(
    confluence: &Confluence,
    wanted: &Wanted<'_>,
) -> Result<Option<Remote>, SinkError> {
    let id = || segment(&wanted.remote()?.id);
    let is_done = match wanted.act {
        Act::Open { letter } => return page(confluence, letter).await,
        Act::Edit { .. } | Act::Review { .. } => false,
        Act::Note { .. } => has_note(confluence, id()?, wanted.key).await?,
        Act::Close { .. } | Act::Reopen { .. } => {
            let closed = matches!(wanted.act, Act::Close { .. });
            let property = property(confluence, id()?).await?;
            property.is_some_and(|one| one.is_closed() == closed)
                && has_note(confluence, id()?, wanted.key).await?
        }
    };
    Ok(if is_done { wanted.remote.cloned() } else { None })
}

/// The page of a letter's title that bears its key.
pub(super) async fn page(
    confluence: &Confluence,
    letter: &Letter,
) -> Result<Option<Remote>, SinkError> {
    let space = confluence.space().await?;
    let title: String = byte_serialize(title(letter).as_bytes()).collect();
    let query = format!("space-id={space}&title={title}&body-format=storage");
    let answer = confluence.site.ask(&Call::get(format!("{V2}/pages?{query}")), READ).await?;
    let is_ours = |page: &&Value| {
        let body = page.pointer("/body/storage/value").and_then(Value::as_str);
        body.is_some_and(|body| Part::Letter.of(&letter.key, body).is_some())
    };
    let found = results(&answer)?.iter().find(is_ours);
    found.map(|page| confluence.remote(page)).transpose()
}

/// A page with its text.
pub(super) async fn read_page(confluence: &Confluence, id: &str) -> Result<Page, SinkError> {
    let call = Call::get(format!("{V2}/pages/{id}?body-format=storage"));
    let told = confluence.site.ask(&call, READ).await?;
    let text = |path: &str| {
        let text = told.pointer(path).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| SinkError::shape(format!("${}", path.replace('/', ".")), "is missing"))
    };
    let version = told.pointer("/version/number").and_then(Value::as_u64);
    Ok(Page {
        title: text("/title")?,
        body: text("/body/storage/value")?,
        version: version.ok_or_else(|| SinkError::shape("$.version.number", "is missing"))?,
        status: text("/status")?,
        told,
    })
}

/// The property of a page, where it has one.
pub(super) async fn property(
    confluence: &Confluence,
    id: &str,
) -> Result<Option<Property>, SinkError> {
    let call = Call::get(format!("{V2}/pages/{id}/properties?key={PROPERTY}"));
    let answer = confluence.site.ask(&call, READ).await?;
    let Some(found) = results(&answer)?.first() else { return Ok(None) };
    let id = found.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let at = found.pointer("/version/createdAt").and_then(Value::as_str);
    Ok(Some(Property {
        id,
        value: found.get("value").cloned().unwrap_or_default(),
        version: found.pointer("/version/number").and_then(Value::as_u64).unwrap_or(1),
        at: at.and_then(quell_model::parse_timestamp),
    }))
}

/// Whether a comment of the login's own bears a key.
pub(super) async fn has_note(
    confluence: &Confluence,
    id: &str,
    key: &Key,
) -> Result<bool, SinkError> {
    let me = confluence.me().await?;
    let query = format!("body-format=storage&sort=-created-date&limit={MOST_COMMENTS}");
    let call = Call::get(format!("{V2}/pages/{id}/footer-comments?{query}"));
    let answer = confluence.site.ask(&call, READ).await?;
    let is_ours = |one: &Value| {
        let at = |path: &str| one.pointer(path).and_then(Value::as_str);
        at("/version/authorId") == Some(me.as_str())
            && at("/body/storage/value").is_some_and(|body| body.contains(key.as_str()))
    };
    Ok(results(&answer)?.iter().any(is_ours))
}

pub(super) fn results(answer: &Value) -> Result<&Vec<Value>, SinkError> {
    let list = answer.get("results").and_then(Value::as_array);
    list.ok_or_else(|| SinkError::shape("$.results", "is no list"))
}

/// How a page stands. Nobody but Quell closes one.
pub(super) async fn read(confluence: &Confluence, remote: &Remote) -> Result<Standing, SinkError> {
    let id = segment(&remote.id)?;
    let page = match read_page(confluence, id).await {
        Ok(page) => page,
        Err(SinkError::Gone(_)) => return Ok(gone(remote)),
        Err(error) => return Err(error),
    };
    let state = match page.status.as_str() {
        "current" => Gone::No,
        "archived" => Gone::Archived,
        _ => Gone::Deleted,
    };
    let property = property(confluence, id).await?;
    let closed = property.as_ref().is_some_and(Property::is_closed);
    let key = property.as_ref().and_then(|one| one.text("key")?.parse::<Key>().ok());
    let section = key.and_then(|key| Part::Letter.of(&key, &page.body));
    let body = section.map(|[_, inner, _]| storage::plain(inner));
    let mut fields = BTreeMap::from([(Field::Title, page.title.clone())]);
    fields.extend(body.map(|body| (Field::Body, body)));
    Ok(Standing {
        remote: confluence.remote(&page.told)?,
        phase: if closed { Phase::Done } else { Phase::New },
        phase_at: property.and_then(|one| one.at),
        phase_by_us: true,
        resolution: None,
        fields,
        gone: state,
    })
}

fn gone(remote: &Remote) -> Standing {
    Standing {
        remote: remote.clone(),
        phase: Phase::New,
        phase_at: None,
        phase_by_us: false,
        resolution: None,
        fields: BTreeMap::new(),
        gone: Gone::Deleted,
    }
}
