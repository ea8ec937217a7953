//! OpenVEX as written. Products and parts are ids in old documents, objects in new ones.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::wire::{Text, cut, or_default, text_of};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Statement<'a> {
    #[serde(borrow, rename = "@id")]
    pub(super) id: Text<'a>,
    #[serde(deserialize_with = "named")]
    pub(super) vulnerability: Weakness,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) last_updated: Text<'a>,
    #[serde(deserialize_with = "things")]
    pub(super) products: Vec<Thing>,
    #[serde(deserialize_with = "things")]
    pub(super) subcomponents: Vec<Thing>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) status_notes: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
    #[serde(borrow)]
    pub(super) impact_statement: Text<'a>,
    #[serde(borrow)]
    pub(super) action_statement: Text<'a>,
}

/// The weakness: its name, or an object with its name and aliases.
#[derive(Debug, Default)]
pub(super) struct Weakness {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
}

/// A product or a part of one.
#[derive(Debug, Default, Clone)]
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) purl: String,
    pub(super) sha256: String,
    pub(super) parts: Vec<Thing>,
}

fn field(value: &Value, name: &str) -> String {
    value.get(name).and_then(text_of).map(|t| cut(t.trim()).to_owned()).unwrap_or_default()
}

fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weakness, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if let Some(name) = text_of(&value) {
        return Ok(Weakness { name: name.trim().to_owned(), aliases: Vec::new() });
    }
    let aliases = value.get("aliases").and_then(Value::as_array);
    let aliases = aliases.into_iter().flatten().filter_map(text_of).map(|a| a.trim().to_owned());
    let name = match field(&value, "name") {
        // Some documents give only the page of the weakness; its last part is the id.
        name if name.is_empty() => {
            field(&value, "@id").rsplit('/').next().unwrap_or_default().to_owned()
        }
        name => name,
    };
    Ok(Weakness { name, aliases: aliases.filter(|a| !a.is_empty()).collect() })
}

fn things<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Thing>, D::Error> {
    let value: Value = or_default(deserializer)?;
    Ok(list(&value))
}

/// The things of a list; a single one stands for a list of one.
pub(super) fn list(value: &Value) -> Vec<Thing> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(thing).collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![thing(value)]
        }
    }
}

fn thing(value: &Value) -> Thing {
    if let Some(id) = text_of(value) {
        return Thing { id: cut(id.trim()).to_owned(), ..Thing::default() };
    }
    let hashes = value.get("hashes").or_else(|| value.get("digest")).unwrap_or(&Value::Null);
    let sha256 = ["sha-256", "sha256", "SHA-256"].iter().map(|name| field(hashes, name));
    let id = match field(value, "@id") {
        id if id.is_empty() => field(value, "name"),
        id => id,
    };
    Thing {
        id,
        purl: field(value.get("identifiers").unwrap_or(&Value::Null), "purl"),
        sha256: sha256.into_iter().find(|hash| !hash.is_empty()).unwrap_or_default(),
        parts: value
            .get("subcomponents")
            .and_then(Value::as_array)
            .map(|parts| parts.iter().map(leaf).collect())
            .unwrap_or_default(),
    }
}

/// A part; parts of parts are not in the standard.
fn leaf(value: &Value) -> Thing {
    Thing { parts: Vec::new(), ..thing(value) }
}
