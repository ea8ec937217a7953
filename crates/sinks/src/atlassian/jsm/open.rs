//! Requests made, and what the service desk asks for.

use quell_deliver::outbox::Remote;
use quell_deliver::{Letter, Line};
use serde_json::{Map, Value, json};

use super::super::client::{Call, Failed, segment};
use super::super::jira::fields::{self, DESK, Left, PROPERTY};
use super::super::jira::settings::Edition;
use super::super::jira::{self, EDIT, Jira};
use super::Jsm;
use crate::{Right, RightState, SinkError};

/// What an agent of a service desk is, in its own words.
const AGENT: &str = "Service Desk agent";

/// All calls by which a request is made.
pub(super) fn calls(jsm: &Jsm, letter: &Letter) -> Vec<Call> {
    let issue = jira::act::ISSUE;
    let mut calls = vec![create(jsm, letter)];
    calls.extend([after(&jsm.jira, issue, letter, &[]), property(&jsm.jira, issue, letter)]);
    calls.extend(jira::act::beside(&jsm.jira, issue, letter));
    calls
}

/// Makes a request, with the fields that its type has for certain.
fn create(jsm: &Jsm, letter: &Letter) -> Call {
    let settings = &jsm.jira.settings;
    let mut values = Map::new();
    values.insert("summary".to_owned(), fields::summary(&letter.title).into());
    let tail = fields::tail(settings, letter, &[]);
    values.insert("description".to_owned(), fields::rendered(settings, &letter.body, &tail));
    values.extend(settings.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut body = json!({
        "serviceDeskId": jsm.desk.id,
        "requestTypeId": jsm.desk.request_type,
        "requestFieldValues": values,
    });
    if let Some(body) = body.as_object_mut() {
        if settings.edition == Edition::Cloud {
            body.insert("isAdfRequest".to_owned(), true.into());
        }
        if let Some(customer) = &jsm.desk.customer {
            body.insert("raiseOnBehalfOf".to_owned(), customer.clone().into());
        }
    }
    Call::post(format!("{DESK}/request"), body)
}

/// Sets on the issue what its type of request may not have.
fn after(jira: &Jira, id: &str, letter: &Letter, left: &[Left]) -> Call {
    let settings = &jira.settings;
    let mut set = Map::new();
    if let Some(due) = letter.due {
        let date = due.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        set.insert("duedate".to_owned(), date.into());
    }
    if let Some(priority) = settings.priority(letter.severity) {
        set.insert("priority".to_owned(), json!({"name": priority}));
    }
    if let Some(assignee) = settings.assignee(letter) {
        set.insert("assignee".to_owned(), assignee);
    }
    for Left { field, .. } in left {
        set.remove(field);
    }
    let labels = fields::labels(letter).into_iter().map(|label| json!({"add": label}));
    let labels: Vec<Value> = labels.collect();
    Call::put(
        jira.path(&format!("issue/{id}")),
        json!({"fields": set, "update": {"labels": labels}}),
    )
}

/// Says on the issue whose it is.
fn property(jira: &Jira, id: &str, letter: &Letter) -> Call {
    let path = jira.path(&format!("issue/{id}/properties/{PROPERTY}"));
    Call::put(path, json!({"key": letter.key.as_str()}))
}

/// Makes a request. It is there once it is made; what follows is told in it where it fails.
pub(super) async fn open(jsm: &Jsm, letter: &Letter) -> Result<Remote, SinkError> {
    let jira = &jsm.jira;
    let made = jira.site.tell(&create(jsm, letter), jira::CREATE).await;
    let made = made.map_err(|error| {
        let SinkError::Gone(said) = error else { return error };
        SinkError::Refused(format!("is `desk` right, and `request_type`? Jira says: {said}"))
    })?;
    let issue = json!({"id": made.get("issueId"), "key": made.get("issueKey")});
    let remote = jira::act::remote(jira, &issue)?;
    let id = segment(&remote.id)?;
    let mut failed = Vec::new();
    if let Err(error) = marked(jira, id, letter).await {
        failed.push(Line::own("Labels, date and priority: ").and_data(error.to_string()));
    }
    jira::act::complete(jira, &remote, (letter, failed)).await;
    Ok(remote)
}

/// Sets what its type may not have. What the issue's screen does not have either stays unset.
async fn marked(jira: &Jira, id: &str, letter: &Letter) -> Result<(), SinkError> {
    if let Err(Failed { error, fields }) =
        jira.site.try_to_tell(&after(jira, id, letter, &[]), EDIT).await
    {
        let left = fields::can_do_without(&fields).ok_or(error)?;
        jira.site.tell(&after(jira, id, letter, &left), EDIT).await?;
    }
    jira.site.tell(&property(jira, id, letter), EDIT).await?;
    Ok(())
}

/// What the login may do, and what the type of requests asks for.
pub(super) async fn rights(jsm: &Jsm) -> Result<Vec<Right>, SinkError> {
    let jira = &jsm.jira;
    jira.me().await?;
    let mut rights = jira::rights::permissions(jira).await?;
    let path = format!("{DESK}/servicedesk/{}", jsm.desk.id);
    let setting = |name, why: String| SinkError::Setting { name, why };
    let asked = |error: SinkError, name: &'static str| {
        let SinkError::Gone(said) = error else { return error };
        setting(name, format!("is not there, or the login may not see it: {said}"))
    };
    let desk = jira.site.ask(&Call::get(path.as_str()), AGENT).await;
    let desk = desk.map_err(|error| asked(error, "desk"))?;
    let project = desk.get("projectKey").and_then(Value::as_str).unwrap_or_default();
    if project != jira.settings.project {
        return Err(setting("desk", format!("is a service desk of the project `{project}`")));
    }
    let call = Call::get(format!("{path}/requesttype/{}/field", jsm.desk.request_type));
    let answer = jira.site.ask(&call, AGENT).await.map_err(|error| asked(error, "request_type"))?;
    let fields = answer.get("requestTypeFields").and_then(Value::as_array).into_iter().flatten();
    for field in fields {
        let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("fieldId");
        let required = field.get("required").and_then(Value::as_bool).unwrap_or_default();
        let is_set =
            ["summary", "description"].contains(&id) || jira.settings.fields.contains_key(id);
        if required && !is_set {
            let purpose = format!(
                "the request type asks for `{}`; set `field.{id}` in the options",
                text("name")
            );
            let name = format!("field {id}");
            rights.push(Right { name, purpose, state: RightState::Missing });
        }
    }
    Ok(rights)
}
