//! Text that is JSON, read as what it means.

use crate::Config;

/// Stands in a template for a part that is not known.
pub(super) const UNKNOWN_PART: char = '\u{f8ff}';

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

/// JSON with unknown parts: text with such a part is unknown, the rest is known.
pub(super) fn partly_known(text: &str) -> Config {
    if !text.trim_start().starts_with(['{', '[']) {
        return Config::Unknown;
    }
    match serde_json::from_str(text) {
        Ok(json) => with_unknown_parts(Config::from_json(&json)),
        Err(_) => Config::Unknown,
    }
}

fn with_unknown_parts(value: Config) -> Config {
    match value {
        Config::Text(text) if text.contains(UNKNOWN_PART) => Config::Unknown,
        Config::List(items) => Config::List(items.into_iter().map(with_unknown_parts).collect()),
        Config::Object(fields) => {
            if fields.keys().any(|key| key.contains(UNKNOWN_PART)) {
                return Config::Unknown;
            }
            Config::Object(
                fields.into_iter().map(|(key, value)| (key, with_unknown_parts(value))).collect(),
            )
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Unknown => value,
    }
}
