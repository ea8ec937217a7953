//! Tasks: folders below `content/prompts`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::score::{ELSEWHERE, SCORERS};

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An incident with its issues, findings and what happened.
    Incident,
    /// A fault, and the block of code that it stands in.
    Block,
    /// What is about to be sent to people.
    Letter,
}

/// Which model a task is given to, unless the configuration says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// For words.
    Small,
    /// For narratives and code.
    Large,
}

/// What a part of an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Sentences, each with the records it rests on.
    Sentences,
    /// One word of a list.
    Choice(Vec<String>),
    /// A text of which code makes something, such as a block of a file. It is not shown as words.
    Text,
}

/// A part of an answer, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its key in the answer.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// With fewer sentences than this, what the rules say stands there.
    pub least: usize,
    /// Sentences beyond this are dropped.
    pub most: usize,
    /// What it is.
    pub shape: Shape,
    /// The part that it speaks of. Where that is the rules', this is too.
    pub of: Option<String>,
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its folder's name.
    pub id: String,
    /// Goes up with every change of its words, fields or shape.
    pub version: u32,
    /// What it does, in one line.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// Who is asked.
    pub tier: Tier,
    /// Most tokens of an answer.
    pub most_output: u32,
    /// Most bytes of facts.
    pub most_input_bytes: usize,
    /// Most records.
    pub most_records: usize,
    /// Longest value of a field that is told, in bytes. What is cut says so.
    pub most_field_bytes: usize,
    /// What it may read: kinds of records with their fields.
    pub fields: BTreeMap<String, Vec<String>>,
    /// The parts of its answer.
    pub parts: Vec<Part>,
    /// The shape of its answer, as a JSON Schema.
    pub schema: Value,
    /// What it is judged by.
    pub scorers: Vec<String>,
    /// Its words, before who reads the answer is filled in.
    pub template: String,
    /// Cases to judge it by: the file's name and its text.
    pub cases: Vec<(String, String)>,
}

/// A task that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`prompts/{path}`: {why}")]
pub struct TaskError {
    /// The file, below `content/prompts`.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    title: String,
    subject: Subject,
    tier: Tier,
    most_output_tokens: u32,
    most_input_bytes: usize,
    most_records: usize,
    #[serde(default = "most_field")]
    most_field_bytes: usize,
    scorers: Vec<String>,
    fields: BTreeMap<String, Vec<String>>,
    parts: Vec<RawPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    name: String,
    title: String,
    #[serde(default)]
    least: usize,
    /// Only sentences have it.
    most: Option<usize>,
    of: Option<String>,
}

const fn most_field() -> usize {
    2_000
}

/// All tasks.
#[derive(Debug, Default)]
pub struct Tasks(BTreeMap<String, Task>);

impl Tasks {
    /// Those that come with Quell.
    ///
    /// # Errors
    /// When a folder is not as it should be, which a test excludes.
    pub fn embedded() -> Result<Self, TaskError> {
        Self::from_files(quell_catalog::files_below("prompts"))
    }

    /// Tasks of these files: `(path below prompts/, text)`.
    ///
    /// # Errors
    /// When a folder is not as it should be.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, TaskError> {
        let mut folders: BTreeMap<&str, Folder<'a>> = BTreeMap::new();
        for (path, text) in files {
            let Some((task, file)) = path.split_once('/') else { continue };
            let folder = folders.entry(task).or_default();
            match file.strip_prefix("cases/") {
                Some(case) => folder.cases.push((case.to_owned(), text.to_owned())),
                None => drop(folder.files.insert(file, text)),
            }
        }
        let read = folders.into_iter().map(|(id, folder)| Ok((id.to_owned(), folder.task(id)?)));
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The task of this name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Task> {
        self.0.get(id)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.0.values()
    }
}

#[derive(Default)]
struct Folder<'a> {
    files: BTreeMap<&'a str, &'a str>,
    cases: Vec<(String, String)>,
}

impl Folder<'_> {
    fn task(self, id: &str) -> Result<Task, TaskError> {
        let wrong = |file: &str, why: String| TaskError { path: format!("{id}/{file}"), why };
        let file = |name: &str| {
            let text = self.files.get(name).copied();
            text.ok_or_else(|| wrong(name, "is missing".to_owned()))
        };
        let raw: Raw =
            toml::from_str(file("task.toml")?).map_err(|e| wrong("task.toml", e.to_string()))?;
        let schema: Value = serde_json::from_str(file("schema.json")?)
            .map_err(|e| wrong("schema.json", e.to_string()))?;
        let template = file("instructions.md")?.to_owned();
        let parts = raw.parts.into_iter().map(|part| part.shaped(&schema));
        let parts: Vec<Part> =
            parts.collect::<Result<_, _>>().map_err(|why| wrong("schema.json", why))?;
        let is_part = |of: &str| parts.iter().any(|part| part.name == of);
        if let Some(of) = parts.iter().filter_map(|part| part.of.as_deref()).find(|of| !is_part(of))
        {
            return Err(wrong("task.toml", format!("`of = \"{of}\"` names no part")));
        }
        let keys = schema.get("properties").and_then(Value::as_object);
        let keys: Vec<&String> = keys.into_iter().flat_map(|keys| keys.keys()).collect();
        if keys.len() != parts.len() || !keys.iter().zip(&parts).all(|(key, p)| **key == p.name) {
            let why = "its properties are not the parts of task.toml, in their order";
            return Err(wrong("schema.json", why.to_owned()));
        }
        let is_known = |name: &String| {
            ELSEWHERE.contains(&name.as_str())
                || SCORERS.iter().any(|one| one.name == name.as_str())
        };
        if let Some(name) = raw.scorers.iter().find(|name| !is_known(name)) {
            let names: Vec<&str> = SCORERS.iter().map(|scorer| scorer.name).collect();
            let why = format!("`scorers`: `{name}` is none of {}", names.join(", "));
            return Err(wrong("task.toml", why));
        }
        let mut cases = self.cases;
        cases.sort();
        Ok(Task {
            id: id.to_owned(),
            version: raw.version,
            title: raw.title,
            subject: raw.subject,
            tier: raw.tier,
            most_output: raw.most_output_tokens,
            most_input_bytes: raw.most_input_bytes,
            most_records: raw.most_records,
            most_field_bytes: raw.most_field_bytes,
            fields: raw.fields,
            parts,
            schema,
            scorers: raw.scorers,
            template,
            cases,
        })
    }
}

impl RawPart {
    /// The part with what the schema says that it is.
    fn shaped(self, schema: &Value) -> Result<Part, String> {
        let place = format!("/properties/{}", self.name);
        let node = schema.pointer(&place).ok_or_else(|| format!("`{place}` is missing"))?;
        let words = node.get("enum").and_then(Value::as_array);
        let shape = match (node.get("type").and_then(Value::as_str), words) {
            (Some("string"), Some(words)) => {
                Shape::Choice(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            (Some("string"), None) if self.most.is_some() => Shape::Sentences,
            (Some("string"), None) => Shape::Text,
            _ => return Err(format!("`{place}` is neither sentences, a choice nor a text")),
        };
        let Self { name, title, least, most, of } = self;
        let most = most.unwrap_or(1);
        Ok(Part { name, title, least, most, shape, of })
    }
}

impl Task {
    /// A hash of all that a model is told by the task itself.
    #[must_use]
    pub fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for text in [&self.id, &self.version.to_string(), &self.template, &self.schema.to_string()]
        {
            hasher.update(&text.len().to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize()
    }
}
