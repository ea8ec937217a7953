//! How things stand, and what the login may do.

use std::collections::BTreeMap;

use quell_deliver::outbox::Remote;
use serde_json::Value;

use super::Hub;
use super::login::{Login, held};
use super::place::Thing;
use super::pull::{CONTENTS, PULLS};
use super::ticket::ISSUES;
use crate::forge::call::Api as _;
use crate::forge::read::{at, gone, is, time};
use crate::forge::{Repository as _, decoded, part, path_fits};
use crate::{CodeStanding, Field, Gone, Phase, Right, RightState, SinkError, Standing, TextAt};

/// How a thing stands.
pub(super) async fn standing(hub: &Hub, remote: &Remote) -> Result<Standing, SinkError> {
    let thing = Thing::of(remote)?;
    let Some(issue) = hub.get_if_there(&thing.issue(), "Issues: read").await? else {
        return gone(hub, &thing, remote, "Metadata: read").await;
    };
    let moved = at(&issue, "/html_url").and_then(Thing::at).unwrap_or(thing);
    let pull = match moved.request {
        true => Some(hub.get(&moved.api(), "Pull requests: read").await?),
        false => None,
    };
    let me = hub.me().await?;
    let merged = pull.as_ref().is_some_and(|pull| is(pull, "/merged"));
    let by = if merged {
        pull.as_ref().and_then(|pull| at(pull, "/merged_by/login"))
    } else {
        at(&issue, "/closed_by/login")
    };
    let closed = at(&issue, "/state") == Some("closed");
    let reason = at(&issue, "/state_reason");
    let phase = if merged {
        Phase::Done
    } else if closed {
        let declined = pull.is_some() || matches!(reason, Some("not_planned" | "duplicate"));
        if declined { Phase::Declined } else { Phase::Done }
    } else if begun(&issue, pull.as_ref()) {
        Phase::Begun
    } else {
        Phase::New
    };
    let archived = pull.as_ref().is_some_and(|pull| is(pull, "/base/repo/archived"));
    Ok(Standing {
        remote: moved.remote(at(&issue, "/html_url").map(str::to_owned)),
        phase,
        phase_at: at(&issue, if closed { "/closed_at" } else { "/created_at" }).and_then(time),
        phase_by_us: closed && by == Some(me.as_str()),
        resolution: resolution(merged, closed, reason),
        fields: fields(&issue),
        gone: if archived { Gone::Archived } else { Gone::No },
    })
}

/// A pull request is begun once it is no draft, an issue once somebody has it.
fn begun(issue: &Value, pull: Option<&Value>) -> bool {
    let ready = pull.is_some_and(|pull| !is(pull, "/draft"));
    let assigned = issue.pointer("/assignees/0").is_some();
    ready || assigned
}

fn resolution(merged: bool, closed: bool, reason: Option<&str>) -> Option<String> {
    if merged {
        return Some("merged".to_owned());
    }
    closed.then(|| reason.unwrap_or("closed").to_owned())
}

fn fields(issue: &Value) -> BTreeMap<Field, String> {
    let assigned = issue.get("assignees").and_then(Value::as_array).into_iter().flatten();
    let assigned: Vec<&str> = assigned.filter_map(|user| at(user, "/login")).collect();
    BTreeMap::from([
        (Field::Title, at(issue, "/title").unwrap_or_default().to_owned()),
        (Field::Body, at(issue, "/body").unwrap_or_default().replace("\r\n", "\n")),
        (Field::Assignee, assigned.join(", ")),
    ])
}

/// How a pull request's code stands.
pub(super) async fn code(hub: &Hub, remote: &Remote) -> Result<Option<CodeStanding>, SinkError> {
    let thing = Thing::of(remote)?;
    if !thing.request {
        return Ok(None);
    }
    let pull = hub.get(&thing.api(), "Pull requests: read").await?;
    let owned = |pointer: &str| at(&pull, pointer).map(str::to_owned);
    Ok(Some(CodeStanding {
        branch: owned("/head/ref").unwrap_or_default(),
        head: owned("/head/sha").unwrap_or_default(),
        draft: is(&pull, "/draft"),
        // GitHub has not found out yet where it says `null`.
        mergeable: pull.get("mergeable").and_then(Value::as_bool),
        merged_at: at(&pull, "/merged_at").and_then(time),
        merged_by: owned("/merged_by/login"),
        merge_commit: owned("/merge_commit_sha").filter(|_| is(&pull, "/merged")),
    }))
}

/// The text of a file. What is larger than GitHub tells at once is not read.
pub(super) async fn text_at(hub: &Hub, at: &TextAt) -> Result<Option<String>, SinkError> {
    let repository = hub.reach.repository(&at.repository)?;
    if !path_fits(&at.path) {
        return Err(SinkError::Refused("that is no path inside a repository".to_owned()));
    }
    let parts: Vec<String> = at.path.split('/').map(part).collect();
    let path =
        format!("{}/contents/{}?ref={}", repository.api(), parts.join("/"), part(&at.commit));
    let Some(there) = hub.get_if_there(&path, "Contents: read").await? else { return Ok(None) };
    decoded(&there).map(Some)
}

/// What the login may do.
pub(super) async fn rights(hub: &Hub) -> Result<Vec<Right>, SinkError> {
    hub.me().await?;
    let token = hub.token().await?;
    let mut can_push = None;
    if let Some(project) = hub.reach.own() {
        let found = hub.get(&project.api(), "Metadata: read").await?;
        can_push = found.pointer("/permissions/push").and_then(Value::as_bool);
    }
    let state = |name: &str| match (&token.permissions, can_push) {
        (Some(permissions), _) if held(permissions, name) => RightState::Held,
        (Some(_), _) | (None, Some(false)) => RightState::Missing,
        // What a fine-grained token may do, GitHub tells nobody.
        (None, _) => RightState::Unknown,
    };
    let right = |name: &str, id: &str, purpose: &str| Right {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        state: state(id),
    };
    let mut rights = vec![
        right(CONTENTS, "contents", "branches and commits"),
        right(PULLS, "pull_requests", "pull requests"),
        right(ISSUES, "issues", "issues, labels"),
    ];
    if hub.workflows {
        rights.push(right("Workflows: write", "workflows", "changes of `.github/workflows`"));
    }
    if matches!(hub.login, Login::App { .. }) {
        rights.push(right("Checks: write", "checks", "check runs"));
        rights.push(right("Code scanning alerts: write", "security_events", "SARIF"));
    }
    Ok(rights)
}
