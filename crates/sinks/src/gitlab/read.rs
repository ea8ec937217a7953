//! How things stand, and what the login may do.

use std::collections::BTreeMap;

use quell_deliver::outbox::Remote;
use serde_json::Value;

use super::Lab;
use super::place::{Project, Thing};
use crate::forge::call::Api as _;
use crate::forge::read::{at, gone, is, time};
use crate::forge::{Repository as _, decoded, part, path_fits};
use crate::{CodeStanding, Field, Gone, Phase, Right, RightState, SinkError, Standing, TextAt};

const READ: &str = "Reporter, scope `read_api`";
/// The level of a developer.
const DEVELOPER: u64 = 30;

/// How a thing stands.
pub(super) async fn standing(lab: &Lab, remote: &Remote) -> Result<Standing, SinkError> {
    let thing = Thing::of(remote)?;
    let Some(now) = lab.get_if_there(&thing.api(), READ).await? else {
        return gone(lab, &thing, remote, READ).await;
    };
    let me = lab.me().await?;
    let state = at(&now, "/state").unwrap_or_default().to_owned();
    let by = match state.as_str() {
        "merged" => at(&now, "/merge_user/username").or_else(|| at(&now, "/merged_by/username")),
        _ => at(&now, "/closed_by/username"),
    };
    let phase = match state.as_str() {
        "merged" => Phase::Done,
        "closed" if thing.request => Phase::Declined,
        "closed" => Phase::Done,
        _ if begun(&now, thing.request) => Phase::Begun,
        _ => Phase::New,
    };
    let when = match state.as_str() {
        "merged" => "/merged_at",
        "closed" => "/closed_at",
        _ => "/created_at",
    };
    let ended = matches!(state.as_str(), "merged" | "closed");
    // A project that was moved tells its new path.
    let full = at(&now, "/references/full").and_then(Project::thing).unwrap_or(thing);
    Ok(Standing {
        remote: full.remote(at(&now, "/web_url").map(str::to_owned)),
        phase,
        phase_at: at(&now, when).and_then(time),
        phase_by_us: ended && by == Some(me.as_str()),
        resolution: ended.then_some(state),
        fields: fields(&now),
        // An issue that was moved is closed, and lives on elsewhere.
        gone: match now.get("moved_to_id") {
            None | Some(Value::Null) => Gone::No,
            Some(_) => Gone::Archived,
        },
    })
}

fn begun(now: &Value, merge: bool) -> bool {
    let ready = merge && now.get("draft").and_then(Value::as_bool) == Some(false);
    ready || now.pointer("/assignees/0").is_some()
}

fn fields(now: &Value) -> BTreeMap<Field, String> {
    let assigned = now.get("assignees").and_then(Value::as_array).into_iter().flatten();
    let assigned: Vec<&str> = assigned.filter_map(|user| at(user, "/username")).collect();
    let title = at(now, "/title").unwrap_or_default();
    let mut fields = BTreeMap::from([
        (Field::Title, title.strip_prefix("Draft: ").unwrap_or(title).to_owned()),
        (Field::Body, at(now, "/description").unwrap_or_default().replace("\r\n", "\n")),
        (Field::Assignee, assigned.join(", ")),
    ]);
    if let Some(due) = at(now, "/due_date") {
        fields.insert(Field::Due, due.to_owned());
    }
    fields
}

/// How a merge request's code stands.
pub(super) async fn code(lab: &Lab, remote: &Remote) -> Result<Option<CodeStanding>, SinkError> {
    let thing = Thing::of(remote)?;
    if !thing.request {
        return Ok(None);
    }
    let now = lab.get(&thing.api(), READ).await?;
    let owned = |pointer: &str| at(&now, pointer).map(str::to_owned);
    let mergeable = match at(&now, "/detailed_merge_status").unwrap_or_default() {
        // GitLab has not found out yet.
        "" | "unchecked" | "checking" | "preparing" | "approvals_syncing" => None,
        "conflict" | "need_rebase" | "broken_status" => Some(false),
        // All else is a rule of the project's or a person's to say, the draft among them.
        _ => Some(now.get("has_conflicts").and_then(Value::as_bool) != Some(true)),
    };
    let merged_by = owned("/merge_user/username").or_else(|| owned("/merged_by/username"));
    Ok(Some(CodeStanding {
        branch: owned("/source_branch").unwrap_or_default(),
        head: owned("/sha").unwrap_or_default(),
        draft: is(&now, "/draft"),
        mergeable,
        merged_at: at(&now, "/merged_at").and_then(time),
        merged_by,
        merge_commit: owned("/merge_commit_sha").or_else(|| owned("/squash_commit_sha")),
    }))
}

/// The text of a file.
pub(super) async fn text_at(lab: &Lab, at: &TextAt) -> Result<Option<String>, SinkError> {
    let project = lab.reach.repository(&at.repository)?;
    if !path_fits(&at.path) {
        return Err(SinkError::Refused("that is no path inside a repository".to_owned()));
    }
    let (path, commit) = (part(&at.path), part(&at.commit));
    let path = format!("{}/repository/files/{path}?ref={commit}", project.api());
    let Some(there) = lab.get_if_there(&path, READ).await? else { return Ok(None) };
    decoded(&there).map(Some)
}

/// What the login may do.
pub(super) async fn rights(lab: &Lab) -> Result<Vec<Right>, SinkError> {
    lab.me().await?;
    let mut level = None;
    if let Some(project) = lab.reach.own() {
        let found = lab.get(&project.api(), READ).await?;
        let of = |kind: &str| {
            found.pointer(&format!("/permissions/{kind}/access_level")).and_then(Value::as_u64)
        };
        level = of("project_access").max(of("group_access"));
    }
    let state = |least: u64| match level {
        Some(level) if level >= least => RightState::Held,
        Some(_) => RightState::Missing,
        None => RightState::Unknown,
    };
    let right = |name: &str, purpose: &str, state: RightState| Right {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        state,
    };
    Ok(vec![
        right("Developer", "branches, commits, merge requests", state(DEVELOPER)),
        right("scope `api`", "everything that is written", RightState::Unknown),
    ])
}
