//! Values as the environment and the command line write them.

use serde_json::{Value, json};

use crate::check::Wrong;
use crate::key::Kind;
use crate::read::plain;

/// The value that a text stands for. A list is written with commas, or like a list in the file.
pub(crate) fn value(kind: Kind, text: &str) -> Result<Value, Wrong> {
    match kind {
        Kind::Integer { .. } => {
            let digits = text.replace('_', "");
            digits.parse::<i64>().map(Value::from).map_err(|_| Wrong::form(kind))
        }
        Kind::Truth => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Wrong::form(kind)),
        },
        Kind::Hosts | Kind::Networks | Kind::Paths | Kind::Secrets | Kind::Words => {
            list(kind, text)
        }
        Kind::Parameters => written(kind, text),
        Kind::Address
        | Kind::Choice(_)
        | Kind::Format
        | Kind::Header
        | Kind::Money
        | Kind::Path
        | Kind::Secret
        | Kind::Template
        | Kind::Tenant
        | Kind::Text
        | Kind::Url => Ok(Value::String(text.to_owned())),
    }
}

fn list(kind: Kind, text: &str) -> Result<Value, Wrong> {
    let text = text.trim();
    if text.starts_with('[') && text.ends_with(']') && !text.starts_with("[:") {
        return written(kind, text);
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Ok(json!(items.collect::<Vec<_>>()))
}

/// As in the file.
fn written(kind: Kind, text: &str) -> Result<Value, Wrong> {
    let parsed = toml::de::DeValue::parse(text).map_err(|_| Wrong::form(kind))?;
    plain(parsed.get_ref()).ok_or_else(|| Wrong::form(kind))
}
