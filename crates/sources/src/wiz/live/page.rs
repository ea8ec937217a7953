//! Pages: what is asked for one, and what stands in its answer.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::{Question, Reply};
use super::streams::{Reading, STREAMS};
use super::{Wiz, fault, reading};
use crate::live::{Ask, Item, LiveError, Page, Stream, Target};
use crate::wire::Text;

/// Sentences kept of what could not be read of one page.
const MOST_UNREAD: usize = 20;

/// The members of a record that tell which it is and when it changed.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Key<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    pub(super) created_at: Text<'a>,
    pub(super) updated_at: Text<'a>,
    pub(super) status_changed_at: Text<'a>,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Wiz {
    /// One page of a stream.
    pub(super) async fn read_page(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        self.read_page_of(ask, self.options.page_size).await
    }

    /// One page with at most so many records.
    pub(super) async fn read_page_of(&self, ask: Ask<'_>, most: u32) -> Result<Page, LiveError> {
        let reading = reading(ask.stream.name)?;
        let after = ask.cursor.and_then(|cursor| cursor.get("after")).and_then(Value::as_str);
        let mut variables = json!({
            "first": reading.most.min(most),
            "filterBy": (reading.filter)(&ask, self.options),
        });
        if let Some(variables) = variables.as_object_mut() {
            if let Some(after) = after {
                variables.insert("after".to_owned(), json!(after));
            }
            if let Some(field) = reading.order {
                variables.insert("orderBy".to_owned(), json!({"field": field, "direction": "ASC"}));
            }
        }
        let document = reading.document.text();
        let question = Question {
            goes_on: after.is_some(),
            ..Question::reading(&document, &variables, ask.stream.right)
        };
        let reply = self.ask(&question).await?;
        page_of(&reply, reading)
    }

    /// One record by its id, as a page of its own.
    pub(super) async fn fetch_one(
        &self,
        target: &Target,
    ) -> Result<(&'static Stream, Page), LiveError> {
        let reading = reading(&target.stream)?;
        let stream = STREAMS.iter().find(|stream| stream.name == reading.name);
        let (Some((root, document)), Some(stream)) = (reading.single, stream) else {
            return Err(LiveError::Unsupported("this stream of Wiz"));
        };
        let (text, variables) = (document.text(), json!({"id": target.id}));
        let question = Question::reading(&text, &variables, stream.right);
        let reply = self.ask(&question).await?;
        let node = reply.root(root)?;
        let page = Page { items: vec![item(node, reading)], ..rest_of(&reply) };
        Ok((stream, page))
    }
}

/// What an answer tells beside its records.
fn rest_of(reply: &Reply) -> Page {
    let mut unread: Vec<String> =
        reply.beside.iter().map(|fault| fault::shown(fault.said(), "")).collect();
    unread.sort();
    unread.dedup();
    unread.truncate(MOST_UNREAD);
    Page { unread, owner: reply.tenant.clone(), vendor_time: reply.time, ..Page::default() }
}

fn page_of(reply: &Reply, reading: &Reading) -> Result<Page, LiveError> {
    let at = |member: &str| format!("$.data.{}{member}", reading.root);
    let members: Members<'_> = read(reply.root(reading.root)?, &at(""))?;
    let nodes = members.get("nodes").ok_or_else(|| LiveError::shape(at(".nodes"), "is missing"))?;
    // A list that may be null is null where it is empty.
    let nodes: Option<Vec<Option<&RawValue>>> = read(nodes, &at(".nodes"))?;
    let nodes = nodes.unwrap_or_default();
    let mut page = rest_of(reply);
    if nodes.iter().any(Option::is_none) {
        page.unread.push("Wiz left records out of a page".to_owned());
    }
    page.items = nodes.into_iter().flatten().map(|node| item(node, reading)).collect();
    page.total = members.get("totalCount").and_then(|raw| raw.get().parse().ok());
    let info = members.get("pageInfo");
    let info = info.ok_or_else(|| LiveError::shape(at(".pageInfo"), "is missing"))?;
    let info: Value = read(info, &at(".pageInfo"))?;
    let more = info.get("hasNextPage").and_then(Value::as_bool);
    let more = more.ok_or_else(|| {
        LiveError::shape(at(".pageInfo.hasNextPage"), "is neither true nor false")
    })?;
    if more {
        let end = info.get("endCursor").and_then(Value::as_str).filter(|end| !end.is_empty());
        let end = end
            .ok_or_else(|| LiveError::shape(at(".pageInfo.endCursor"), "is missing or no text"))?;
        page.next = Some(json!({"after": end}));
    }
    Ok(page)
}

fn item(node: &RawValue, reading: &Reading) -> Item {
    // A record that cannot be read is handed on; the normalizer rejects it and says why.
    let key: Key<'_> = serde_json::from_str(node.get()).unwrap_or_default();
    Item {
        id: key.id.get().unwrap_or_default().to_owned(),
        changed: (reading.changed)(&key),
        json: node.to_owned(),
    }
}

fn read<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue, path: &str) -> Result<T, LiveError> {
    serde_json::from_str(raw.get())
        .map_err(|error| LiveError::shape(path, format!("is not shaped as it should be: {error}")))
}
