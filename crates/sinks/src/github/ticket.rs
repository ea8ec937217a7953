//! Issues, and what pull requests have in common with them: text, labels, comments, states.

use quell_deliver::outbox::Remote;
use quell_deliver::{Body, Key, Letter};
use serde_json::Value;

use super::call::Call;
use super::place::{Repository, Thing, part};
use super::{Hub, draft, wire};
use crate::forge::bears;
use crate::{Draft, SinkError, Wanted};

pub(super) const ISSUES: &str = "Issues: write";
/// Pages of the newest issues that are looked through before the search is asked.
const MOST_PAGES: u32 = 3;
/// Pages of comments that are looked through.
const MOST_COMMENT_PAGES: u32 = 20;
const PAGE: usize = 100;

pub(super) fn draft_of_new(project: &Repository, letter: &Letter) -> Draft {
    draft("POST", format!("{}/issues", project.api()), &wire::issue(letter))
}

pub(super) fn drafts_of_text(thing: &Thing, letter: &Letter) -> Vec<Draft> {
    vec![
        draft("PATCH", thing.api(), &wire::text(letter)),
        draft("POST", format!("{}/labels", thing.issue()), &wire::labels(letter)),
    ]
}

pub(super) fn draft_of_note(thing: &Thing, body: &Body, key: &Key) -> Draft {
    draft("POST", format!("{}/comments", thing.issue()), &wire::comment(body, key))
}

pub(super) fn drafts_of_state(
    thing: &Thing,
    (body, key): (&Body, &Key),
    close: bool,
) -> Vec<Draft> {
    let state = if close { wire::closed(thing.pull) } else { wire::reopened() };
    vec![draft_of_note(thing, body, key), draft("PATCH", thing.api(), &state)]
}

/// Makes the issue, or takes the one that is there.
pub(super) async fn open(hub: &Hub, letter: &Letter) -> Result<Remote, SinkError> {
    let project = hub.project()?;
    if let Some(remote) = find(hub, &letter.key).await? {
        return Ok(remote);
    }
    let path = format!("{}/issues", project.api());
    let made = hub.ask(&Call::post(&path, ISSUES, &wire::issue(letter))).await?;
    remote_of(project, &made)
}

/// The issue of a key; of several the oldest.
pub(super) async fn find(hub: &Hub, key: &Key) -> Result<Option<Remote>, SinkError> {
    let project = hub.project()?;
    let me = hub.me().await?;
    let mut found: Vec<Value> = Vec::new();
    let mut whole = false;
    for page in 1..=MOST_PAGES {
        let path = format!(
            "{}/issues?creator={}&state=all&sort=created&direction=desc&per_page={PAGE}&page={page}",
            project.api(),
            part(&me)
        );
        let listed = items(hub.get(&path, ISSUES).await?);
        whole = listed.len() < PAGE;
        found.extend(listed.into_iter().filter(|issue| is_ours(issue, key)));
        if whole {
            break;
        }
    }
    // What is older than those pages, the index of the search knows.
    if found.is_empty() && !whole {
        let query = format!("\"{}\" in:body is:issue repo:{}", key.mark(), project.full());
        let path = format!("/search/issues?q={}&per_page={PAGE}", part(&query));
        let answer = hub.get(&path, ISSUES).await?;
        let listed = answer.get("items").cloned().map(items).unwrap_or_default();
        let mine = |issue: &Value| {
            issue.pointer("/user/login").and_then(Value::as_str) == Some(me.as_str())
        };
        found.extend(listed.into_iter().filter(|issue| mine(issue) && is_ours(issue, key)));
    }
    let number = |issue: &&Value| issue.get("number").and_then(Value::as_u64).unwrap_or(u64::MAX);
    found.iter().min_by_key(number).map(|issue| remote_of(project, issue)).transpose()
}

fn is_ours(issue: &Value, key: &Key) -> bool {
    let body = issue.get("body").and_then(Value::as_str).unwrap_or_default();
    issue.get("pull_request").is_none() && bears(body, key)
}

