//! Searches, which do not know yet what is new.

use serde_json::{Value, json};

use super::{Answered, Kept, answer, body, refused};
use crate::net::Asked;

/// What is searched for.
enum Question<'a> {
    Label(&'a str),
    Text(&'a str),
}

/// Reads the two questions that sinks put, both for the oldest first.
fn question<'a>(jql: &'a str, project: &str) -> Option<Question<'a>> {
    let jql = jql.strip_suffix("\" ORDER BY created ASC")?;
    let text = format!("project = \"{project}\" AND description ~ \"");
    let label = jql.strip_prefix("labels = \"").map(Question::Label);
    label.or_else(|| jql.strip_prefix(text.as_str()).map(Question::Text))
}

/// Answers a search.
pub(super) fn search(kept: &mut Kept, asked: &Asked) -> Answered {
    let asked = body(asked)?;
    let jql = asked.get("jql").and_then(Value::as_str).unwrap_or_default();
    let Some(question) = question(jql, &kept.settings.project) else {
        return Err(refused(400, &["Unbounded JQL queries are not allowed here."], &json!({})));
    };
    kept.need("BROWSE_PROJECTS")?;
    let mut found = Vec::new();
    for issue in kept.issues.values_mut().filter(|issue| !issue.gone) {
        let fits = match question {
            Question::Label(label) => issue.labels().contains(&label),
            Question::Text(text) => {
                issue.fields.get("description").is_some_and(|all| all.to_string().contains(text))
            }
        };
        if issue.unseen > 0 {
            issue.unseen -= 1;
        } else if issue.created > kept.indexed_to {
            // The index does not have it yet.
        } else if fits {
            found.push(issue.told());
        }
    }
    Ok(answer(&json!({"issues": found, "isLast": true})))
}
