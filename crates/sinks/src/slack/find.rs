//! Looking for what bears a key, in the history of a channel or of a thread.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;

use super::call::{Said, Slack};
use super::{EVENT, HISTORY, place};
use crate::{SinkError, Wanted};

/// How far back a lost message is looked for, and on how many pages.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 8);
const MOST_PAGES: usize = 20;
const PAGE: &str = "200";
const REPLIES: (&str, &str) = ("conversations.replies", "channels:history");

/// Who Quell is in the workspace, so that nobody else's message is taken for its own.
pub(super) struct Us {
    pub(super) user: Option<String>,
    pub(super) bot: Option<String>,
}

impl Us {
    fn said(&self, said: &Said) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        same(&self.bot, &said.bot_id) || same(&self.user, &said.user)
    }

    /// Whether a message is what an act with this key made.
    fn made(&self, said: &Said, wanted: &Wanted<'_>) -> bool {
        let Some(noted) = said.metadata.as_ref().filter(|noted| noted.event_type == EVENT) else {
            return false;
        };
        let is = |name: &str, value: &str| {
            noted.event_payload.get(name).and_then(Value::as_str) == Some(value)
        };
        is("key", wanted.key.as_str()) && is("act", wanted.act.kind().as_str()) && self.said(said)
    }
}

pub(super) async fn message(
    slack: &Slack,
    wanted: &Wanted<'_>,
    us: &Us,
) -> Result<Option<String>, SinkError> {
    let from = slack.clock.now().checked_sub(LOOK_BACK).unwrap_or_default();
    let from = format!("{}.000000", from.as_second());
    let fields = [("channel", slack.channel.as_str()), ("oldest", from.as_str())];
    find_in(slack, HISTORY, &fields, (wanted, us)).await
}

pub(super) async fn reply(
    slack: &Slack,
    wanted: &Wanted<'_>,
    us: &Us,
) -> Result<Option<String>, SinkError> {
    let (channel, ts) = place(wanted.remote()?)?;
    find_in(slack, REPLIES, &[("channel", channel), ("ts", ts)], (wanted, us)).await
}

/// The names of Quell's own files in a thread.
pub(super) async fn files(
    slack: &Slack,
    (channel, ts): (&str, &str),
    us: &Us,
) -> Result<BTreeSet<String>, SinkError> {
    let mut names = BTreeSet::new();
    let fields = [("channel", channel), ("ts", ts)];
    let mut take = |said: Said| {
        if us.said(&said) {
            names.extend(said.files.into_iter().map(|file| file.name));
        }
    };
    match read_all(slack, REPLIES, &fields, &mut take).await? {
        true => Ok(names),
        false => Err(SinkError::Refused(format!("the thread has more than {MOST_PAGES} pages"))),
    }
}

/// The oldest message that bears the key. A channel is read to its end: where that is too far, it
/// is not known whether the message is there, and that is said.
async fn find_in(
    slack: &Slack,
    call: (&str, &'static str),
    fields: &[(&str, &str)],
    (wanted, us): (&Wanted<'_>, &Us),
) -> Result<Option<String>, SinkError> {
    let mut found: Option<String> = None;
    let mut take = |said: Said| {
        let is_older = found.as_ref().is_none_or(|ts| earlier(&said.ts, ts).is_lt());
        if is_older && us.made(&said, wanted) {
            found = Some(said.ts);
        }
    };
    let read = read_all(slack, call, fields, &mut take).await;
    match (read, found) {
        (Err(error @ SinkError::Shape { .. }), None) => Err(error),
        (Err(SinkError::Shape { .. }) | Ok(_), Some(found)) => Ok(Some(found)),
        (Err(error), _) => Err(error),
        (Ok(true), None) => Ok(None),
        (Ok(false), None) => Err(SinkError::Refused(format!(
            "the channel has more than {MOST_PAGES} pages of messages in 8 days; look for {} by hand",
            wanted.key.mark()
        ))),
    }
}

/// Reads a channel or a thread, page by page; whether to its end.
async fn read_all(
    slack: &Slack,
    call: (&str, &'static str),
    fields: &[(&str, &str)],
    take: &mut (dyn FnMut(Said) + Send),
) -> Result<bool, SinkError> {
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let mut all = fields.to_vec();
        all.extend([("include_all_metadata", "true"), ("limit", PAGE)]);
        if !cursor.is_empty() {
            all.push(("cursor", &cursor));
        }
        let (answer, _) = slack.ask(call, &all).await?;
        answer.messages.into_iter().for_each(&mut *take);
        let next = answer.response_metadata.next_cursor;
        if next.is_empty() && !answer.has_more {
            return Ok(true);
        }
        if next.is_empty() || next == cursor {
            return Err(SinkError::shape("$.response_metadata", "names no next page"));
        }
        cursor = next;
    }
    Ok(false)
}

/// The order of two times of Slack's: by length, then by digits.
fn earlier(a: &str, b: &str) -> std::cmp::Ordering {
    (a.len(), a).cmp(&(b.len(), b))
}
