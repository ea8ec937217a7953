//! Issues, and what merge requests have in common with them: notes and states.

use quell_deliver::outbox::Remote;
use quell_deliver::{Body, Key, Letter};
use serde_json::Value;

use super::call::Call;
use super::place::{Project, Thing, part};
use super::{Lab, draft, wire};
use crate::forge::bears;
use crate::{Draft, SinkError, Wanted};

pub(super) const REPORTER: &str = "Reporter, scope `api`";
/// Pages of notes that are looked through.
const MOST_PAGES: u32 = 20;
const PAGE: usize = 100;

pub(super) fn draft_of_new(project: &Project, letter: &Letter) -> Draft {
    draft("POST", format!("{}/issues", project.api()), &wire::issue(letter))
}

pub(super) fn draft_of_text(thing: &Thing, letter: &Letter) -> Draft {
    draft("PUT", thing.api(), &wire::text(letter, thing.merge))
}

pub(super) fn draft_of_note(thing: &Thing, body: &Body, key: &Key) -> Draft {
    draft("POST", format!("{}/notes", thing.api()), &wire::note(body, key))
}

pub(super) fn drafts_of_state(
    thing: &Thing,
    (body, key): (&Body, &Key),
    close: bool,
) -> Vec<Draft> {
    vec![draft_of_note(thing, body, key), draft("PUT", thing.api(), &wire::state(close))]
}

/// Makes the issue, or takes the one that is there.
pub(super) async fn open(lab: &Lab, letter: &Letter) -> Result<Remote, SinkError> {
    let project = lab.project()?;
    if let Some(remote) = find(lab, &letter.key).await? {
        return Ok(remote);
    }
    let path = format!("{}/issues", project.api());
    let made = lab.ask(&Call::post(&path, REPORTER, &wire::issue(letter))).await?;
    remote_of(project, &made, false)
}

/// Writes title and text anew, and adds labels.
pub(super) async fn edit(lab: &Lab, thing: &Thing, letter: &Letter) -> Result<(), SinkError> {
    let body = wire::text(letter, false);
    lab.send(&Call::put(&thing.api(), REPORTER, &body)).await.map(|_| ())
}

/// The issue of a key that Quell's own login made; of several the oldest.
pub(super) async fn find(lab: &Lab, key: &Key) -> Result<Option<Remote>, SinkError> {
    let project = lab.project()?;
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

pub(super) fn items(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

pub(super) fn remote_of(project: &Project, made: &Value, merge: bool) -> Result<Remote, SinkError> {
    let number = made.get("iid").and_then(Value::as_u64);
    let number = number.ok_or_else(|| SinkError::shape("$.iid", "is missing"))?;
    let url = made.get("web_url").and_then(Value::as_str).map(str::to_owned);
    // A project may be named by its number; webhooks and people name it by its path.
    let full = made.pointer("/references/full").and_then(Value::as_str).and_then(Thing::read);
    let full = full.filter(|thing| thing.number == number && thing.merge == merge);
    let thing = full.unwrap_or_else(|| Thing { project: project.clone(), number, merge });
    Ok(thing.remote(url))
}

/// Says something, once.
pub(super) async fn note(
    lab: &Lab,
    thing: &Thing,
    (body, key): (&Body, &Key),
) -> Result<(), SinkError> {
    if has_note(lab, thing, (body, key)).await? {
        return Ok(());
    }
    let path = format!("{}/notes", thing.api());
    lab.send(&Call::post(&path, REPORTER, &wire::note(body, key))).await.map(|_| ())
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

/// Where a note stands and, if one is wanted, a state holds too.
pub(super) async fn find_note(
    lab: &Lab,
    wanted: &Wanted<'_>,
    (body, open): (&Body, Option<bool>),
) -> Result<Option<Remote>, SinkError> {
    let remote = wanted.remote()?;
    let thing = Thing::of(remote)?;
    if !has_note(lab, &thing, (body, wanted.key)).await? {
        return Ok(None);
    }
    let holds = match open {
        Some(open) => (state(lab, &thing).await? == "opened") == open,
        None => true,
    };
    Ok(holds.then(|| remote.clone()))
}

/// Whether this was said already: the mark is there, and the words are the same.
async fn has_note(lab: &Lab, thing: &Thing, (body, key): (&Body, &Key)) -> Result<bool, SinkError> {
    let wanted = wire::note(body, key);
    let wanted = wanted.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_it = |said: &str| bears(said, key) && said.replace("\r\n", "\n").trim() == wanted.trim();
    said(lab, thing, is_it).await
}

/// Whether something with a key was said, whatever its words.
pub(super) async fn bears_note(lab: &Lab, thing: &Thing, key: &Key) -> Result<bool, SinkError> {
    said(lab, thing, |said| bears(said, key)).await
}

async fn said(lab: &Lab, thing: &Thing, is_it: impl Fn(&str) -> bool) -> Result<bool, SinkError> {
    for page in 1..=MOST_PAGES {
        let path = format!(
            "{}/notes?sort=desc&order_by=created_at&per_page={PAGE}&page={page}",
            thing.api()
        );
        let listed = items(lab.get(&path, REPORTER).await?);
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
