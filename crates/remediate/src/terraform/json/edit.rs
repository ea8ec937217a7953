//! Values set in JSON text; what is not touched keeps its layout.

use std::collections::BTreeMap;

use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use toml::Value;

use crate::Config;
use crate::terraform::render::Wanted;

/// The text with a resource's arguments made so.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(in crate::terraform) fn set(
    text: &str,
    labels: &[&str],
    wanted: &BTreeMap<String, Wanted>,
    keep_elements: bool,
) -> Result<String, String> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (mark, rest) = text.split_at_checked(mark).unwrap_or(("", text));
    let root = CstRootNode::parse(rest, &super::strict())
        .map_err(|_| "the JSON does not parse".to_owned())?;
    let mut object = root.object_value().ok_or("the file is no JSON object")?;
    for label in labels {
        let below = object.object_value(label);
        object = below.ok_or("the block is one of a list in JSON: a person must change it")?;
    }
    object_set(&object, wanted, keep_elements)?;
    Ok(format!("{mark}{root}"))
}

fn object_set(
    object: &CstObject,
    wanted: &BTreeMap<String, Wanted>,
    keep_elements: bool,
) -> Result<(), String> {
    for (name, wanted) in wanted {
        match (object.get(name).and_then(|property| property.value()), wanted) {
            (None, wanted) => _ = object.append(name, input(wanted)),
            (Some(have), Wanted::Value(value)) => {
                value_set(object, name, &have, value, keep_elements)?;
            }
            (Some(have), Wanted::Block(inner)) => nested(name, &have, inner, keep_elements)?,
        }
    }
    Ok(())
}

/// A nested block: an object, or a list of them.
fn nested(
    name: &str,
    have: &CstNode,
    inner: &BTreeMap<String, Wanted>,
    keep_elements: bool,
) -> Result<(), String> {
    if let Some(object) = have.as_object() {
        return object_set(&object, inner, keep_elements);
    }
    let blocks = have.as_array().map(|array| array.elements()).unwrap_or_default();
    if blocks.is_empty() {
        return Err(format!("`{name}` is no block in JSON: a person must decide"));
    }
    blocks.iter().try_for_each(|block| match block.as_object() {
        Some(object) => object_set(&object, inner, keep_elements),
        None => Err(format!("`{name}` is no block in JSON: a person must decide")),
    })
}

fn value_set(
    object: &CstObject,
    name: &str,
    have: &CstNode,
    wanted: &Value,
    keep_elements: bool,
) -> Result<(), String> {
    let value = plain(wanted);
    let json = have.to_serde_value().ok_or_else(|| format!("`{name}` cannot be read"))?;
    if Config::from_json(&json).same(&Config::from_json(&as_json(&value))) == Some(true) {
        return Ok(());
    }
    if json.to_string().contains("${") || json.to_string().contains("%{") {
        return Err(format!("`{name}` is an expression: a person must decide what it should be"));
    }
    match (have.as_array(), value) {
        (Some(array), CstInputValue::Array(items)) if keep_elements => {
            let have = json.as_array().cloned().unwrap_or_default();
            for item in items.into_iter().filter(|item| !have.contains(&as_json(item))) {
                array.append(item);
            }
        }
        (_, value) => {
            if let Some(property) = object.get(name) {
                property.set_value(value);
            }
        }
    }
    Ok(())
}

fn input(wanted: &Wanted) -> CstInputValue {
    match wanted {
        Wanted::Value(value) => plain(value),
        Wanted::Block(inner) => CstInputValue::Object(
            inner.iter().map(|(name, one)| (name.clone(), input(one))).collect(),
        ),
    }
}

/// A value of a recipe in JSON, where an expression is a template.
fn plain(value: &Value) -> CstInputValue {
    match value {
        Value::String(text) => {
            CstInputValue::String(text.replace("${", "$${").replace("%{", "%%{"))
        }
        Value::Integer(number) => CstInputValue::Number(number.to_string()),
        Value::Float(number) => CstInputValue::Number(number.to_string()),
        Value::Boolean(truth) => CstInputValue::Bool(*truth),
        Value::Datetime(time) => CstInputValue::String(time.to_string()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(plain).collect()),
        Value::Table(table) => match table.get("expr").and_then(Value::as_str) {
            Some(expression) => CstInputValue::String(format!("${{{expression}}}")),
            None => CstInputValue::Object(
                table.iter().map(|(key, one)| (key.clone(), plain(one))).collect(),
            ),
        },
    }
}

fn as_json(value: &CstInputValue) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        CstInputValue::Null => Json::Null,
        CstInputValue::Bool(truth) => Json::Bool(*truth),
        CstInputValue::Number(number) => serde_json::from_str(number).unwrap_or(Json::Null),
        CstInputValue::String(text) => Json::String(text.clone()),
        CstInputValue::Array(items) => Json::Array(items.iter().map(as_json).collect()),
        CstInputValue::Object(fields) => {
            Json::Object(fields.iter().map(|(key, one)| (key.clone(), as_json(one))).collect())
        }
    }
}
