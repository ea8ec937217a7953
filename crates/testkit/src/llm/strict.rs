//! What vendors demand of a schema.

use serde_json::Value;

use super::wrong::Wrong;

/// Words that bounds are made of.
const BOUNDS: &[&str] = &[
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

/// Objects are closed; OpenAI wants all keys required, Anthropic no bounds.
pub(super) fn check(schema: &Value, all_required: bool) -> Result<(), Wrong> {
    let Some(map) = schema.as_object() else { return Ok(()) };
    if let Some(bound) = map.keys().find(|key| BOUNDS.contains(&key.as_str())) {
        return Err(Wrong::invalid(&format!("'{bound}' is not permitted.")));
    }
    if map.get("type").is_some_and(|kind| kind == "object") {
        if map.get("additionalProperties") != Some(&Value::Bool(false)) {
            let said = "'additionalProperties' is required to be supplied and to be false.";
            return Err(Wrong::invalid(said));
        }
        let keys = map.get("properties").and_then(Value::as_object).map_or(0, |keys| keys.len());
        let required = map.get("required").and_then(Value::as_array).map_or(0, Vec::len);
        if all_required && keys != required {
            let said = "'required' is required to be supplied and to include every key.";
            return Err(Wrong::invalid(said));
        }
    }
    for group in ["properties", "$defs"] {
        let members = map.get(group).and_then(Value::as_object).into_iter().flatten();
        members.map(|(_, child)| child).try_for_each(|child| check(child, all_required))?;
    }
    let any = map.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    any.chain(map.get("items")).try_for_each(|child| check(child, all_required))
}
