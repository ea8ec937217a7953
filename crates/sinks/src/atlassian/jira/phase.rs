//! Issues closed and opened again: by the category of a status, never by its name.

use quell_deliver::Body;
use serde_json::{Map, Value};

use super::super::client::{Call, segment};
use super::act::note_once;
use super::settings::Settings;
use super::{BROWSE, Jira, TRANSITION, fields};
use crate::{SinkError, Wanted};

/// Categories that a closed issue has.
const DONE: &[&str] = &["done"];
/// Categories that an open issue has, the wanted one first.
const NOT_DONE: &[&str] = &["new", "indeterminate"];

/// Closes an issue and says why. What is so already stays.
pub(in super::super) async fn close(
    jira: &Jira,
    (wanted, body): (&Wanted<'_>, &Body),
) -> Result<(), SinkError> {
    moved(jira, (wanted, body), DONE).await
}

/// Opens an issue again and says why.
pub(in super::super) async fn reopen(
    jira: &Jira,
    (wanted, body): (&Wanted<'_>, &Body),
) -> Result<(), SinkError> {
    moved(jira, (wanted, body), NOT_DONE).await
}

/// The way is looked for before anything is said, so that a workflow without one has no comment
/// for each attempt.
async fn moved(
    jira: &Jira,
    (wanted, body): (&Wanted<'_>, &Body),
    categories: &[&str],
) -> Result<(), SinkError> {
    let id = segment(&wanted.remote()?.id)?;
    let is_there = is_done(jira, id).await? == (categories == DONE);
    let way = if is_there { None } else { Some(way(jira, id, categories).await?) };
    note_once(jira, (id, wanted.key), body).await?;
    if let Some(Way { transition, fields }) = way {
        let call = fields::transition(&jira.settings, id, &transition, fields);
        jira.site.tell(&call, TRANSITION).await?;
    }
    Ok(())
}

/// Whether an issue's status is of the category that means done.
pub(super) async fn is_done(jira: &Jira, id: &str) -> Result<bool, SinkError> {
    let call = Call::get(jira.path(&format!("issue/{id}?fields=status")));
    let answer = jira.site.ask(&call, BROWSE).await?;
    let category = answer.pointer("/fields/status/statusCategory/key").and_then(Value::as_str);
    let path = "$.fields.status.statusCategory.key";
    Ok(category.ok_or_else(|| SinkError::shape(path, "is missing"))? == "done")
}

/// A transition, and what its screen asks for.
struct Way {
    transition: String,
    fields: Map<String, Value>,
}

async fn way(jira: &Jira, id: &str, categories: &[&str]) -> Result<Way, SinkError> {
    let query = "expand=transitions.fields";
    let call = Call::get(jira.path(&format!("issue/{id}/transitions?{query}")));
    let answer = jira.site.ask(&call, TRANSITION).await?;
    let all = answer.get("transitions").and_then(Value::as_array);
    let all = all.ok_or_else(|| SinkError::shape("$.transitions", "is no list"))?;
    let leads_to = |category: &str, one: &&Value| {
        one.pointer("/to/statusCategory/key").and_then(Value::as_str) == Some(category)
    };
    let fitting = categories
        .iter()
        .flat_map(|category| all.iter().filter(move |one| leads_to(category, one)));
    let mut why = None;
    for transition in fitting {
        match asked(&jira.settings, transition) {
            Ok(fields) => {
                let id = transition.get("id").and_then(Value::as_str);
                let id = id.ok_or_else(|| SinkError::shape("$.transitions[].id", "is missing"))?;
                return Ok(Way { transition: id.to_owned(), fields });
            }
            Err(said) => why = why.or(Some(said)),
        }
    }
    Err(SinkError::Refused(why.unwrap_or_else(|| no_way(all, categories))))
}

/// What is said where no transition leads there.
fn no_way(all: &[Value], categories: &[&str]) -> String {
    let name = |one: &Value| one.get("name").and_then(Value::as_str).map(shown);
    let names: Vec<String> = all.iter().filter_map(name).collect();
    let wanted = if categories == DONE { "done" } else { "to do or in progress" };
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!(
        "the workflow has no transition from here to a status of the category {wanted} that the \
         login may use (there are: {there}); move the issue by hand, or add one"
    )
}

/// What the screen of a transition asks for: the resolution that it allows, and what the
/// configuration says for other fields.
fn asked(settings: &Settings, transition: &Value) -> Result<Map<String, Value>, String> {
    let name = transition.get("name").and_then(Value::as_str).map(shown).unwrap_or_default();
    let mut filled = Map::new();
    let fields = transition.get("fields").and_then(Value::as_object);
    for (field, about) in fields.into_iter().flatten() {
        let flag = |flag: &str| about.get(flag).and_then(Value::as_bool).unwrap_or_default();
        let title = about.get("name").and_then(Value::as_str).map(shown).unwrap_or_default();
        if field == "resolution" {
            let allowed = about.get("allowedValues").and_then(Value::as_array);
            let allowed = allowed.map_or(&[][..], Vec::as_slice);
            match settings.resolution_of(allowed).and_then(|one| one.get("id")) {
                Some(id) => filled.insert(field.clone(), serde_json::json!({"id": id})),
                None if flag("required") => {
                    return Err(format!(
                        "the transition `{name}` asks for a resolution, and none that it allows \
                         means done; name one as `resolution`, or add one in Jira"
                    ));
                }
                None => None,
            };
            continue;
        }
        if let Some(value) = settings.fields.get(field) {
            filled.insert(field.clone(), value.clone());
        } else if flag("required") && !flag("hasDefaultValue") {
            return Err(format!(
                "the transition `{name}` asks for `{title}`; set `field.{field}` in the options"
            ));
        }
    }
    Ok(filled)
}

fn shown(text: &str) -> String {
    quell_model::shown(text, false).chars().take(80).collect()
}
