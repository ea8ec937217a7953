//! What is sent: one pure function for each request, used for dry runs too.

use quell_deliver::text::Body;
use quell_deliver::{Attachment, Key, Letter, Line, Span};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::client::Call;
use super::super::jira::fields;
use super::section::Part;
use super::storage::storage;
use crate::common::multipart;

/// Below the site's address.
pub(super) const V2: &str = "/wiki/api/v2";
pub(super) const V1: &str = "/wiki/rest/api";
/// The name of the content property that says whose a page is.
pub(super) const PROPERTY: &str = "quell";
/// Longest title, without what makes it the only one of its name.
const MOST_TITLE: usize = 240;
/// How much of a key stands in a title.
const KEY_LETTERS: usize = 8;

/// A page's title. Titles are unique in a space, so a part of the key stands in it.
pub(super) fn title(letter: &Letter) -> String {
    let key: String = letter.key.as_str().chars().take(KEY_LETTERS).collect();
    format!("{} ({key})", fields::summary_within(&letter.title, MOST_TITLE))
}

/// What Quell says in its part of a page.
pub(super) fn section(letter: &Letter) -> String {
    let mut body = letter.body.clone();
    if let Some(page) = &letter.page {
        let words = "All of it in Quell".to_owned();
        body.0.push(quell_deliver::Block::Paragraph(Line(vec![Span::Link {
            words,
            to: page.clone(),
        }])));
    }
    if let Some(due) = letter.due {
        let date = due.to_zoned(jiff::tz::TimeZone::UTC).date();
        let due = vec![("Due".to_owned(), Line::own(date.to_string()))];
        body.0.insert(0, quell_deliver::Block::Facts(due));
    }
    storage(&body)
}

/// Whether it is open or closed, for people.
pub(super) fn state(closed: bool) -> String {
    let (word, colour) = if closed { ("Closed", "Green") } else { ("Open", "Red") };
    format!(
        "<p><ac:structured-macro ac:name=\"status\"><ac:parameter ac:name=\"title\">{word}\
         </ac:parameter><ac:parameter ac:name=\"colour\">{colour}</ac:parameter>\
         </ac:structured-macro></p>"
    )
}

/// Makes a page.
pub(super) fn create(space: &str, parent: Option<&str>, letter: &Letter) -> Call {
    let state = Part::State.whole(&letter.key, &state(false));
    let value = state + &Part::Letter.whole(&letter.key, &section(letter));
    let mut body = json!({
        "spaceId": space,
        "status": "current",
        "title": title(letter),
        "body": {"representation": "storage", "value": value},
    });
    if let (Some(body), Some(parent)) = (body.as_object_mut(), parent) {
        body.insert("parentId".to_owned(), parent.into());
    }
    Call::post(format!("{V2}/pages"), body)
}

/// Writes a page anew, as the version after the one that was read.
pub(super) fn update(id: &str, title: &str, value: &str, version: &Value) -> Call {
    let body = json!({
        "id": id,
        "status": "current",
        "title": title,
        "body": {"representation": "storage", "value": value},
        "version": {"number": version, "message": "Quell"},
    });
    Call::put(format!("{V2}/pages/{id}"), body)
}

/// A comment below a page, with the mark by which it is found again.
pub(super) fn comment(id: &str, key: &Key, body: &Body) -> Call {
    let mark = Body::paragraph(Line::default().and_code(key.mark()));
    let value = storage(body) + &storage(&mark);
    let body = json!({"pageId": id, "body": {"representation": "storage", "value": value}});
    Call::post(format!("{V2}/footer-comments"), body)
}

/// What the property says.
pub(super) fn said(key: &Key, (hash, files): (Option<&str>, Option<&str>), closed: bool) -> Value {
    json!({"key": key.as_str(), "hash": hash, "files": files, "closed": closed})
}

/// Writes the property for the first time.
pub(super) fn property(id: &str, value: &Value) -> Call {
    Call::post(format!("{V2}/pages/{id}/properties"), json!({"key": PROPERTY, "value": value}))
}

/// Writes the property again.
pub(super) fn property_again(id: &str, property: &str, (value, version): (&Value, u64)) -> Call {
    let body = json!({"key": PROPERTY, "value": value, "version": {"number": version}});
    Call::put(format!("{V2}/pages/{id}/properties/{property}"), body)
}

/// Adds labels.
pub(super) fn labels(id: &str, letter: &Letter) -> Call {
    let name = |label: String| label.to_lowercase().replace('.', "-");
    let labels = fields::labels(letter).into_iter();
    let labels: Vec<Value> =
        labels.map(|label| json!({"prefix": "global", "name": name(label)})).collect();
    Call::post(format!("{V1}/content/{id}/label"), labels.into())
}

/// Which files stand beside a page, by their versions.
pub(super) fn files(letter: &Letter) -> String {
    let all: Vec<String> = letter.files.iter().map(Attachment::versioned).collect();
    all.join(" ")
}

/// Adds a file, or takes it for one of the same name: Confluence keeps the versions of a file.
pub(super) fn attachment(id: &str, file: &Attachment) -> Call {
    let form = multipart::form((file, &file.name), &[("minorEdit", "true")]);
    Call::put_file(format!("{V1}/content/{id}/child/attachment"), form)
}

/// The hash of a section, so that one that says the same is not written again.
pub(super) fn hash(section: &str) -> String {
    Sha256::digest(section.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
