//! Data as YAML text.

use serde_json::{Map, Value};

use super::data;

/// How a document is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// By how much a mapping stands further in than its key.
    pub(super) step: usize,
    /// By how much the dashes of a list stand further in than its key.
    pub(super) dash: usize,
    /// The line end.
    pub(super) eol: &'static str,
}

/// `key: value` with everything below it, the key at a column; no line end behind it.
pub(super) fn entry(key: &str, value: &Value, column: usize, layout: Layout) -> String {
    [text(key), ":".to_owned(), under(value, column, layout)].concat()
}

/// What stands behind a colon: a blank and a word, or lines of its own.
pub(super) fn under(value: &Value, column: usize, layout: Layout) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let inner = column + layout.step;
            let lines = fields.iter().map(|(key, value)| {
                let pad = " ".repeat(inner);
                [layout.eol, &pad, &entry(key, value, inner, layout)].concat()
            });
            lines.collect()
        }
        Value::Array(items) if !items.is_empty() => {
            let inner = column + layout.dash;
            let lines = items.iter().map(|value| {
                let pad = " ".repeat(inner);
                [layout.eol, &pad, &item(value, inner, layout)].concat()
            });
            lines.collect()
        }
        Value::Null => " null".to_owned(),
        Value::String(word) if is_text(word) => {
            let gap = [layout.eol, &" ".repeat(column + layout.step)].concat();
            let lines = word.split('\n').map(|line| [gap.as_str(), line].concat());
            [" |-".to_owned()].into_iter().chain(lines).collect()
        }
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => format!(" {}", flow(value, false)),
    }
}

/// A mapping as a document of its own, without a line end behind it.
pub(crate) fn block(fields: &Map<String, Value>) -> String {
    let layout = Layout { step: 2, dash: 2, eol: "\n" };
    let lines: Vec<String> =
        fields.iter().map(|(key, value)| entry(key, value, 0, layout)).collect();
    lines.join("\n")
}

/// Whether a text has lines that can stand as they are.
pub(super) fn is_text(word: &str) -> bool {
    let is_line = |line: &str| line.trim_end() == line && !line.chars().any(char::is_control);
    let first = |word: &str| word.starts_with(|c: char| !c.is_whitespace());
    word.contains('\n') && first(word) && !word.ends_with('\n') && word.split('\n').all(is_line)
}

/// `- value` with everything below it, the dash at a column; no line end behind it.
pub(super) fn item(value: &Value, column: usize, layout: Layout) -> String {
    if let Value::Object(fields) = value
        && !fields.is_empty()
    {
        let inner = column + 2;
        let gap = [layout.eol, &" ".repeat(inner)].concat();
        let lines: Vec<String> =
            fields.iter().map(|(key, value)| entry(key, value, inner, layout)).collect();
        return format!("- {}", lines.join(&gap));
    }
    format!("- {}", flow(value, false))
}

/// A value on one line.
pub(super) fn flow(value: &Value, quoted: bool) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(word) if quoted => double(word),
        Value::String(word) => text(word),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, quoted)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| flow_entry(key, value, quoted)).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// `key: value` on one line.
pub(super) fn flow_entry(key: &str, value: &Value, quoted: bool) -> String {
    let name = if quoted { double(key) } else { text(key) };
    format!("{name}: {}", flow(value, quoted))
}

/// Text without quotes where nothing can be taken for something else, else in double quotes.
pub(crate) fn text(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { double(word) }
}

/// Text in double quotes.
pub(super) fn double(word: &str) -> String {
    Value::String(word.to_owned()).to_string()
}

/// Text in single quotes, which know no escapes; none where it has more than one line.
pub(super) fn single(word: &str) -> Option<String> {
    let simple = !word.chars().any(char::is_control);
    simple.then(|| format!("'{}'", word.replace('\'', "''")))
}

fn is_plain(word: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_./-@+$=".contains(c);
    // A colon between letters is no key; behind digits it would be a time to older readers.
    let colons = |word: &str| word.split(':').all(|part| !part.is_empty());
    let dated = word.starts_with(|c: char| c.is_ascii_digit()) && word.contains([':', '-']);
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_' || c == '$')
        && word.chars().all(|c| letter(c) || c == ':')
        && colons(word)
        && !dated
        && !matches!(word, "y" | "n" | "Y" | "N")
        && data::plain(word) == Value::String(word.to_owned())
}
