//! As much of YAML as lists use: no aliases, no types, and bounded depth.

use saphyr_parser::{Event, Parser};

/// Deeper than this is refused.
const MOST_DEEP: usize = 24;

/// A node with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            Value::Text(_) | Value::List(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Text(_) | Value::List(_) => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Text(_) | Value::Map(_) => &[],
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self, key: &str) -> Vec<&str> {
        let items = self.get(key).map(Self::items).unwrap_or_default();
        items.iter().filter_map(Self::text).collect()
    }
}

struct Open {
    line: usize,
    key: Option<String>,
    is_map: bool,
    items: Vec<Node>,
    entries: Vec<(String, Node)>,
}

/// The first document of a text.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = Node { line: 1, value: Value::Text(String::new()) };
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = event
            .map_err(|error| format!("line {}: it is no valid YAML", error.marker().line()))?;
        let line = span.start.line();
        let done = match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
            Event::StreamEnd | Event::DocumentEnd => break,
            Event::Alias(_) => return Err(format!("line {line}: aliases are not read")),
            Event::Scalar(value, ..) => Node { line, value: Value::Text(value.into_owned()) },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= MOST_DEEP {
                    return Err(format!("line {line}: it is nested too deeply"));
                }
                let is_map = matches!(event, Event::MappingStart(..));
                open.push(Open { line, key: None, is_map, items: Vec::new(), entries: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { line, is_map, items, entries, .. }) = open.pop() else { continue };
                let value = if is_map { Value::Map(entries) } else { Value::List(items) };
                Node { line, value }
            }
        };
        match open.last_mut() {
            Some(open) => open.take(done)?,
            None => root = done,
        }
    }
    Ok(root)
}

impl Open {
    fn take(&mut self, node: Node) -> Result<(), String> {
        if !self.is_map {
            self.items.push(node);
            return Ok(());
        }
        match self.key.take() {
            Some(key) => self.entries.push((key, node)),
            None => {
                let key =
                    node.text().ok_or_else(|| format!("line {}: a key is no text", node.line));
                self.key = Some(key?.to_owned());
            }
        }
        Ok(())
    }
}
