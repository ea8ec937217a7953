//! Plain streams: one search after another, page by page.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Lacework;
use super::account::{Call, Reply};
use super::answer::{self, Answer};
use super::cursor::{Cursor, Leg, moment};
use super::feeds::{Feed, feed_of};
use crate::live::{Ask, Item, LiveError, Page};
use crate::wire::Tree;

/// Rows of all pages of one answer; the vendor leaves the rest out.
const MOST_ROWS: u64 = 500_000;
/// How far a whole reading looks back: everything is evaluated once a day.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A page of a search: its answer, and where the reading goes on.
pub(super) struct Searched {
    pub(super) answer: Answer,
    pub(super) page: Page,
    pub(super) leg: Option<Leg>,
}

impl Lacework {
    pub(super) async fn feed(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        let feed = feed_of(ask.stream.name).ok_or(LiveError::Unsupported("Lacework"))?;
        let mut cursor = match ask.cursor {
            Some(value) => Cursor::read(value)?,
            None => Cursor::new(feed.parts.len(), begin(&ask, DAY), ask.until),
        };
        let searched = self.searched(feed, &mut cursor, ask.stream.right).await?;
        let Searched { answer, mut page, leg } = searched;
        page.items = answer.rows.into_iter().map(|row| item(feed, row)).collect();
        if let (Some(path), Some(leg)) = (feed.machine, leg) {
            page.items = self.with_machines(page.items, (path, leg), ask.stream.right).await?;
        }
        page.next = cursor.write()?;
        Ok(page)
    }

    /// Asks for the page at the cursor and moves the cursor behind it.
    pub(super) async fn searched(
        &self,
        feed: &Feed,
        cursor: &mut Cursor,
        right: &'static str,
    ) -> Result<Searched, LiveError> {
        let leg = cursor.todo.first().copied();
        let nothing = Answer { rows: Vec::new(), total: None, next: None };
        let call = match (&cursor.next, leg) {
            (Some(path), _) => next_call(feed, path, right),
            (None, Some(leg)) => search_call(feed, leg, right),
            (None, None) => {
                return Ok(Searched { answer: nothing, page: Page::default(), leg: None });
            }
        };
        let first = cursor.next.is_none();
        let reply = match self.account.ask(&call).await {
            Ok(reply) => reply,
            Err(LiveError::Refused(said)) if !first => return Err(LiveError::Cursor(said)),
            Err(error) if first && feed.parts.len() > 1 && is_of_part(&error) => {
                let unread = vec![format!("{}: {error}", part_name(feed, leg))];
                cursor.skip_part();
                let page = Page { unread, ..Page::default() };
                return Ok(Searched { answer: nothing, page, leg: None });
            }
            Err(error) => return Err(error),
        };
        let mut answer = answer::rows(&reply.response)?;
        let mut page = answer::page(&reply);
        page.total = answer.total;
        if first && answer.total.is_some_and(|total| total >= MOST_ROWS) {
            if cursor.split() {
                // The halves are asked for instead, so that none of their rows is left out.
                return Ok(Searched { answer: nothing, page, leg });
            }
            page.unread.push(format!("{MOST_ROWS} rows and no more are told of ten minutes"));
        }
        let next = self.next_of(&mut answer, &reply)?;
        cursor.go_on(next);
        Ok(Searched { answer, page, leg })
    }

    /// The next page's path. A URL that leads elsewhere would get the token.
    fn next_of(&self, answer: &mut Answer, _: &Reply) -> Result<Option<String>, LiveError> {
        let Some(url) = answer.next.take() else { return Ok(None) };
        let path = self.account.own_path(&url).map(str::to_owned);
        let elsewhere = || {
            LiveError::shape("$.paging.urls.nextPage", "leads to another host than the account's")
        };
        path.map(Some).ok_or_else(elsewhere)
    }
}

/// From when a reading is.
pub(super) fn begin(ask: &Ask<'_>, whole: SignedDuration) -> Timestamp {
    ask.since.unwrap_or_else(|| ask.until.checked_sub(whole).unwrap_or(ask.until))
}

fn search_call(feed: &Feed, leg: Leg, right: &'static str) -> Call {
    let mut body =
        json!({ "timeFilter": { "startTime": moment(leg.start), "endTime": moment(leg.end) } });
    let part = feed.parts.get(leg.part).copied().flatten();
    if let (Some((name, value)), Some(map)) = (part, body.as_object_mut()) {
        map.insert(name.to_owned(), Value::from(value));
    }
    let (kind, _) = feed.kinds;
    Call { path: feed.path.to_owned(), body: Some(body), kind, right, idempotent: true }
}

fn next_call(feed: &Feed, path: &str, right: &'static str) -> Call {
    let (_, kind) = feed.kinds;
    Call { path: path.to_owned(), body: None, kind, right, idempotent: true }
}

/// Whether one part fails for itself: not integrated, or not to be seen.
const fn is_of_part(error: &LiveError) -> bool {
    matches!(error, LiveError::Forbidden { .. } | LiveError::Refused(_))
}

fn part_name(feed: &Feed, leg: Option<Leg>) -> &'static str {
    let part = leg.and_then(|leg| feed.parts.get(leg.part).copied().flatten());
    part.map_or("", |(_, name)| name)
}

/// A row with its id and time. What has no id gets a hash of its text.
pub(super) fn item(feed: &Feed, json: Box<RawValue>) -> Item {
    let row: Tree<'_> = serde_json::from_str(json.get()).unwrap_or_default();
    let parts: Vec<&str> = feed.ids.iter().map(|path| row.text(&[*path])).collect();
    let id = if parts.iter().all(|part| part.is_empty()) {
        blake3::hash(json.get().as_bytes()).to_hex().to_string()
    } else {
        parts.join("|")
    };
    let changed = feed.changed.iter().filter_map(|path| row.time(&[*path])).max();
    Item { id, changed, json }
}
