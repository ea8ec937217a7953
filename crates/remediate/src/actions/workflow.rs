//! A workflow as jobs of steps, read from the data of its YAML.

use std::collections::BTreeMap;

use serde_json::Value;

/// The jobs of a workflow in the order of the text.
pub(super) fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow.get("jobs").and_then(Value::as_object).into_iter().flatten()
}

/// The steps of a job, or of a composite action.
pub(super) fn steps(job: &Value) -> &[Value] {
    job.get("steps").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text of a step or a job.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The texts of a mapping such as `env` or `with`.
pub(super) fn texts(value: &Value, key: &str) -> BTreeMap<String, String> {
    let entries = value.get(key).and_then(Value::as_object).into_iter().flatten();
    let written = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    entries.map(|(name, value)| (name.clone(), written(value))).collect()
}

/// Names of the events that start a workflow.
pub(super) fn events(workflow: &Value) -> Vec<&str> {
    match workflow.get("on") {
        Some(Value::String(event)) => vec![event],
        Some(Value::Array(events)) => events.iter().filter_map(Value::as_str).collect(),
        Some(Value::Object(events)) => events.keys().map(String::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => Vec::new(),
    }
}

/// Whether a `uses` names a commit, or nothing that another could move.
pub(super) fn is_pinned(uses: &str) -> bool {
    let commit = |text: &str| text.len() == 40 && text.chars().all(|one| one.is_ascii_hexdigit());
    uses.starts_with("./")
        || uses.starts_with("docker://")
        || uses.split_once('@').is_some_and(|(_, version)| commit(version))
}
