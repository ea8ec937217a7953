//! What was said under an issue or a request, and on lines of its files: each once.

use std::collections::BTreeSet;

use quell_deliver::outbox::Remote;
use quell_deliver::review::{Remark, Review};
use quell_deliver::{Body, Key};
use serde_json::{Value, json};

use super::call::{Api, Call};
use super::repository::Thing;
use super::sink::Forge;
use super::{bears, mark, note_text, path_fits};
use crate::{Draft, SinkError, Wanted};

/// Pages of notes that are looked through.
const MOST_PAGES: usize = 20;
/// Remarks on lines of one review.
pub(crate) const MOST_REMARKS: usize = 50;
/// What a page holds where it is not the last.
pub(crate) const PAGE: usize = 100;

/// Where something is said, and what that needs.
#[derive(Debug)]
pub(crate) struct Notes {
    /// The path to which a note is sent, and at which all are listed.
    pub(crate) path: String,
    /// More of the query when they are listed, with `&` behind.
    pub(crate) order: &'static str,
    /// The right to read them.
    pub(crate) read: &'static str,
    /// The right to write one.
    pub(crate) write: &'static str,
    /// Most characters of one.
    pub(crate) most: usize,
}

impl Notes {
    /// What is sent for one.
    pub(crate) fn body(&self, body: &Body, key: &Key) -> Value {
        json!({"body": note_text(body, key, self.most)})
    }
}

/// A list as it was answered; of what is none, nothing.
pub(crate) fn items(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

/// A request as it would be sent.
pub(crate) fn draft(method: &str, target: String, body: &Value) -> Draft {
    let body = serde_json::to_string_pretty(body).unwrap_or_default();
    Draft { method: method.to_owned(), target, body }
}

/// What is sent for a note.
pub(crate) fn draft_of_note<F: Forge>(
    thing: &Thing<F::Repository>,
    (body, key): (&Body, &Key),
) -> Draft {
    let notes = F::notes(thing);
    let body = notes.body(body, key);
    draft("POST", notes.path, &body)
}

/// Says something, once.
pub(crate) async fn note<F: Forge>(
    host: &F,
    thing: &Thing<F::Repository>,
    (body, key): (&Body, &Key),
) -> Result<(), SinkError> {
    if has_note(host, thing, (body, key)).await? {
        return Ok(());
    }
    let notes = F::notes(thing);
    host.send(&Call::post(&notes.path, notes.write, &notes.body(body, key))).await.map(|_| ())
}

/// Where a note stands and, if that is wanted, the thing is open or closed too.
pub(crate) async fn find_note<F: Forge>(
    host: &F,
    wanted: &Wanted<'_>,
    (body, open): (&Body, Option<bool>),
) -> Result<Option<Remote>, SinkError> {
    let remote = wanted.remote()?;
    let thing = Thing::of(remote)?;
    if !has_note(host, &thing, (body, wanted.key)).await? {
        return Ok(None);
    }
    let holds = match open {
        Some(open) => host.stands(&thing, open).await?,
        None => true,
    };
    Ok(holds.then(|| remote.clone()))
}

/// Whether this was said already: the mark is there, and the words are the same.
async fn has_note<F: Forge>(
    host: &F,
    thing: &Thing<F::Repository>,
    (body, key): (&Body, &Key),
) -> Result<bool, SinkError> {
    let wanted = note_text(body, key, F::notes(thing).most);
    let is_it = |said: &str| bears(said, key) && said.replace("\r\n", "\n").trim() == wanted.trim();
    was_said(host, thing, is_it).await
}

/// Whether something with a key was said, whatever its words.
pub(crate) async fn bears_note<F: Forge>(
    host: &F,
    thing: &Thing<F::Repository>,
    key: &Key,
) -> Result<bool, SinkError> {
    was_said(host, thing, |said| bears(said, key)).await
}

/// Whether something was said that fits.
pub(crate) async fn was_said<F: Forge>(
    host: &F,
    thing: &Thing<F::Repository>,
    is_it: impl Fn(&str) -> bool + Send,
) -> Result<bool, SinkError> {
    let Notes { path, order, read, .. } = F::notes(thing);
    for page in 1..=MOST_PAGES {
        let path = format!("{path}?{order}per_page={PAGE}&page={page}");
        let listed = items(host.get(&path, read).await?);
        let mut said = listed.iter().filter_map(|note| note.get("body")?.as_str());
        if said.any(&is_it) {
            return Ok(true);
        }
        if listed.len() < PAGE {
            break;
        }
    }
    Ok(false)
}

/// Where notes on lines of a request stand.
pub(crate) struct Lines<'a> {
    /// The path to which one is sent, and at which all are listed.
    pub(crate) path: &'a str,
    /// The right to read and write them.
    pub(crate) right: &'static str,
    /// What is sent for one.
    pub(crate) body: &'a (dyn Fn(&Remark) -> Value + Sync),
    /// The texts of one that is listed.
    pub(crate) texts: fn(&Value) -> Vec<&str>,
    /// Whether the host says that a line is no part of the change.
    pub(crate) is_outside: fn(&str) -> bool,
}

/// Says remarks on lines, each once. Tells how many are on none of the change.
pub(crate) async fn remark<A: Api>(
    host: &A,
    lines: Lines<'_>,
    remarks: &[Remark],
) -> Result<usize, SinkError> {
    if remarks.is_empty() {
        return Ok(0);
    }
    let said = marks(host, &lines).await?;
    let mut outside = 0;
    let new = remarks.iter().take(MOST_REMARKS).filter(|one| !said.contains(&mark(&one.key)));
    for remark in new {
        if !path_fits(&remark.path) {
            outside += 1;
            continue;
        }
        match host.send(&Call::post(lines.path, lines.right, &(lines.body)(remark))).await {
            Ok(_) => {}
            Err(SinkError::Refused(said)) if (lines.is_outside)(&said) => outside += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(outside + remarks.len().saturating_sub(MOST_REMARKS))
}

/// Lines of the notes that are there which may be marks.
async fn marks<A: Api>(host: &A, lines: &Lines<'_>) -> Result<BTreeSet<String>, SinkError> {
    let mut marks = BTreeSet::new();
    for page in 1..=MOST_PAGES {
        let path = format!("{}?per_page={PAGE}&page={page}", lines.path);
        let listed = items(host.get(&path, lines.right).await?);
        let said = listed.iter().flat_map(lines.texts).flat_map(str::lines).map(str::trim);
        marks.extend(said.filter(|line| line.starts_with("<!--")).map(str::to_owned));
        if listed.len() < PAGE {
            break;
        }
    }
    Ok(marks)
}

/// Whether a review says what the request does not say itself.
pub(crate) fn says_more(review: &Review) -> bool {
    review.pull.is_some() || !review.remarks.is_empty()
}

/// The beginning of a commit's id, without what is no part of one.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().filter(char::is_ascii_hexdigit).take(12).collect()
}

/// Refuses a review that was made on another commit than the one with which a request ends.
pub(crate) fn of_head(review: &Review, head: &str, request: &str) -> Result<(), SinkError> {
    match review.commit.as_deref().filter(|own| *own != head) {
        None => Ok(()),
        Some(own) => Err(SinkError::Refused(format!(
            "the {request} ends with {}, and this was made on {}: check out its head and do it again",
            short(head),
            short(own)
        ))),
    }
}
