//! The shape of an answer, within what every provider takes.

use serde_json::{Map, Value, json};

use crate::LlmError;

/// Deepest nesting that providers take.
const DEEPEST: usize = 10;
/// What a schema may be made of; `$ref` within the document.
const KNOWN: &[&str] = &[
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "description",
    "title",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
];
/// What only our own check of the answer holds.
const OWN: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// The shape of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// The JSON Schema.
    pub json: Value,
}

impl Schema {
    /// A schema of this name.
    #[must_use]
    pub fn new(name: &str, json: Value) -> Self {
        Self { name: name.to_owned(), json }
    }

    /// A small one, for trying a provider: yes or no.
    #[must_use]
    pub fn for_a_try() -> Self {
        let json = json!({
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
            "required": ["answer"],
            "additionalProperties": false,
        });
        Self::new("try", json)
    }

    /// Whether every provider takes it: objects are closed and list all their keys as required,
    /// what may be absent may be null, and nothing else than plain words is used.
    ///
    /// # Errors
    /// It is not so, with the place.
    pub fn check(&self) -> Result<(), LlmError> {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(named) {
            return wrong("name", "is not 1 to 64 letters, digits, `_` and `-`");
        }
        if self.json.get("type").and_then(Value::as_str) != Some("object") {
            return wrong("$", "the answer itself must be an object");
        }
        node(&self.json, "$", 0)
    }

    /// The schema as it is sent: without bounds, which providers refuse or do not hold.
    pub(crate) fn sent(&self) -> Value {
        lean(&self.json)
    }

    /// The words that ask for it where the provider has no means of its own.
    pub(crate) fn asked_for(&self) -> String {
        format!(
            "\n\nAnswer with one JSON object and nothing else: no words around it, no code fence. \
             It fits this JSON Schema:\n{}",
            self.json
        )
    }
}

fn wrong(path: &str, why: &'static str) -> Result<(), LlmError> {
    Err(LlmError::Schema { path: path.to_owned(), why })
}

fn node(value: &Value, path: &str, depth: usize) -> Result<(), LlmError> {
    if depth > DEEPEST {
        return wrong(path, "is nested too deep");
    }
    let Some(map) = value.as_object() else { return wrong(path, "is no object") };
    if let Some(odd) = map.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return wrong(&format!("{path}.{odd}"), "is not taken by every provider");
    }
    if map.get("$ref").is_some_and(|to| !to.as_str().is_some_and(|to| to.starts_with("#/$defs/"))) {
        return wrong(path, "refers to something outside `#/$defs`");
    }
    if is_object(map) {
        object(map, path)?;
    }
    children(map, path).try_for_each(|(path, child)| node(child, &path, depth + 1))
}

fn is_object(map: &Map<String, Value>) -> bool {
    let named = match map.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        Some(kind) => kind == "object",
        None => false,
    };
    named || map.contains_key("properties")
}

fn object(map: &Map<String, Value>, path: &str) -> Result<(), LlmError> {
    if map.get("additionalProperties") != Some(&Value::Bool(false)) {
        return wrong(path, "an object must say `additionalProperties: false`");
    }
    let keys = map.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = map
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let keys: Vec<&str> = keys.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    if keys.len() != required.len() || !keys.iter().all(|key| required.contains(key)) {
        return wrong(path, "an object must list each of its keys as required");
    }
    Ok(())
}

/// The schemas within a schema, with their paths.
fn children<'m>(
    map: &'m Map<String, Value>,
    path: &'m str,
) -> impl Iterator<Item = (String, &'m Value)> {
    let named = ["properties", "$defs"].into_iter().flat_map(move |group| {
        let members = map.get(group).and_then(Value::as_object).into_iter().flatten();
        members.map(move |(key, child)| (format!("{path}.{key}"), child))
    });
    let any = map.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let any = any.enumerate().map(move |(at, child)| (format!("{path}.anyOf[{at}]"), child));
    let items = map.get("items").map(|child| (format!("{path}[]"), child));
    named.chain(any).chain(items)
}

fn lean(value: &Value) -> Value {
    let Some(map) = value.as_object() else { return value.clone() };
    let kept = map.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let members = |group: &Value| -> Value {
        let members = group.as_object().into_iter().flatten();
        members.map(|(name, child)| (name.clone(), lean(child))).collect::<Map<_, _>>().into()
    };
    let lean = kept.map(|(key, inner)| {
        let inner = match key.as_str() {
            "properties" | "$defs" => members(inner),
            "items" => lean(inner),
            "anyOf" => inner.as_array().into_iter().flatten().map(lean).collect(),
            _ => inner.clone(),
        };
        (key.clone(), inner)
    });
    Value::Object(lean.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: Value) -> Result<(), String> {
        Schema::new("x", json).check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_some_provider_refuses_is_told_with_its_place() {
        check(Schema::for_a_try().json).unwrap();
        let inner = json!({"type": "object", "properties": {"b": {"type": "string"}},
            "required": [], "additionalProperties": false});
        let outer = |inner: Value| {
            json!({"type": "object", "properties": {"a": {"type": "array", "items": inner}},
                "required": ["a"], "additionalProperties": false})
        };
        assert!(check(outer(inner)).unwrap_err().contains("$.a[]"));
        let said = check(outer(json!({"type": "string", "not": {"const": "x"}}))).unwrap_err();
        assert!(said.contains("$.a[].not"), "{said}");
        let far = outer(json!({"$ref": "https://a.example/schema"}));
        assert!(check(far).unwrap_err().contains("outside"));
        assert!(check(json!({"anyOf": []})).unwrap_err().contains("must be an object"));
        let mut deep = json!({"type": "string"});
        for _ in 0..12 {
            deep = json!({"type": "array", "items": deep});
        }
        assert!(check(outer(deep)).unwrap_err().contains("too deep"));
    }

    #[test]
    fn bounds_stay_with_us_and_names_of_fields_are_no_bounds() {
        let json = json!({"type": "object", "properties": {
                "pattern": {"type": "string", "maxLength": 10, "pattern": "^a"},
                "items": {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 1}}},
            "required": ["pattern", "items"], "additionalProperties": false});
        let sent = Schema::new("x", json).sent();
        assert_eq!(
            sent["properties"],
            json!({"pattern": {"type": "string"},
                "items": {"type": "array", "items": {"type": "integer"}}})
        );
    }
}
