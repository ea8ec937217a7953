//! Bodies of calls, made by functions of what is wanted alone: a dry run and a call use the same.

use std::collections::BTreeSet;

use quell_deliver::letter::CodeChange;
use quell_deliver::{Key, Letter};
use serde_json::{Value, json};

use crate::forge::{Trailer, branch, letter_text, title_text};

/// Characters of a title, `Draft: ` among them.
const MOST_TITLE: usize = 255;
/// Characters of a text.
pub(super) const MOST_TEXT: usize = 1_000_000;
const DRAFT: &str = "Draft: ";

fn labels(letter: &Letter) -> String {
    let names = letter.labels.iter().map(|label| label.as_str());
    let names: Vec<&str> = std::iter::once("quell").chain(names).collect();
    names.join(",")
}

/// A title as a merge request bears it: one that is a draft stays one.
pub(super) fn title(letter: &Letter, draft: bool) -> String {
    let before = if draft { DRAFT } else { "" };
    format!("{before}{}", title_text(&letter.title, MOST_TITLE - before.len()))
}

/// A new issue.
pub(super) fn issue(letter: &Letter) -> Value {
    let mut body = json!({
        "title": title(letter, false),
        "description": letter_text(letter, MOST_TEXT),
        "labels": labels(letter),
    });
    if let (Some(due), Some(fields)) = (letter.due, body.as_object_mut()) {
        fields.insert("due_date".to_owned(), json!(due.strftime("%Y-%m-%d").to_string()));
    }
    body
}

/// The text of what is there, and labels more.
pub(super) fn text(letter: &Letter, draft: bool) -> Value {
    json!({
        "title": title(letter, draft),
        "description": letter_text(letter, MOST_TEXT),
        "add_labels": labels(letter),
    })
}

/// A new merge request.
pub(super) fn merge(letter: &Letter, change: &CodeChange) -> Value {
    json!({
        "source_branch": branch(&letter.key),
        "target_branch": change.base,
        "title": title(letter, true),
        "description": letter_text(letter, MOST_TEXT),
        "labels": labels(letter),
        "remove_source_branch": true,
    })
}

/// A commit: on a new branch that begins at `start`, or on the branch that is there. Files that
/// are in `there` stand on it already.
pub(super) fn commit(
    (key, change): (&Key, &CodeChange),
    trailer: &Trailer,
    start: Option<&str>,
    there: &BTreeSet<String>,
) -> Value {
    let mut actions: Vec<Value> = Vec::new();
    for file in &change.files {
        let action = if there.contains(&file.path) { "update" } else { "create" };
        actions.push(json!({"action": action, "file_path": file.path, "content": file.after,
            "encoding": "text", "execute_filemode": file.executable}));
        // An update leaves the mode as it is.
        if action == "update" {
            actions.push(json!({"action": "chmod", "file_path": file.path,
                "execute_filemode": file.executable}));
        }
    }
    let mut body = json!({
        "branch": branch(key),
        "commit_message": trailer.message(change),
        "actions": actions,
    });
    if let (Some(start), Some(fields)) = (start, body.as_object_mut()) {
        fields.insert("start_sha".to_owned(), json!(start));
    }
    body
}

/// Closed or opened again.
pub(super) fn state(close: bool) -> Value {
    json!({"state_event": if close { "close" } else { "reopen" }})
}
