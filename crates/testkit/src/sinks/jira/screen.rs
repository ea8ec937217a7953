//! What fields have to look like.

use serde_json::{Map, Value, json};

use super::{JiraSettings, refused};
use crate::net::Answer;

/// Fields that new issues always have.
const ALWAYS: [&str; 4] = ["project", "issuetype", "summary", "description"];
/// Longest text of a field.
const MOST: usize = 32_767;

/// Refuses fields that the screen does not have, that are missing or not as they should be.
pub(super) fn new_issue(
    settings: &JiraSettings,
    fields: &Map<String, Value>,
) -> Result<(), Answer> {
    let mut wrong = Map::new();
    if settings.archived {
        return Err(refused(400, &["The project is archived."], &json!({})));
    }
    let project = fields.get("project").and_then(|project| project.get("key"));
    if project.and_then(Value::as_str) != Some(&settings.project) {
        wrong.insert("project".to_owned(), "valid project is required".into());
    }
    for name in fields.keys() {
        let known = ALWAYS.contains(&name.as_str())
            || settings.screen.contains(name.as_str())
            || settings.required.contains_key(name.as_str());
        if !known {
            let said = format!(
                "Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
            );
            wrong.insert(name.clone(), said.into());
        }
    }
    for (name, title) in &settings.required {
        if !fields.contains_key(*name) {
            wrong.insert((*name).to_owned(), format!("{title} is required.").into());
        }
    }
    values(settings, fields, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(refused(400, &[], &wrong.into())) }
}

/// Refuses values that cannot be.
pub(super) fn values(
    settings: &JiraSettings,
    fields: &Map<String, Value>,
    wrong: &mut Map<String, Value>,
) {
    let at = |field: &str, name: &str| fields.get(field)?.get(name)?.as_str();
    if let Some(name) = at("priority", "name")
        && !settings.priorities.contains(&name)
    {
        wrong.insert("priority".to_owned(), "The priority selected is invalid.".into());
    }
    let assignee = at("assignee", "accountId").or_else(|| at("assignee", "name"));
    if assignee.is_some_and(|who| !settings.people.contains(who)) {
        let said = "User cannot be assigned issues.";
        wrong.insert("assignee".to_owned(), said.into());
    }
    if let Some(text) = fields.get("description")
        && let Err(said) = markup(settings, text)
    {
        wrong.insert("description".to_owned(), said.into());
    }
}

/// Refuses texts of the wrong kind, and documents that Jira would not take.
pub(super) fn markup(settings: &JiraSettings, text: &Value) -> Result<(), String> {
    if settings.data_center {
        let units = text.as_str().map(|text| text.encode_utf16().count());
        let units = units.ok_or_else(|| "Operation value must be a string".to_owned())?;
        return if units > MOST { Err(too_long()) } else { Ok(()) };
    }
    if !text.is_object() {
        return Err("Operation value must be an Atlassian Document".to_owned());
    }
    let mut waiting = vec![(text, 0)];
    let mut units = 0;
    while let Some((node, depth)) = waiting.pop() {
        let words = node.get("text").and_then(Value::as_str);
        if words.is_some_and(str::is_empty) || depth > 20 || node.get("type").is_none() {
            return Err("INVALID_INPUT".to_owned());
        }
        units += words.map_or(0, |words| words.encode_utf16().count());
        let inner = node.get("content").and_then(Value::as_array).into_iter().flatten();
        waiting.extend(inner.map(|inner| (inner, depth + 1)));
    }
    if units > MOST { Err(too_long()) } else { Ok(()) }
}

fn too_long() -> String {
    "The entered text is too long. It exceeds the allowed limit of 32,767 characters. (CONTENT_LIMIT_EXCEEDED)".to_owned()
}