fn items(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

fn remote_of(repository: &Repository, issue: &Value) -> Result<Remote, SinkError> {
    let number = issue.get("number").and_then(Value::as_u64);
    let number = number.ok_or_else(|| SinkError::shape("$.number", "is missing"))?;
    let url = issue.get("html_url").and_then(Value::as_str).map(str::to_owned);
    Ok(Thing { repository: repository.clone(), number, pull: false }.remote(url))
}

/// Writes title and text anew, and adds labels.
pub(super) async fn bring_text(hub: &Hub, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    let right = if thing.pull { super::pull::PULLS } else { ISSUES };
    hub.send(&Call::patch(&thing.api(), right, &wire::text(letter))).await?;
    label(hub, thing, letter).await
}

/// Adds labels. They only decorate: where the login may not, it goes without.
pub(super) async fn label(hub: &Hub, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    let path = format!("{}/labels", thing.issue());
    let sent = hub.send(&Call::post(&path, ISSUES, &wire::labels(letter))).await;
    match sent {
        Ok(_) | Err(SinkError::Forbidden { .. } | SinkError::Refused(_) | SinkError::Gone(_)) => {
            Ok(())
        }
        // The same labels once more do no harm.
        Err(SinkError::Http(error)) => Err(SinkError::Busy { wait: None, said: error.to_string() }),
        Err(error) => Err(error),
    }
}

/// Says something, once.
pub(super) async fn note(
    hub: &Hub,
    thing: &Thing,
    (body, key): (&Body, &Key),
) -> Result<(), SinkError> {
    if has_note(hub, thing, (body, key)).await? {
        return Ok(());
    }
    let path = format!("{}/comments", thing.issue());
    let right = if thing.pull { super::pull::PULLS } else { ISSUES };
    hub.send(&Call::post(&path, right, &wire::comment(body, key))).await.map(|_| ())
}

/// Says why, and closes what is open.
pub(super) async fn close(hub: &Hub, thing: &Thing, why: (&Body, &Key)) -> Result<(), SinkError> {
    let state = state(hub, thing).await?;
    note(hub, thing, why).await?;
    if state.word == "closed" {
        return Ok(());
    }
    set(hub, thing, &wire::closed(thing.pull)).await
}

/// Says why, and opens what is closed. What was merged stays merged.
pub(super) async fn reopen(hub: &Hub, thing: &Thing, why: (&Body, &Key)) -> Result<(), SinkError> {
    let state = state(hub, thing).await?;
    if state.merged {
        return Err(SinkError::Refused(
            "the pull request was merged: the fix must be made anew".to_owned(),
        ));
    }
    if state.word != "open" {
        set(hub, thing, &wire::reopened()).await?;
    }
    note(hub, thing, why).await
}

struct State {
    word: String,
    merged: bool,
}

async fn state(hub: &Hub, thing: &Thing) -> Result<State, SinkError> {
    let now = hub.get(&thing.api(), ISSUES).await?;
    Ok(State {
        word: super::login::text(&now, "state")?,
        merged: now.get("merged").and_then(Value::as_bool) == Some(true),
    })
}

async fn set(hub: &Hub, thing: &Thing, body: &Value) -> Result<(), SinkError> {
    let right = if thing.pull { super::pull::PULLS } else { ISSUES };
    hub.send(&Call::patch(&thing.api(), right, body)).await.map(|_| ())
}

/// Where a note stands and, if one is wanted, a state holds too.
pub(super) async fn find_note(
    hub: &Hub,
    wanted: &Wanted<'_>,
    (body, word): (&Body, Option<&str>),
) -> Result<Option<Remote>, SinkError> {
    let remote = wanted.remote()?;
    let thing = Thing::of(remote)?;
    if !has_note(hub, &thing, (body, wanted.key)).await? {
        return Ok(None);
    }
    let holds = match word {
        Some(word) => state(hub, &thing).await?.word == word,
        None => true,
    };
    Ok(holds.then(|| remote.clone()))
}

/// Whether this was said already: the mark is there, and the words are the same.
async fn has_note(hub: &Hub, thing: &Thing, (body, key): (&Body, &Key)) -> Result<bool, SinkError> {
    let wanted = wire::comment(body, key);
    let wanted = wanted.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_it = |said: &str| bears(said, key) && said.replace("\r\n", "\n").trim() == wanted.trim();
    said(hub, thing, is_it).await
}

/// Whether something with a key was said, whatever its words.
pub(super) async fn bears_note(hub: &Hub, thing: &Thing, key: &Key) -> Result<bool, SinkError> {
    said(hub, thing, |said| bears(said, key)).await
}

async fn said(hub: &Hub, thing: &Thing, is_it: impl Fn(&str) -> bool) -> Result<bool, SinkError> {
    for page in 1..=MOST_COMMENT_PAGES {
        let path = format!("{}/comments?per_page={PAGE}&page={page}", thing.issue());
        let listed = items(hub.get(&path, ISSUES).await?);
        let mut said = listed.iter().filter_map(|comment| comment.get("body")?.as_str());
        if said.any(&is_it) {
            return Ok(true);
        }
        if listed.len() < PAGE {
            break;
        }
    }
    Ok(false)
}
