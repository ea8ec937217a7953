//! The smallest value of a schema.

use serde_json::{Map, Value, json};

/// A value that fits a schema: the first of what is listed, one element, a word.
#[must_use]
pub fn sample(schema: &Value) -> Value {
    within(schema, schema, 0)
}

fn within(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 16 {
        return Value::Null;
    }
    let first = |name: &str| schema.get(name).and_then(Value::as_array)?.first();
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map_or(Value::Null, |found| within(root, found, depth + 1));
    }
    if let Some(value) = schema.get("const").or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(one) = first("anyOf") {
        return within(root, one, depth + 1);
    }
    let kind = first("type").or_else(|| schema.get("type")).and_then(Value::as_str);
    match kind.unwrap_or_default() {
        "object" => {
            let keys = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            let made = keys.map(|(key, inner)| (key.clone(), within(root, inner, depth + 1)));
            Value::Object(made.collect::<Map<_, _>>())
        }
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            let item = schema.get("items").map(|item| within(root, item, depth + 1));
            let count = usize::try_from(least).unwrap_or(0).min(100);
            Value::Array(vec![item.unwrap_or_default(); count])
        }
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!("word"),
    }
}
