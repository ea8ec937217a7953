//! Issues, and what pull requests have in common with them: text, labels, comments, states.

use quell_deliver::outbox::Remote;
use quell_deliver::{Body, Key, Letter};
use serde_json::Value;

use super::place::{Repository, Thing};
use super::{Hub, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::{Notes, PAGE, draft, items, note};
use crate::forge::{Forge as _, Repository as _, bears, part};
use crate::{Draft, SinkError};

pub(super) const ISSUES: &str = "Issues: write";
/// Pages of the newest issues that are looked through before the search is asked.
const MOST_PAGES: u32 = 3;

pub(super) fn draft_of_new(project: &Repository, letter: &Letter) -> Draft {
    draft("POST", format!("{}/issues", project.api()), &wire::issue(letter))
}

pub(super) fn drafts_of_text(thing: &Thing, letter: &Letter) -> Vec<Draft> {
    vec![
        draft("PATCH", thing.api(), &wire::text(letter)),
        draft("POST", format!("{}/labels", thing.issue()), &wire::labels(letter)),
    ]
}

pub(super) fn draft_of_state(thing: &Thing, close: bool) -> Draft {
    let state = if close { wire::closed(thing.request) } else { wire::reopened() };
    draft("PATCH", thing.api(), &state)
}

/// Where comments stand.
pub(super) fn notes(thing: &Thing) -> Notes {
    Notes {
        path: format!("{}/comments", thing.issue()),
        order: "",
        read: ISSUES,
        write: right(thing),
        most: wire::MOST_TEXT,
    }
}

fn right(thing: &Thing) -> &'static str {
    if thing.request { super::pull::PULLS } else { ISSUES }
}

/// Makes the issue, or takes the one that is there.
pub(super) async fn open(hub: &Hub, letter: &Letter) -> Result<Remote, SinkError> {
    let project = hub.reach().project()?;
    if let Some(remote) = find(hub, &letter.key).await? {
        return Ok(remote);
    }
    let path = format!("{}/issues", project.api());
    let made = hub.ask(&Call::post(&path, ISSUES, &wire::issue(letter))).await?;
    remote_of(project, &made)
}

/// The issue of a key; of several the oldest.
pub(super) async fn find(hub: &Hub, key: &Key) -> Result<Option<Remote>, SinkError> {
    let project = hub.reach().project()?;
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

fn remote_of(repository: &Repository, issue: &Value) -> Result<Remote, SinkError> {
    let number = issue.get("number").and_then(Value::as_u64);
    let number = number.ok_or_else(|| SinkError::shape("$.number", "is missing"))?;
    let url = issue.get("html_url").and_then(Value::as_str).map(str::to_owned);
    Ok(Thing { repository: repository.clone(), number, request: false }.remote(url))
}

/// Writes title and text anew, and adds labels.
pub(super) async fn bring_text(hub: &Hub, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    hub.send(&Call::patch(&thing.api(), right(thing), &wire::text(letter))).await?;
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

/// Says why, and closes what is open or opens what is closed. What was merged stays merged.
pub(super) async fn set(
    hub: &Hub,
    thing: &Thing,
    why: (&Body, &Key),
    close: bool,
) -> Result<(), SinkError> {
    let state = state(hub, thing).await?;
    if close {
        note(hub, thing, why).await?;
        if state.word != "closed" {
            bring_state(hub, thing, &wire::closed(thing.request)).await?;
        }
        return Ok(());
    }
    if state.merged {
        return Err(SinkError::Refused(
            "the pull request was merged: the fix must be made anew".to_owned(),
        ));
    }
    if state.word != "open" {
        bring_state(hub, thing, &wire::reopened()).await?;
    }
    note(hub, thing, why).await
}

/// Whether a thing is open, or else whether it is closed.
pub(super) async fn stands(hub: &Hub, thing: &Thing, open: bool) -> Result<bool, SinkError> {
    Ok(state(hub, thing).await?.word == if open { "open" } else { "closed" })
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

async fn bring_state(hub: &Hub, thing: &Thing, body: &Value) -> Result<(), SinkError> {
    hub.send(&Call::patch(&thing.api(), right(thing), body)).await.map(|_| ())
}
