//! The least document of each shape, made of what the shape asks for: a seed for shapes of which
//! nobody wrote one.

use quell_sources::{Need, SOURCES, Shape};
use serde_json::{Map, Value};

/// The skeletons of a target; a target that is no format has none.
#[must_use]
pub fn skeletons(target: &str) -> Vec<Vec<u8>> {
    let source = SOURCES.iter().find(|source| source.id == target);
    source.map(|s| s.shapes.iter().map(skeleton).collect()).unwrap_or_default()
}

fn skeleton(shape: &Shape) -> Vec<u8> {
    let columns: Vec<&str> = shape.needs.iter().filter_map(column).collect();
    if !columns.is_empty() {
        let row = vec!["x"; columns.len()].join(",");
        return format!("{}\n{row}\n{row}\n", columns.join(",")).into_bytes();
    }
    let mut document = Value::Null;
    for path in shape.records.iter().take(1) {
        put(&mut document, path, Value::Object(Map::new()));
    }
    for need in shape.needs {
        match need {
            Need::Has(path) => put(&mut document, path, Value::from("x")),
            Need::AnyOf(paths) => {
                put(&mut document, paths.first().unwrap_or(&"$"), Value::from("x"));
            }
            Need::Array(path) => put(&mut document, path, Value::Array(Vec::new())),
            Need::Is(path, values) | Need::StartsWith(path, values) => {
                let value = values.first().copied().unwrap_or_default();
                put(&mut document, path, Value::from(value));
            }
            Need::Lacks(_) | Need::Column(_) | Need::Around(_) | Need::Bare(_) => {}
        }
    }
    document.to_string().into_bytes()
}

fn column(need: &Need) -> Option<&'static str> {
    match need {
        Need::Column(name) => Some(*name),
        Need::Has(_)
        | Need::AnyOf(_)
        | Need::Array(_)
        | Need::Is(..)
        | Need::StartsWith(..)
        | Need::Lacks(_)
        | Need::Around(_)
        | Need::Bare(_) => None,
    }
}

/// Puts a value at a path; what stands there and holds something stays.
fn put(at: &mut Value, path: &str, value: Value) {
    let path = path.trim_start_matches('$');
    if path.is_empty() {
        let holds = at.as_object().is_some_and(|map| !map.is_empty()) || at.is_array();
        if !holds {
            *at = value;
        }
        return;
    }
    if let Some(rest) = path.strip_prefix("[]") {
        if !at.is_array() {
            *at = Value::Array(vec![Value::Null]);
        }
        let Some(list) = at.as_array_mut() else { return };
        if list.is_empty() {
            list.push(Value::Null);
        }
        list.iter_mut().for_each(|inner| put(inner, rest, value.clone()));
        return;
    }
    let (key, rest) = key_of(path);
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Some(map) = at.as_object_mut() else { return };
    put(map.entry(key.to_owned()).or_insert(Value::Null), rest, value);
}

fn key_of(path: &str) -> (&str, &str) {
    if let Some(quoted) = path.strip_prefix("['").and_then(|rest| rest.split_once("']")) {
        return quoted;
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    path.split_at(path.find(['.', '[']).unwrap_or(path.len()))
}
