//! Values and blocks as Terraform text, in the layout of `terraform fmt`.

use std::collections::BTreeMap;
use std::fmt::Write;

use toml::Value;

/// What a block should hold: values by attribute, and blocks within it.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// An attribute's value.
    Value(Value),
    /// A nested block.
    Block(BTreeMap<String, Wanted>),
}

/// Dotted paths as a tree.
///
/// A table `{ block = true }` is a nested block with nothing in it.
///
/// # Errors
///
/// A path that is both an attribute and a block.
pub(crate) fn wanted(set: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Wanted>, String> {
    let mut tree = BTreeMap::new();
    for (path, value) in set {
        let segments: Vec<&str> = path.split('.').collect();
        put(&mut tree, &segments, value).ok_or_else(|| format!("`{path}` is set twice"))?;
    }
    Ok(tree)
}

fn put(tree: &mut BTreeMap<String, Wanted>, path: &[&str], value: &Value) -> Option<()> {
    let (name, rest) = path.split_first()?;
    if rest.is_empty() {
        let is_empty = value.as_table().is_some_and(|table| table.contains_key("block"));
        let one =
            if is_empty { Wanted::Block(BTreeMap::new()) } else { Wanted::Value(value.clone()) };
        return match tree.insert((*name).to_owned(), one) {
            None => Some(()),
            Some(_) => None,
        };
    }
    match tree.entry((*name).to_owned()).or_insert_with(|| Wanted::Block(BTreeMap::new())) {
        Wanted::Block(inner) => put(inner, rest, value),
        Wanted::Value(_) => None,
    }
}

/// A value as a Terraform expression; a table `{ expr = "…" }` is taken as written.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => quoted(&time.to_string()),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", "))
        }
        Value::Table(table) => match table.get("expr").and_then(Value::as_str) {
            Some(expression) if table.len() == 1 => expression.to_owned(),
            Some(_) | None => {
                let fields: Vec<String> = table
                    .iter()
                    .map(|(key, inner)| format!("{key} = {}", self::value(inner)))
                    .collect();
                format!("{{ {} }}", fields.join(", "))
            }
        },
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => {
                quoted.push(letter);
                quoted.push(letter);
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Line ends and indentation of the file that is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'f> {
    pub(crate) newline: &'f str,
    pub(crate) unit: &'f str,
}

/// Widest column of names that is lined up.
const MOST_WIDTH: usize = 100;

/// Attribute lines with their `=` in one column; each begins with the indentation, without a
/// line end after the last.
pub(crate) fn attributes(
    pairs: &[(String, String)],
    column: usize,
    indent: &str,
    layout: Layout<'_>,
) -> String {
    let lines: Vec<String> = pairs
        .iter()
        .map(|(key, value)| {
            let width = column.saturating_sub(1).min(MOST_WIDTH);
            let value = value.replace('\n', &format!("{}{indent}", layout.newline));
            format!("{indent}{key:<width$} = {value}")
        })
        .collect();
    lines.join(layout.newline)
}

/// The column of `=` that the longest of these names needs.
pub(crate) fn column(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0) + 1
}

/// A block with everything in it, without a line end after it.
pub(crate) fn block(
    head: &str,
    first: &[(String, String)],
    tree: &BTreeMap<String, Wanted>,
    indent: &str,
    layout: Layout<'_>,
) -> String {
    let Layout { newline, unit } = layout;
    let inner = format!("{indent}{unit}");
    let mut pairs = first.to_vec();
    let mut nested = Vec::new();
    for (name, wanted) in tree {
        match wanted {
            Wanted::Value(one) => pairs.push((name.clone(), value(one))),
            Wanted::Block(below) => nested.push(block(name, &[], below, &inner, layout)),
        }
    }
    if pairs.is_empty() && nested.is_empty() {
        return format!("{indent}{head} {{}}");
    }
    let mut parts = Vec::new();
    if !pairs.is_empty() {
        parts.push(attributes(&pairs, column(&pairs), &inner, layout));
    }
    parts.extend(nested);
    let between = format!("{newline}{newline}");
    let mut text = String::new();
    // Writing to a String does not fail.
    let written =
        write!(text, "{indent}{head} {{{newline}{}{newline}{indent}}}", parts.join(&between));
    debug_assert!(written.is_ok());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_a_template() {
        assert_eq!(value(&Value::String("a\"${x}%{y}$".into())), "\"a\\\"$${x}%%{y}$\"");
    }

    #[test]
    fn a_name_of_any_length_is_lined_up_or_not() {
        let pairs = [("x".repeat(100_000), "1".to_owned()), ("y".to_owned(), "2".to_owned())];
        let layout = Layout { newline: "\n", unit: "  " };
        let text = attributes(&pairs, column(&pairs), "", layout);
        assert!(text.ends_with("  = 2"), "{}", text.len());
    }

    #[test]
    fn lists_tables_and_expressions() {
        let set: BTreeMap<String, Value> =
            toml::from_str("a = [1, 'b', true]\nb = { expr = 'aws_x.y.id' }\nc = { k = 1 }")
                .unwrap();
        let texts: Vec<String> = set.values().map(value).collect();
        assert_eq!(texts, ["[1, \"b\", true]", "aws_x.y.id", "{ k = 1 }"]);
    }
}
