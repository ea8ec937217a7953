//! The few Terraform functions whose result can be told from the text alone.

use std::collections::BTreeMap;

use crate::Config;

/// The result of a function; unknown where it is not one of the few, or its arguments are unknown.
pub(super) fn call(name: &str, arguments: &[Config]) -> Config {
    let text = |change: fn(&str) -> String| match arguments {
        [Config::Text(text)] => Config::Text(change(text)),
        _ => Config::Unknown,
    };
    match (name, arguments) {
        ("lower", _) => text(str::to_lowercase),
        ("upper", _) => text(str::to_uppercase),
        ("trimspace", _) => text(|text| text.trim().to_owned()),
        ("jsonencode" | "tolist" | "toset" | "tomap" | "sensitive" | "nonsensitive", [value]) => {
            value.clone()
        }
        ("jsondecode", [Config::Text(json)]) => {
            serde_json::from_str(json).map_or(Config::Unknown, |json| Config::from_json(&json))
        }
        ("tobool", [value]) => boolean(value),
        ("tonumber", [value]) => numeric(value),
        ("tostring", [value]) => value.to_text().map_or(Config::Unknown, Config::Text),
        ("concat", lists) => concat(lists),
        ("merge", objects) => merge(objects),
        (_, _) => Config::Unknown,
    }
}

fn boolean(value: &Config) -> Config {
    match value.to_text().as_deref() {
        Some("true") => Config::Bool(true),
        Some("false") => Config::Bool(false),
        Some(_) | None => Config::Unknown,
    }
}

fn numeric(value: &Config) -> Config {
    value
        .to_text()
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite())
        .map_or(Config::Unknown, Config::Number)
}

fn concat(lists: &[Config]) -> Config {
    let mut all = Vec::new();
    for list in lists {
        let Config::List(items) = list else { return Config::Unknown };
        all.extend(items.iter().cloned());
    }
    Config::List(all)
}

fn merge(objects: &[Config]) -> Config {
    let mut all = BTreeMap::new();
    for object in objects {
        let Config::Object(fields) = object else { return Config::Unknown };
        all.extend(fields.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Config::Object(all)
}
