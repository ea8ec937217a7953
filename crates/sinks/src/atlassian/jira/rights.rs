//! What the login may do, and what the project asks for.

use serde_json::Value;

use super::super::client::Call;
use super::settings::Settings;
use super::{ATTACH, BROWSE, COMMENT, CREATE, EDIT, Jira, LINK, TRANSITION};
use crate::{Right, RightState, SinkError};

const WANTED: [(&str, &str); 7] = [
    (BROWSE, "reads issues of the project"),
    (CREATE, "makes issues"),
    (EDIT, "brings issues up to date"),
    (COMMENT, "comments on issues"),
    (TRANSITION, "closes issues and opens them again"),
    (ATTACH, "attaches evidence and fixes"),
    (LINK, "links issues to Quell's page"),
];
/// Fields that Quell sets itself, so that a screen may ask for them.
const OURS: [&str; 8] =
    ["summary", "description", "project", "issuetype", "labels", "priority", "duedate", "reporter"];
/// Fields asked for at once.
const MOST_FIELDS: usize = 200;

/// Looks at the rights and at the screen for new issues.
pub(in super::super) async fn rights(jira: &Jira) -> Result<Vec<Right>, SinkError> {
    jira.me().await?;
    let mut rights = permissions(jira).await?;
    if rights.iter().any(|right| right.name == CREATE && right.state == RightState::Held) {
        rights.extend(screen(jira).await?);
    }
    Ok(rights)
}

pub(in super::super) async fn permissions(jira: &Jira) -> Result<Vec<Right>, SinkError> {
    let names: Vec<&str> = WANTED.iter().map(|(name, _)| *name).collect();
    let query = format!("projectKey={}&permissions={}", jira.settings.project, names.join(","));
    let call = Call::get(jira.path(&format!("mypermissions?{query}")));
    let answer = match jira.site.ask(&call, BROWSE).await {
        Err(SinkError::Gone(said)) => {
            let project = &jira.settings.project;
            let why = format!("`{project}` is not there, or the login may not see it: {said}");
            return Err(SinkError::Setting { name: "project", why });
        }
        other => other?,
    };
    let state = |name: &str| {
        let held = answer.get("permissions").and_then(|all| all.get(name)?.get("havePermission"));
        match held.and_then(Value::as_bool) {
            Some(true) => RightState::Held,
            Some(false) => RightState::Missing,
            None => RightState::Unknown,
        }
    };
    Ok(WANTED.iter().map(|(name, purpose)| right(name, purpose, state(name))).collect())
}

/// What the screen for new issues asks for and what it does not have.
async fn screen(jira: &Jira) -> Result<Vec<Right>, SinkError> {
    let base = format!("issue/createmeta/{}/issuetypes", jira.settings.project);
    let most = format!("maxResults={MOST_FIELDS}");
    let call = Call::get(jira.path(&format!("{base}?{most}")));
    let types = jira.site.ask(&call, CREATE).await?;
    let wanted = &jira.settings.issue_type;
    let is_wanted = |one: &&Value| {
        ["id", "name"].iter().any(|name| one.get(name).and_then(Value::as_str) == Some(wanted))
    };
    let Some(found) = listed(&types, "issueTypes").find(is_wanted) else {
        let known: Vec<&str> =
            listed(&types, "issueTypes").filter_map(|one| one.get("name")?.as_str()).collect();
        let why = format!("is no type of the project; there are: {}", known.join(", "));
        return Err(SinkError::Setting { name: "issue_type", why });
    };
    let id = found.get("id").and_then(Value::as_str).unwrap_or_default();
    let id = super::super::client::segment(id)?;
    let call = Call::get(jira.path(&format!("{base}/{id}?{most}")));
    let answer = jira.site.ask(&call, CREATE).await?;
    Ok(judged(&jira.settings, &listed(&answer, "fields").collect::<Vec<_>>()))
}

/// Cloud names its lists, Data Center calls all of them `values`.
fn listed<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = answer.get(name).or_else(|| answer.get("values"));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// Fields that are asked for and not set, and fields that are set and not there.
fn judged(settings: &Settings, fields: &[&Value]) -> Vec<Right> {
    let id = |field: &Value| {
        let id = field.get("fieldId").or_else(|| field.get("key"));
        id.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut rights = Vec::new();
    for field in fields {
        let flag = |name: &str| field.get(name).and_then(Value::as_bool).unwrap_or_default();
        let id = id(field);
        let is_set = OURS.contains(&id.as_str()) || settings.fields.contains_key(&id);
        if flag("required") && !flag("hasDefaultValue") && !is_set {
            let title = field.get("name").and_then(Value::as_str).unwrap_or_default();
            let purpose =
                format!("the project asks for `{title}`; set `field.{id}` in the options");
            rights.push(right(&format!("field {id}"), &purpose, RightState::Missing));
        }
    }
    for (name, purpose) in [
        ("labels", "issues are found again by a label; put the field on the screen for new issues"),
        ("priority", "is left out of new issues, since their screen has no such field"),
        ("duedate", "is left out of new issues, since their screen has no such field"),
    ] {
        if !fields.iter().any(|field| id(field) == name) {
            rights.push(right(&format!("field {name}"), purpose, RightState::Missing));
        }
    }
    rights
}

fn right(name: &str, purpose: &str, state: RightState) -> Right {
    Right { name: name.to_owned(), purpose: purpose.to_owned(), state }
}
