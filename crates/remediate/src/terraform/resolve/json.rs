//! Text that is JSON, read as what it means.

use crate::Config;

/// Stands in a template around the number of a part that is not known.
const UNKNOWN_PART: char = '\u{f8ff}';

/// Puts a part into a template that is not known; `parts` is what it stands for.
pub(super) fn put_unknown(text: &mut String, parts: &mut Vec<Config>, part: Config) {
    text.push_str(&format!("{UNKNOWN_PART}{}{UNKNOWN_PART}", parts.len()));
    parts.push(part);
}

/// Text that is a JSON object or list becomes that, so that paths reach into policies.
pub(super) fn parsed(value: Config) -> Config {
    let Config::Text(text) = &value else { return value };
    if !text.trim_start().starts_with(['{', '[']) {
        return value;
    }
    match serde_json::from_str(text) {
        Ok(json) => Config::from_json(&json),
        Err(_) => value,
    }
}

/// JSON with unknown parts: text with such a part is unknown, except a reference that stands
/// alone; the rest is known. None where the text is none.
pub(super) fn partly_known(text: &str, parts: &[Config]) -> Option<Config> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    Some(match serde_json::from_str(text) {
        Ok(json) => with_unknown_parts(Config::from_json(&json), parts),
        Err(_) => Config::Unknown,
    })
}

/// The reference that a text is nothing but.
fn lone(text: &str, parts: &[Config]) -> Config {
    let number = text.strip_prefix(UNKNOWN_PART).and_then(|text| text.strip_suffix(UNKNOWN_PART));
    let part = number.and_then(|number| parts.get(number.parse::<usize>().ok()?));
    match part {
        Some(Config::Reference { address, attribute }) => {
            Config::Reference { address: address.clone(), attribute: attribute.clone() }
        }
        Some(_) | None => Config::Unknown,
    }
}

fn with_unknown_parts(value: Config, parts: &[Config]) -> Config {
    let deeper = |value| with_unknown_parts(value, parts);
    match value {
        Config::Text(text) if text.contains(UNKNOWN_PART) => lone(&text, parts),
        Config::List(items) => Config::List(items.into_iter().map(deeper).collect()),
        Config::Object(fields) => {
            if fields.keys().any(|key| key.contains(UNKNOWN_PART)) {
                return Config::Unknown;
            }
            Config::Object(fields.into_iter().map(|(key, value)| (key, deeper(value))).collect())
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => value,
    }
}
