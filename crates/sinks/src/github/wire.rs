//! Bodies of calls, made by functions of what is wanted alone: a dry run and a call use the same.

use quell_deliver::letter::CodeChange;
use quell_deliver::{Key, Letter};
use serde_json::{Value, json};

use crate::forge::{Trailer, branch, letter_text, title_text};

/// Characters of a title.
const MOST_TITLE: usize = 256;
/// Characters of a body or a comment.
pub(super) const MOST_TEXT: usize = 65_536;
/// Characters of a label.
const MOST_LABEL: usize = 50;

/// The title and the text of an issue or a pull request.
pub(super) fn text(letter: &Letter) -> Value {
    json!({
        "title": title_text(&letter.title, MOST_TITLE),
        "body": letter_text(letter, MOST_TEXT),
    })
}

/// A new issue.
pub(super) fn issue(letter: &Letter) -> Value {
    json!({
        "title": title_text(&letter.title, MOST_TITLE),
        "body": letter_text(letter, MOST_TEXT),
        "labels": label_names(letter),
    })
}

/// Labels that are added.
pub(super) fn labels(letter: &Letter) -> Value {
    json!({"labels": label_names(letter)})
}

fn label_names(letter: &Letter) -> Vec<String> {
    let cut = |label: &str| label.chars().take(MOST_LABEL).collect::<String>();
    let mut names = vec!["quell".to_owned()];
    names.extend(letter.labels.iter().map(|label| cut(label.as_str())));
    names.dedup();
    names
}

/// A tree: the base's, with the files of a change.
pub(super) fn tree(change: &CodeChange, base_tree: &str) -> Value {
    let entry = |file: &quell_deliver::letter::ChangedFile| {
        let mode = if file.executable { "100755" } else { "100644" };
        json!({"path": file.path, "mode": mode, "type": "blob", "content": file.after})
    };
    let entries: Vec<Value> = change.files.iter().map(entry).collect();
    json!({"base_tree": base_tree, "tree": entries})
}

/// A commit.
pub(super) fn commit(change: &CodeChange, trailer: &Trailer, parents: &[&str]) -> Value {
    let tree = trailer.tree.as_deref().unwrap_or_default();
    json!({"message": trailer.message(change), "tree": tree, "parents": parents})
}

/// A new branch.
pub(super) fn reference(key: &Key, commit: &str) -> Value {
    json!({"ref": format!("refs/heads/{}", branch(key)), "sha": commit})
}

/// A branch that moves on, and never back.
pub(super) fn moved(commit: &str) -> Value {
    json!({"sha": commit, "force": false})
}

/// A new pull request.
pub(super) fn pull(letter: &Letter, change: &CodeChange, draft: bool) -> Value {
    json!({
        "title": title_text(&letter.title, MOST_TITLE),
        "head": branch(&letter.key),
        "base": change.base,
        "body": letter_text(letter, MOST_TEXT),
        "draft": draft,
    })
}

/// An issue or a pull request that is closed.
pub(super) fn closed(pull: bool) -> Value {
    if pull {
        json!({"state": "closed"})
    } else {
        json!({"state": "closed", "state_reason": "completed"})
    }
}

/// One that is opened again.
pub(super) fn reopened() -> Value {
    json!({"state": "open"})
}
