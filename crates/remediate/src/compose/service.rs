//! A service as the tree of values that checks look into: as it is written, with the defaults of
//! variables put in; what a variable leaves open is unknown.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Config;

/// The services of a file in the order of the text.
pub(super) fn services(data: &Value) -> impl Iterator<Item = (&String, &Value)> {
    data.get("services").and_then(Value::as_object).into_iter().flatten()
}

/// The tree of a service.
pub(super) fn config(service: &Value) -> Config {
    match service {
        Value::String(text) => resolved(text),
        Value::Array(items) => Config::List(items.iter().map(config).collect()),
        Value::Object(fields) => {
            let mut tree: BTreeMap<String, Config> =
                fields.iter().map(|(name, value)| (name.clone(), config(value))).collect();
            if let Some(from) = fields.get("extends") {
                // What it takes from elsewhere is not looked up.
                tree.insert("extends".to_owned(), config(from));
            }
            Config::Object(tree)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Config::from_json(service),
    }
}

/// `${NAME:-default}` is its default; any other variable leaves the text open.
fn resolved(text: &str) -> Config {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = tail.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inner = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'));
        let Some((inner, after)) = inner else { return Config::Unknown };
        let Some((_, default)) = inner.split_once(":-").or_else(|| inner.split_once('-')) else {
            return Config::Unknown;
        };
        if default.contains('$') {
            return Config::Unknown;
        }
        out.push_str(default);
        rest = after;
    }
    out.push_str(rest);
    Config::Text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_put_in_and_the_rest_is_unknown() {
        assert_eq!(resolved("a:${V:-1}"), Config::Text("a:1".into()));
        assert_eq!(resolved("a$$b"), Config::Text("a$b".into()));
        assert_eq!(resolved("${V}"), Config::Unknown);
        assert_eq!(resolved("$V"), Config::Unknown);
    }
}
