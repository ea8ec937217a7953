//! Issues, and what merge requests have in common with them: notes and states.

use quell_deliver::outbox::Remote;
use quell_deliver::{Body, Key, Letter};
use serde_json::Value;

use super::place::{Project, Thing};
use super::{Lab, files, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::{Notes, draft, items, note};
use crate::forge::{Forge as _, Repository as _, bears, part};
use crate::{Draft, SinkError};

pub(super) const REPORTER: &str = "Reporter, scope `api`";

pub(super) fn draft_of_new(project: &Project, letter: &Letter) -> Draft {
    draft("POST", format!("{}/issues", project.api()), &wire::issue(letter))
}

pub(super) fn draft_of_text(thing: &Thing, letter: &Letter) -> Draft {
    draft("PUT", thing.api(), &wire::text(letter, thing.request))
}

pub(super) fn draft_of_state(thing: &Thing, close: bool) -> Draft {
    draft("PUT", thing.api(), &wire::state(close))
}

/// Where notes stand.
pub(super) fn notes(thing: &Thing) -> Notes {
    Notes {
        path: format!("{}/notes", thing.api()),
        order: "sort=desc&order_by=created_at&",
        read: REPORTER,
        write: REPORTER,
        most: wire::MOST_TEXT,
    }
}

/// Makes the issue, or takes the one that is there, with its files.
pub(super) async fn open(lab: &Lab, letter: &Letter) -> Result<Remote, SinkError> {
    let project = lab.reach().project()?;
    let remote = match find(lab, &letter.key).await? {
        Some(remote) => remote,
        None => {
            let path = format!("{}/issues", project.api());
            let made = lab.ask(&Call::post(&path, REPORTER, &wire::issue(letter))).await?;
            remote_of(project, &made, false)?
        }
    };
    files::complete(lab, &remote, letter).await;
    Ok(remote)
}

/// Writes title and text anew, adds labels, and the files that are not there yet.
pub(super) async fn edit(lab: &Lab, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    let body = wire::text(letter, false);
    lab.send(&Call::put(&thing.api(), REPORTER, &body)).await?;
    files::attach_missing(lab, thing, letter).await
}

/// The issue of a key that Quell's own login made; of several the oldest.
pub(super) async fn find(lab: &Lab, key: &Key) -> Result<Option<Remote>, SinkError> {
    let project = lab.reach().project()?;
    let me = lab.me().await?;
    let path = format!(
        "{}/issues?search={}&author_username={}&order_by=created_at&sort=asc",
        project.api(),
        part(&key.mark()),
        part(&me)
    );
    let listed = items(lab.get(&path, REPORTER).await?);
    let text = |issue: &Value| {
        issue.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let ours = listed.iter().filter(|issue| bears(&text(issue), key));
    let number = |issue: &&Value| issue.get("iid").and_then(Value::as_u64).unwrap_or(u64::MAX);
    ours.min_by_key(number).map(|issue| remote_of(project, issue, false)).transpose()
}

pub(super) fn remote_of(
    project: &Project,
    made: &Value,
    request: bool,
) -> Result<Remote, SinkError> {
    let number = made.get("iid").and_then(Value::as_u64);
    let number = number.ok_or_else(|| SinkError::shape("$.iid", "is missing"))?;
    let url = made.get("web_url").and_then(Value::as_str).map(str::to_owned);
    // A project may be named by its number; webhooks and people name it by its path.
    let full = made.pointer("/references/full").and_then(Value::as_str).and_then(Project::thing);
    let full = full.filter(|thing| thing.number == number && thing.request == request);
    let thing = full.unwrap_or_else(|| Thing { repository: project.clone(), number, request });
    Ok(thing.remote(url))
}

/// Says why, and closes what is open or opens what is closed. What was merged stays merged.
pub(super) async fn set(
    lab: &Lab,
    thing: &Thing,
    why: (&Body, &Key),
    close: bool,
) -> Result<(), SinkError> {
    let state = state(lab, thing).await?;
    if !close && state == "merged" {
        return Err(SinkError::Refused(
            "the merge request was merged: the fix must be made anew".to_owned(),
        ));
    }
    if close == (state == "opened") {
        let body = wire::state(close);
        lab.send(&Call::put(&thing.api(), REPORTER, &body)).await?;
    }
    note(lab, thing, why).await
}

async fn state(lab: &Lab, thing: &Thing) -> Result<String, SinkError> {
    let now = lab.get(&thing.api(), REPORTER).await?;
    let state = now.get("state").and_then(Value::as_str);
    state.map(str::to_owned).ok_or_else(|| SinkError::shape("$.state", "is missing"))
}

/// Whether a thing is open, or else whether it is not.
pub(super) async fn stands(lab: &Lab, thing: &Thing, open: bool) -> Result<bool, SinkError> {
    Ok((state(lab, thing).await? == "opened") == open)
}
