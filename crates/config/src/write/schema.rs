//! The JSON Schema of `quell.toml`, for editors.

use serde_json::{Map, Value, json};

use crate::key::{Key, Kind, Table};
use crate::load::default_of;
use crate::tables::TABLES;

/// The JSON Schema (draft 2020-12) of `quell.toml`.
#[must_use]
pub fn schema() -> Value {
    let tables = TABLES.iter().map(|table| (table.name.to_owned(), table_schema(table)));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "quell.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": tables.collect::<Map<_, _>>(),
    })
}

fn table_schema(table: &'static Table) -> Value {
    let keys = table.keys.iter().map(|key| (key.name.to_owned(), key_schema(key)));
    let mut inner = json!({
        "type": "object",
        "description": table.doc,
        "additionalProperties": false,
        "properties": keys.collect::<Map<_, _>>(),
    });
    if table.named.is_none() {
        return inner;
    }
    let required: Vec<&str> = table.keys.iter().filter(|k| k.required).map(|k| k.name).collect();
    // Where a value may also come from the environment, its absence is no fault of the file.
    put(
        &mut inner,
        "$comment",
        json!(format!("must be set, here or elsewhere: {}", required.join(", "))),
    );
    json!({
        "type": "object",
        "description": table.doc,
        "additionalProperties": false,
        "patternProperties": { "^[a-z0-9][a-z0-9-]{0,62}$": inner },
    })
}

fn key_schema(key: &'static Key) -> Value {
    let mut schema = kind_schema(key.kind);
    put(&mut schema, "description", json!(key.doc));
    if let Some(default) = default_of(key) {
        put(&mut schema, "default", default);
    } else if !key.sample.is_empty() && !key.kind.is_secret() {
        put(&mut schema, "examples", json!([key.sample]));
    }
    schema
}

fn put(schema: &mut Value, name: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn kind_schema(kind: Kind) -> Value {
    let text = || json!({ "type": "string" });
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let list = |items: Value| json!({ "type": "array", "items": items, "maxItems": 1000 });
    let reference = || pattern("^(env:|file:/|vault:|aws-sm:).+");
    match kind {
        Kind::Address => pattern(":[0-9]+$"),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Format | Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::Header => pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"),
        Kind::Money => json!({ "type": ["string", "number"] }),
        Kind::Hosts | Kind::Networks | Kind::Words => list(text()),
        Kind::Integer { least, most, .. } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Paths => json!({ "anyOf": [text(), list(text())] }),
        Kind::Parameters => json!({ "type": "object" }),
        Kind::Secret => reference(),
        Kind::Secrets => json!({
            "type": "array", "minItems": 1, "maxItems": 2,
            "items": { "anyOf": [reference(), {
                "type": "object",
                "additionalProperties": false,
                "required": ["secret"],
                "properties": { "secret": reference(), "until": text() },
            }]},
        }),
        Kind::Template => pattern("\\{body\\}"),
        Kind::Tenant => pattern("^[a-z][a-z0-9-]{0,63}$"),
        Kind::Text => json!({ "type": "string", "maxLength": 1024 }),
        Kind::Truth => json!({ "type": "boolean" }),
        Kind::Url => pattern("^https?://[^?#@\\s]+$"),
    }
}
