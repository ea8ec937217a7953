//! Checkov's configuration file: `skip-check`.
//!
//! <https://www.checkov.io/2.Basics/CLI%20Command%20Reference.html>

use super::yaml::{Node, Value};
use super::{Entry, List, Reject, all, is};
use crate::expression::Field;

/// Reads it. Severities, which Checkov takes in the same list, are no checks.
pub(super) fn read(root: &Node) -> List {
    let mut list = List { kind: "checkov", ..List::default() };
    let Some(skipped) = root.get("skip-check") else { return list };
    let found: Vec<(usize, &str)> = match &skipped.value {
        Value::Text(text) => text.split(',').map(|id| (skipped.line, id)).collect(),
        Value::List(items) => items
            .iter()
            .flat_map(|item| {
                let ids = item.text().unwrap_or_default().split(',');
                ids.map(move |id| (item.line, id))
            })
            .collect(),
        Value::Map(_) => Vec::new(),
    };
    for (line, id) in found {
        let id = id.trim();
        let reject = |why: &str| Reject { line, what: id.to_owned(), why: why.to_owned() };
        if id.is_empty() {
            continue;
        }
        if ["LOW", "MEDIUM", "HIGH", "CRITICAL"].contains(&id.to_ascii_uppercase().as_str()) {
            let why = "a threshold of severity is no exception; ask for one with `severity <= …`";
            list.rejects.push(reject(why));
            continue;
        }
        // `CKV_AWS_1:secrets` and file patterns narrow it in ways of their own.
        if id.contains(':') {
            list.rejects.push(reject("its qualifier cannot be said as an expression"));
            continue;
        }
        let scope = all(vec![is(Field::Rule, id), is(Field::Tool, "checkov")]);
        list.entries.push(Entry { scope, reason: String::new(), until: None, line });
    }
    if let Some(paths) = root.get("skip-path") {
        let why = "patterns of paths are no exception; ask for one with `path = …`".to_owned();
        list.rejects.push(Reject { line: paths.line, what: "skip-path".to_owned(), why });
    }
    list
}
