//! An issue as it is kept.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraComment {
    /// Its id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// A document, or markup as a text.
    pub body: Value,
    /// Whether customers see it.
    pub public: bool,
}

/// An issue.
#[derive(Debug, Clone)]
pub struct JiraIssue {
    /// Its id, which stays.
    pub id: u64,
    /// Its key, which changes with its project.
    pub key: String,
    /// Its fields, as the API takes them.
    pub fields: Map<String, Value>,
    /// Its entity properties.
    pub properties: BTreeMap<String, Value>,
    /// Its comments, the first first.
    pub comments: Vec<JiraComment>,
    /// Links by their global ids.
    pub links: BTreeMap<String, Value>,
    /// Files: name and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// `new`, `indeterminate` or `done`.
    pub category: &'static str,
    /// Its resolution.
    pub resolution: Option<String>,
    pub(super) history: Vec<Value>,
    pub(super) created: String,
    pub(super) creator: String,
    /// How many searches do not know it yet.
    pub(super) unseen: u32,
    pub(super) gone: bool,
    pub(super) archived: bool,
}

/// Statuses have names in the language of the site, so none can be known by its name.
const STATUSES: [(&str, &str, &str); 3] =
    [("1", "Zu erledigen", "new"), ("2", "In Arbeit", "indeterminate"), ("3", "Fertig", "done")];

/// The status of a category.
pub(super) fn status(category: &str) -> Value {
    let found = STATUSES.iter().find(|(_, _, known)| *known == category);
    let (id, name, key) = found.copied().unwrap_or(("0", "?", "undefined"));
    json!({"id": id, "name": name, "statusCategory": {"key": key, "name": name}})
}

/// The category of a status.
pub(super) fn category(status: &str) -> Option<&'static str> {
    STATUSES.iter().find(|(id, _, _)| *id == status).map(|(_, _, key)| *key)
}

impl JiraIssue {
    /// A new one.
    pub(in crate::sinks) fn new(id: u64, key: String, (now, me): (&str, &str), lag: u32) -> Self {
        Self {
            id,
            key,
            fields: Map::new(),
            properties: BTreeMap::new(),
            comments: Vec::new(),
            links: BTreeMap::new(),
            files: Vec::new(),
            category: "new",
            resolution: None,
            history: Vec::new(),
            created: now.to_owned(),
            creator: me.to_owned(),
            unseen: lag,
            gone: false,
            archived: false,
        }
    }

    /// The text of a field that is one.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its labels.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let labels = self.fields.get("labels").and_then(Value::as_array).into_iter().flatten();
        labels.filter_map(Value::as_str).collect()
    }

    /// Moves it to another status.
    pub(super) fn moved(
        &mut self,
        to: &'static str,
        resolution: Option<String>,
        (now, who): (&str, &str),
    ) {
        let item = json!({
            "field": "status", "fieldtype": "jira",
            "from": status(self.category).get("id"), "to": status(to).get("id"),
        });
        self.history.push(json!({"author": person(who), "created": now, "items": [item]}));
        self.category = to;
        self.resolution = if to == "done" { resolution } else { None };
    }

    /// The issue as the API tells it.
    pub(super) fn told(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("status".to_owned(), status(self.category));
        let resolution = self.resolution.as_ref().map(|name| json!({"name": name}));
        fields.insert("resolution".to_owned(), resolution.into());
        fields.insert("created".to_owned(), self.created.clone().into());
        fields.insert("creator".to_owned(), person(&self.creator));
        let files = self.files.iter().enumerate();
        let files = files.map(|(at, (name, content))| {
            json!({"id": at.to_string(), "filename": name, "size": content.len()})
        });
        fields.insert("attachment".to_owned(), files.collect::<Vec<_>>().into());
        if self.archived {
            fields.insert("archiveddate".to_owned(), self.created.clone().into());
        }
        json!({
            "id": self.id.to_string(), "key": self.key, "fields": fields,
            "changelog": {"histories": self.history},
        })
    }
}

/// A person.
pub(super) fn person(who: &str) -> Value {
    json!({"accountId": who, "displayName": "Somebody"})
}
