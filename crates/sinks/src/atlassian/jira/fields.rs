//! What is sent: one pure function for each request, used for dry runs too.

use quell_deliver::{Attachment, Body, Key, Letter, Line, Span};
use serde_json::{Map, Value, json};

use super::super::adf;
use super::super::client::Call;
use super::super::cut::{Room, as_shown};
use super::settings::{Edition, Settings};
use crate::common::multipart;

/// Where a service desk's API stands.
pub(in super::super) const DESK: &str = "/rest/servicedeskapi";
/// Longest summary.
const MOST_SUMMARY: usize = 255;
/// The name of the entity property that says whose an issue is.
pub(in super::super) const PROPERTY: &str = "quell";
/// Fields that an issue can do without.
const OPTIONAL: [&str; 3] = ["priority", "assignee", "duedate"];

/// A field that was left out, and what Jira said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Left {
    pub(in super::super) field: String,
    pub(in super::super) said: String,
}

/// Makes an issue. Fields in `left` are left out, and the description says so.
pub(in super::super) fn create(settings: &Settings, letter: &Letter, left: &[Left]) -> Call {
    let mut fields = Map::new();
    fields.insert("project".to_owned(), json!({"key": settings.project}));
    fields.insert("issuetype".to_owned(), settings.type_value());
    fields.insert("labels".to_owned(), labels(letter).into());
    fields.extend(said(settings, letter, left));
    if let Some(priority) = settings.priority(letter.severity) {
        fields.insert("priority".to_owned(), json!({"name": priority}));
    }
    if let Some(assignee) = settings.assignee(letter) {
        fields.insert("assignee".to_owned(), assignee);
    }
    fields.extend(settings.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    for Left { field, .. } in left {
        fields.remove(field);
    }
    let property = json!({"key": PROPERTY, "value": {"key": letter.key.as_str()}});
    let body = json!({"fields": fields, "properties": [property]});
    Call::post(format!("{}/issue", settings.api()), body)
}

/// Brings an issue up to date. Who works on it, its priority and labels of others stay.
pub(in super::super) fn edit(
    settings: &Settings,
    id: &str,
    letter: &Letter,
    left: &[Left],
) -> Call {
    let mut fields = said(settings, letter, left);
    for Left { field, .. } in left {
        fields.remove(field);
    }
    let added: Vec<Value> = labels(letter).into_iter().map(|label| json!({"add": label})).collect();
    let body = json!({"fields": fields, "update": {"labels": added}});
    Call::put(format!("{}/issue/{id}", settings.api()), body)
}

/// Which of the fields that a refusal names an issue can do without. `None` where one of them has
/// to be there.
pub(in super::super) fn can_do_without(named: &[(String, String)]) -> Option<Vec<Left>> {
    let optional = named.iter().all(|(field, _)| OPTIONAL.contains(&field.as_str()));
    let left = named.iter().map(|(field, said)| Left { field: field.clone(), said: said.clone() });
    (optional && !named.is_empty()).then(|| left.collect())
}

/// Title, description and date.
fn said(settings: &Settings, letter: &Letter, left: &[Left]) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("summary".to_owned(), summary(&letter.title).into());
    let tail = tail(settings, letter, left);
    fields.insert("description".to_owned(), rendered(settings, &letter.body, &tail));
    if let Some(due) = letter.due {
        let date = due.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        fields.insert("duedate".to_owned(), date.into());
    }
    fields
}

/// What stands below a description.
pub(in super::super) fn tail(settings: &Settings, letter: &Letter, left: &[Left]) -> Vec<Line> {
    let mut tail = Vec::new();
    if let Some(page) = &letter.page {
        let words = "All of it in Quell".to_owned();
        tail.push(Line(vec![Span::Link { words, to: page.clone() }]));
    }
    for Left { field, said } in left {
        let line = Line::own("Not set here: ").and_code(field.as_str()).and_own(". Jira says: ");
        tail.push(line.and_data(said.as_str()));
    }
    if settings.desk.is_some() {
        // A request has neither label nor property when it is made; it is found by its text.
        tail.push(Line::default().and_code(letter.key.mark()));
    }
    tail
}

