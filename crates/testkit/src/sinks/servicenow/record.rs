//! A record of a table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Columns that hold the sys_id of another record.
const REFERENCES: [&str; 7] = [
    "assignment_group",
    "assigned_to",
    "cmdb_ci",
    "opened_by",
    "closed_by",
    "resolved_by",
    "reopened_by",
];

/// A record.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) columns: BTreeMap<String, String>,
    /// What was said beside it, with who and when.
    pub(super) journal: Vec<String>,
}

/// How references and values are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// References with a link.
    Links,
    /// All as texts.
    Plain,
    /// As the API of changes does: each with what people see.
    Change,
    /// What people see, journals among it.
    Display,
}

impl Record {
    pub(super) fn get(&self, column: &str) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }

    pub(super) fn set(&mut self, column: &str, value: &str) {
        self.columns.insert(column.to_owned(), value.to_owned());
    }

    /// Its columns as they are told; all where none are named.
    pub(super) fn told(&self, named: Option<&str>, form: Form) -> Value {
        let mut out = Map::new();
        let names: Vec<&str> = match named {
            Some(list) => list.split(',').collect(),
            None => self.columns.keys().map(String::as_str).chain(["work_notes"]).collect(),
        };
        for name in names {
            let value = match (name, form) {
                ("work_notes", Form::Display) => self.journal.join("\n\n"),
                _ => self.get(name).to_owned(),
            };
            let is_reference = REFERENCES.contains(&name) && !value.is_empty();
            let told = match form {
                Form::Links if is_reference => {
                    json!({"link": format!("https://now.example/api/now/table/x/{value}"), "value": value})
                }
                Form::Links | Form::Plain | Form::Display => json!(value),
                Form::Change => json!({"display_value": value, "value": value}),
            };
            out.insert(name.to_owned(), told);
        }
        Value::Object(out)
    }
}
