//! How an issue stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_deliver::outbox::Remote;
use serde_json::Value;

use super::super::client::{Call, segment};
use super::look::text_of;
use super::{BROWSE, Jira, account, act};
use crate::{Field, Gone, Phase, SinkError, Standing};

const ASKED: &str = "summary,description,duedate,priority,assignee,status,resolution,created,\
                     creator,archiveddate";

/// Reads an issue by its id, wherever it was moved to.
pub(in super::super) async fn read(jira: &Jira, remote: &Remote) -> Result<Standing, SinkError> {
    let id = segment(&remote.id)?;
    let call = Call::get(jira.path(&format!("issue/{id}?fields={ASKED}&expand=changelog")));
    let issue = match jira.site.ask(&call, BROWSE).await {
        Ok(issue) => issue,
        Err(SinkError::Gone(_)) => return Ok(gone(remote, Gone::Deleted)),
        Err(SinkError::Refused(said)) if said.to_lowercase().contains("archived") => {
            return Ok(gone(remote, Gone::Archived));
        }
        Err(error) => return Err(error),
    };
    let me = jira.me().await?;
    let at = |path: &str| issue.pointer(path).and_then(Value::as_str);
    let category = at("/fields/status/statusCategory/key")
        .ok_or_else(|| SinkError::shape("$.fields.status.statusCategory.key", "is missing"))?;
    let resolution = at("/fields/resolution/name").map(str::to_owned);
    let declined = resolution.as_deref().is_some_and(|name| jira.settings.is_declined(name));
    let phase = match category {
        "done" if declined => Phase::Declined,
        "done" => Phase::Done,
        "indeterminate" => Phase::Begun,
        // A category that nobody knows counts as open.
        _ => Phase::New,
    };
    let (phase_at, who) = changed(&issue);
    let archived = at("/fields/archiveddate").is_some();
    Ok(Standing {
        remote: act::remote(jira, &issue)?,
        phase,
        phase_at,
        phase_by_us: who == Some(me.as_str()),
        resolution,
        fields: fields(&issue),
        gone: if archived { Gone::Archived } else { Gone::No },
    })
}

/// An issue that is not there, or cannot be changed any more.
fn gone(remote: &Remote, gone: Gone) -> Standing {
    Standing {
        remote: remote.clone(),
        phase: Phase::New,
        phase_at: None,
        phase_by_us: false,
        resolution: None,
        fields: BTreeMap::new(),
        gone,
    }
}

/// When an issue's status changed last, and by whom; without a change, when and by whom it was made.
fn changed(issue: &Value) -> (Option<Timestamp>, Option<&str>) {
    let histories = issue.pointer("/changelog/histories").and_then(Value::as_array);
    let is_status = |history: &&Value| {
        let items = history.get("items").and_then(Value::as_array).into_iter().flatten();
        items.into_iter().any(|item| item.get("field").and_then(Value::as_str) == Some("status"))
    };
    let created = |value: &Value| value.get("created").and_then(Value::as_str).and_then(time);
    // Cloud tells the latest first, Data Center the first.
    let latest = histories.into_iter().flatten().filter(is_status).max_by_key(|one| created(one));
    match latest {
        Some(history) => (created(history), history.get("author").and_then(account)),
        None => {
            let made = issue.pointer("/fields/created").and_then(Value::as_str).and_then(time);
            (made, issue.pointer("/fields/creator").and_then(account))
        }
    }
}

/// Reads Jira's times, which have no colon in their offset.
fn time(text: &str) -> Option<Timestamp> {
    let read = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok();
    read.or_else(|| quell_model::parse_timestamp(text))
}

fn fields(issue: &Value) -> BTreeMap<Field, String> {
    let at = |path: &str| issue.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let assignee = issue.pointer("/fields/assignee").and_then(account).map(str::to_owned);
    let body = issue.pointer("/fields/description").filter(|body| !body.is_null()).map(text_of);
    let all = [
        (Field::Title, at("/fields/summary")),
        (Field::Body, body),
        (Field::Due, at("/fields/duedate")),
        (Field::Priority, at("/fields/priority/name")),
        (Field::Assignee, assignee),
    ];
    all.into_iter().filter_map(|(field, text)| Some((field, text?))).collect()
}