/// A body in the edition's form.
pub(in super::super) fn rendered(settings: &Settings, body: &Body, tail: &[Line]) -> Value {
    match settings.edition {
        Edition::Cloud => {
            let tail: Vec<Value> = tail.iter().map(adf::line).collect();
            adf::document(body, &tail)
        }
        Edition::DataCenter => settings.dialect().text(body, tail).into(),
    }
}

/// A summary: one line, not empty.
pub(in super::super) fn summary(title: &Line) -> String {
    summary_within(title, MOST_SUMMARY)
}

/// A summary of at most so many units.
pub(in super::super) fn summary_within(title: &Line, most: usize) -> String {
    let mut room = Room::new(most);
    let mut out = String::new();
    for span in &title.0 {
        let text = match span {
            Span::Own(words) | Span::Strong(words) | Span::Link { words, .. } => words.as_str(),
            Span::Data(data) | Span::Code(data) => data.raw(),
        };
        out.push_str(&room.write(text, false, &as_shown));
    }
    if out.trim().is_empty() { "A finding without a title".to_owned() } else { out }
}

/// The mark, and what it is to be found by.
pub(in super::super) fn labels(letter: &Letter) -> Vec<String> {
    let mut labels = vec![letter.key.mark()];
    for label in &letter.labels {
        if !labels.iter().any(|known| known == label.as_str()) {
            labels.push(label.as_str().to_owned());
        }
    }
    labels
}

/// A comment, with the mark by which it is found again.
pub(in super::super) fn comment(settings: &Settings, id: &str, key: &Key, body: &Body) -> Call {
    let mark = Line::default().and_code(key.mark());
    if settings.desk.is_some() {
        // The service desk's API takes markup alone. What is not said to be internal is public.
        let text = settings.dialect().text(body, &[mark]);
        return Call::post(
            format!("{DESK}/request/{id}/comment"),
            json!({"body": text, "public": false}),
        );
    }
    let body = json!({"body": rendered(settings, body, &[mark])});
    Call::post(format!("{}/issue/{id}/comment", settings.api()), body)
}

/// The link to Quell's page; sent again it is the same link.
pub(in super::super) fn remote_link(
    settings: &Settings,
    id: &str,
    letter: &Letter,
) -> Option<Call> {
    let page = letter.page.as_ref()?;
    let body = json!({
        "globalId": format!("quell={}", letter.key),
        "application": {"type": "quell", "name": "Quell"},
        "relationship": "is explained by",
        "object": {"url": page.as_str(), "title": summary(&letter.title)},
    });
    Some(Call::post(format!("{}/issue/{id}/remotelink", settings.api()), body))
}

/// A file that is attached. At a service desk it is sent first, and then shown to agents alone;
/// what it is called in between only the desk tells.
pub(in super::super) fn attachment(settings: &Settings, id: &str, file: &Attachment) -> Vec<Call> {
    let form = multipart::form((file, &file.versioned()), &[]);
    match &settings.desk {
        None => vec![Call::file(format!("{}/issue/{id}/attachments", settings.api()), form)],
        Some(desk) => {
            let path = format!("{DESK}/servicedesk/{}/attachTemporaryFile", desk.id);
            vec![Call::file(path, form), shown_file(id, "{file}")]
        }
    }
}

/// Shows agents a file that was sent to a service desk.
pub(in super::super) fn shown_file(id: &str, file: &str) -> Call {
    let body = json!({"temporaryAttachmentIds": [file], "public": false});
    Call::post(format!("{DESK}/request/{id}/attachment"), body)
}

/// Moves an issue to another status.
pub(in super::super) fn transition(
    settings: &Settings,
    id: &str,
    to: &str,
    fields: Map<String, Value>,
) -> Call {
    let mut body = json!({"transition": {"id": to}});
    if let Some(body) = body.as_object_mut().filter(|_| !fields.is_empty()) {
        body.insert("fields".to_owned(), fields.into());
    }
    Call::post(format!("{}/issue/{id}/transitions", settings.api()), body)
}
