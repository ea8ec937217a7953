//! The Terraform functions whose result can be told from the text alone.

use std::collections::BTreeMap;

use crate::Config;

/// The result of a function; unknown where it is not one of the few, or its arguments are unknown.
pub(super) fn call(name: &str, arguments: &[Config]) -> Config {
    match (name, arguments) {
        ("lower", [Config::Text(text)]) => Config::Text(text.to_lowercase()),
        ("upper", [Config::Text(text)]) => Config::Text(text.to_uppercase()),
        ("trimspace", [Config::Text(text)]) => Config::Text(text.trim().to_owned()),
        ("jsonencode" | "tolist" | "tomap" | "sensitive" | "nonsensitive", [value]) => {
            value.clone()
        }
        ("jsondecode", [Config::Text(json)]) => {
            serde_json::from_str(json).map_or(Config::Unknown, |json| Config::from_json(&json))
        }
        ("tobool", [value]) => boolean(value),
        ("tonumber", [value]) => numeric(value),
        ("tostring", [value]) => value.to_text().map_or(Config::Unknown, Config::Text),
        ("toset" | "distinct", [value]) => distinct(value),
        ("compact", [Config::List(items)]) => compact(items),
        ("concat", lists) => concat(lists),
        ("flatten", [Config::List(items)]) => Config::List(flattened(items, 0)),
        ("merge", objects) => merge(objects),
        ("length", [value]) => length(value),
        ("element", [Config::List(items), index]) => element(items, index),
        ("one", [Config::List(items)]) => match items.as_slice() {
            [only] if only.is_known() => only.clone(),
            _ => Config::Unknown,
        },
        ("join", [Config::Text(between), Config::List(items)]) => join(between, items),
        ("split", [Config::Text(at), Config::Text(text)]) if !at.is_empty() => {
            Config::List(text.split(at.as_str()).map(|part| Config::Text(part.into())).collect())
        }
        ("keys", [Config::Object(fields)]) => {
            Config::List(fields.keys().map(|key| Config::Text(key.clone())).collect())
        }
        ("values", [Config::Object(fields)]) => Config::List(fields.values().cloned().collect()),
        ("contains", [Config::List(items), value]) => contains(items, value),
        ("lookup", [Config::Object(fields), Config::Text(key)]) => {
            fields.get(key).cloned().unwrap_or(Config::Unknown)
        }
        ("lookup", [Config::Object(fields), Config::Text(key), default]) => {
            fields.get(key).unwrap_or(default).clone()
        }
        ("coalesce", values) => coalesce(values),
        // A reference may be to nothing; what is known cannot fail.
        ("try", [first, ..]) if first.is_known() => first.clone(),
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

/// A list without what it has twice. Where something is not known, as much as is written stays.
fn distinct(value: &Config) -> Config {
    let Config::List(items) = value else { return value.clone() };
    let mut kept: Vec<Config> = Vec::new();
    for item in items {
        if !kept.iter().any(|one| one.same(item) == Some(true)) {
            kept.push(item.clone());
        }
    }
    Config::List(kept)
}

fn compact(items: &[Config]) -> Config {
    let empty = |item: &Config| matches!(item, Config::Null) || item.as_text() == Some("");
    Config::List(items.iter().filter(|item| !empty(item)).cloned().collect())
}

fn concat(lists: &[Config]) -> Config {
    let mut all = Vec::new();
    for list in lists {
        let Config::List(items) = list else { return Config::Unknown };
        all.extend(items.iter().cloned());
    }
    Config::List(all)
}

fn flattened(items: &[Config], depth: usize) -> Vec<Config> {
    let mut all = Vec::new();
    for item in items {
        match item {
            Config::List(inner) if depth < 8 => all.extend(flattened(inner, depth + 1)),
            Config::Null
            | Config::Bool(_)
            | Config::Number(_)
            | Config::Text(_)
            | Config::List(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown => all.push(item.clone()),
        }
    }
    all
}

fn merge(objects: &[Config]) -> Config {
    let mut all = BTreeMap::new();
    for object in objects {
        let Config::Object(fields) = object else { return Config::Unknown };
        all.extend(fields.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Config::Object(all)
}

fn length(value: &Config) -> Config {
    let count = match value {
        // A splat has as many as its block makes.
        Config::List(items) if items.iter().all(Config::is_known) => items.len(),
        Config::Object(fields) => fields.len(),
        Config::Text(text) => text.chars().count(),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::List(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => return Config::Unknown,
    };
    u32::try_from(count).map_or(Config::Unknown, |count| Config::Number(f64::from(count)))
}

fn element(items: &[Config], index: &Config) -> Config {
    match (items, index) {
        ([only], _) => only.clone(),
        (items, Config::Number(number)) if *number >= 0.0 => {
            let index: Option<usize> = format!("{number:.0}").parse().ok();
            index.and_then(|index| items.get(index)).cloned().unwrap_or(Config::Unknown)
        }
        (_, _) => Config::Unknown,
    }
}

fn join(between: &str, items: &[Config]) -> Config {
    let texts: Option<Vec<String>> = items.iter().map(Config::to_text).collect();
    texts.map_or(Config::Unknown, |texts| Config::Text(texts.join(between)))
}

fn contains(items: &[Config], value: &Config) -> Config {
    let mut known = true;
    for item in items {
        match item.same(value) {
            Some(true) => return Config::Bool(true),
            Some(false) => {}
            None => known = false,
        }
    }
    if known { Config::Bool(false) } else { Config::Unknown }
}

/// The first value that is set.
fn coalesce(values: &[Config]) -> Config {
    let empty = |value: &&Config| matches!(value, Config::Null) || value.as_text() == Some("");
    values.iter().find(|value| !empty(value)).cloned().unwrap_or(Config::Unknown)
}
