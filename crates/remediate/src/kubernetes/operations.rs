//! Operations of JSON Patch, as kustomizations lay them upon objects.

use serde_json::Value;

use super::object::text_at;
use crate::yaml::Step;

/// A step as it stands in a pointer.
pub(super) fn pointer(step: &Step) -> String {
    match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Item(at) => format!("/{at}"),
    }
}

/// Whether one pointer leads to the other or further.
pub(super) fn within(one: &str, other: &str) -> bool {
    one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The steps of a pointer.
fn keys(operation: &Value) -> Option<Vec<String>> {
    let path = text_at(operation, "path")?.strip_prefix('/')?;
    Some(path.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect())
}

/// The place of an object that an operation is about, as the object is before it; none where it
/// leads nowhere.
pub(super) fn puts_at(object: &Value, operation: &Value) -> Option<Vec<Step>> {
    let mut here = Some(object);
    let mut steps = Vec::new();
    for key in keys(operation)? {
        let step = match here? {
            Value::Array(items) if key == "-" => Step::Item(items.len()),
            Value::Array(_) => Step::Item(key.parse().ok()?),
            Value::Object(_) => Step::Key(key),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        here = match &step {
            Step::Key(key) => here?.get(key),
            Step::Item(at) => here?.get(at),
        };
        steps.push(step);
    }
    Some(steps)
}

/// Whether what is taken out of a list moves elements that an operation tells by their number.
pub(super) fn moves(operation: &Value, gone: &[Step]) -> bool {
    let (Some((Step::Item(at), list)), Some(path)) =
        (gone.split_last(), text_at(operation, "path"))
    else {
        return false;
    };
    let list: String = list.iter().map(pointer).collect();
    let rest = path.strip_prefix(&list).and_then(|rest| rest.strip_prefix('/'));
    let number = rest.and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
    number.is_some_and(|number| number >= *at)
}

/// Carries out an operation, as JSON Patch has it; none where it cannot be, or where it takes a
/// value from elsewhere in the object.
pub(super) fn operate(object: &mut Value, operation: &Value) -> Option<()> {
    let keys = keys(operation)?;
    let (last, way) = keys.split_last()?;
    let parent = way.iter().try_fold(object, |value, key| match value {
        Value::Object(fields) => fields.get_mut(key),
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })?;
    let value = || operation.get("value").cloned();
    match (text_at(operation, "op")?, parent) {
        ("add", Value::Object(fields)) => _ = fields.insert(last.clone(), value()?),
        ("add", Value::Array(items)) => {
            let at = if last == "-" { items.len() } else { last.parse().ok()? };
            items.splice(Some(at).filter(|at| *at <= items.len())?..at, [value()?]);
        }
        ("replace", Value::Object(fields)) => *fields.get_mut(last)? = value()?,
        ("replace", Value::Array(items)) => {
            *items.get_mut(last.parse::<usize>().ok()?)? = value()?;
        }
        ("remove", Value::Object(fields)) => _ = fields.remove(last)?,
        ("remove", Value::Array(items)) => {
            let at = last.parse().ok().filter(|at| *at < items.len())?;
            items.remove(at);
        }
        ("test", parent) => {
            let there = match parent.as_array() {
                Some(items) => items.get(last.parse::<usize>().ok()?),
                None => parent.get(last),
            };
            (there == operation.get("value")).then_some(())?;
        }
        (_, _) => return None,
    }
    Some(())
}
