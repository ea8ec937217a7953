//! Whether a value fits its key. What is said of a wrong value never repeats it.

use std::net::{IpAddr, SocketAddr};

use jiff::civil::Date;
use quell_model::TenantId;
use serde_json::{Map, Value, json};

use crate::key::{Key, Kind};
use crate::money::Money;
use crate::nearest::nearest;
use crate::secret::SecretRef;

/// Longest text.
const MOST_TEXT_BYTES: usize = 1024;
/// Longest path or address.
const MOST_PATH_BYTES: usize = 4096;
/// Longest list.
const MOST_ITEMS: usize = 1000;
/// Deepest table of parameters.
const MOST_DEPTH: usize = 8;
/// Secrets of one hook.
const MOST_SECRETS: usize = 2;

/// Why a value does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) problem: String,
    pub(crate) help: String,
}

impl Wrong {
    pub(crate) fn form(kind: Kind) -> Self {
        Self { problem: format!("must be {}", kind.words()), help: String::new() }
    }

    fn secret(kind: Kind, problem: &str) -> Self {
        Self { problem: problem.to_owned(), help: format!("write {}", kind.words()) }
    }
}

/// The value as the types want it.
pub(crate) fn check(key: &Key, value: Value, formats: &[&str]) -> Result<Value, Wrong> {
    let kind = key.kind;
    let fits = |fits: bool| if fits { Ok(()) } else { Err(Wrong::form(kind)) };
    match kind {
        Kind::Integer { least, most, .. } => {
            fits(value.as_i64().is_some_and(|n| (least..=most).contains(&n)))?;
        }
        Kind::Truth => fits(value.is_boolean())?,
        Kind::Hosts => fits(items(&value).is_some_and(|all| all.iter().all(|h| is_host(h))))?,
        Kind::Words => {
            let is_word = |one: &&str| !one.is_empty() && is_text(kind, one);
            fits(items(&value).is_some_and(|all| all.iter().all(is_word)))?;
        }
        Kind::Networks => {
            fits(items(&value).is_some_and(|all| all.iter().all(|n| is_network(n))))?;
        }
        Kind::Paths => return paths(value).ok_or(Wrong::form(kind)),
        Kind::Parameters => {
            let mut flat = Map::new();
            fits(flatten(&value, "", (0, &mut flat)))?;
            return Ok(Value::Object(flat));
        }
        Kind::Secret => secret(kind, &value)?,
        Kind::Secrets => return secrets(kind, value),
        Kind::Money => {
            let text = if value.is_number() { json!(value.to_string()) } else { value };
            fits(text.as_str().is_some_and(|text| text.parse::<Money>().is_ok()))?;
            return Ok(text);
        }
        Kind::Choice(words) => word(kind, &value, words)?,
        Kind::Format if formats.is_empty() => fits(value.as_str().is_some_and(is_name))?,
        Kind::Format => word(kind, &value, &[formats, &["auto"]].concat())?,
        Kind::Address
        | Kind::Header
        | Kind::Path
        | Kind::Template
        | Kind::Tenant
        | Kind::Text
        | Kind::Url => {
            fits(value.as_str().is_some_and(|text| is_text(kind, text)))?;
        }
    }
    Ok(value)
}

fn is_text(kind: Kind, text: &str) -> bool {
    if text.chars().any(char::is_control) || text.len() > MOST_PATH_BYTES {
        return false;
    }
    match kind {
        Kind::Address => text.parse::<SocketAddr>().is_ok(),
        Kind::Header => is_header(text),
        Kind::Path => !text.is_empty(),
        Kind::Template => is_template(text),
        Kind::Tenant => text.parse::<TenantId>().is_ok(),
        Kind::Url => is_url(text),
        Kind::Text
        | Kind::Choice(_)
        | Kind::Format
        | Kind::Hosts
        | Kind::Integer { .. }
        | Kind::Money
        | Kind::Networks
        | Kind::Paths
        | Kind::Parameters
        | Kind::Secret
        | Kind::Secrets
        | Kind::Truth
        | Kind::Words => text.len() <= MOST_TEXT_BYTES,
    }
}

/// The words of a template stand in braces, and no other braces stand anywhere.
fn is_template(text: &str) -> bool {
    let bare = ["{body}", "{timestamp}", "{id}"]
        .iter()
        .fold(text.to_owned(), |text, word| text.replacen(word, "", 1));
    text.len() <= MOST_TEXT_BYTES && text.contains("{body}") && !bare.contains(['{', '}'])
}

fn word(kind: Kind, value: &Value, words: &[&str]) -> Result<(), Wrong> {
    let Some(text) = value.as_str() else { return Err(Wrong::form(kind)) };
    if words.contains(&text) {
        return Ok(());
    }
    let help =
        nearest(text, words).map_or_else(String::new, |near| format!("do you mean `{near}`?"));
    Err(Wrong { help, ..Wrong::form(kind) })
}

fn items(value: &Value) -> Option<Vec<&str>> {
    let all = value.as_array().filter(|all| all.len() <= MOST_ITEMS)?;
    all.iter().map(Value::as_str).collect()
}

/// One path or many become many.
fn paths(value: Value) -> Option<Value> {
    let all = if value.is_string() { json!([value]) } else { value };
    let fit = items(&all)?.iter().all(|path| is_text(Kind::Path, path));
    fit.then_some(all)
}

/// Tables become dotted names, and scalars text.
fn flatten(value: &Value, above: &str, (depth, flat): (usize, &mut Map<String, Value>)) -> bool {
    let Some(table) = value.as_object().filter(|_| depth < MOST_DEPTH) else { return false };
    table.iter().all(|(key, value)| {
        let name = format!("{above}{key}");
        if value.is_object() {
            return flatten(value, &format!("{name}."), (depth + 1, &mut *flat));
        }
        let text = match value.as_str() {
            Some(text) => text.to_owned(),
            None if value.is_number() || value.is_boolean() => value.to_string(),
            None => return false,
        };
        let new = !flat.contains_key(&name);
        flat.insert(name, Value::String(text));
        new
    })
}

fn secret(kind: Kind, value: &Value) -> Result<(), Wrong> {
    let Some(text) = value.as_str() else { return Err(Wrong::form(kind)) };
    match text.parse::<SecretRef>() {
        Ok(_) => Ok(()),
        Err(problem) => Err(Wrong::secret(kind, problem)),
    }
}

/// Text and tables become tables.
fn secrets(kind: Kind, value: Value) -> Result<Value, Wrong> {
    let Value::Array(all) = value else { return Err(Wrong::form(kind)) };
    if all.is_empty() || all.len() > MOST_SECRETS {
        return Err(Wrong::form(kind));
    }
    let mut out: Vec<Value> = Vec::new();
    for one in all {
        let table = if one.is_string() { json!({ "secret": one }) } else { one };
        secret(kind, table.get("secret").unwrap_or(&Value::Null))?;
        let known = table.as_object().is_some_and(|table| {
            table.keys().all(|key| matches!(key.as_str(), "secret" | "until"))
        });
        let dated = table
            .get("until")
            .is_none_or(|day| day.as_str().is_some_and(|day| day.parse::<Date>().is_ok()));
        if !known || !dated {
            return Err(Wrong::form(kind));
        }
        if out.iter().any(|other| other.get("secret") == table.get("secret")) {
            return Err(Wrong::secret(kind, "names the same secret twice"));
        }
        out.push(table);
    }
    Ok(Value::Array(out))
}

/// Letters, digits and a few signs.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && !text.starts_with('.')
}

/// A token of RFC 9110.
fn is_header(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (1..=253).contains(&text.len()) && text.split('.').all(label)
}

/// A host, all hosts below one, an address or a network; with `http://` before it, plain HTTP is
/// meant too.
fn is_network(text: &str) -> bool {
    let scheme = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let text = scheme.unwrap_or(text);
    let Some((address, length)) = text.split_once('/') else {
        return is_host_and_port(text.strip_prefix("*.").unwrap_or(text));
    };
    let Ok(length) = length.parse::<u8>() else { return false };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => length <= 32,
        Ok(IpAddr::V6(_)) => length <= 128,
        Err(_) => false,
    }
}

fn is_host_and_port(text: &str) -> bool {
    if is_host(text) || text.parse::<SocketAddr>().is_ok() {
        return true;
    }
    text.rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok_and(|p| p > 0))
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = !rest.contains(char::is_whitespace) && !rest.contains(['?', '#', '\\']);
    plain && text.len() <= MOST_TEXT_BYTES && is_host_and_port(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_no_user_no_query_and_no_spaces() {
        for url in ["https://a.example", "http://127.0.0.1:9000/x", "https://[::1]:8443"] {
            assert!(is_url(url), "{url}");
        }
        for url in [
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a b",
            "https://a?token=x",
            "a.example",
        ] {
            assert!(!is_url(url), "{url}");
        }
    }

    #[test]
    fn networks_have_a_length_that_fits() {
        for network in ["10.0.0.0/8", "fd00::/8", "10.1.2.3", "vault.internal", "minio:9000", "::1"]
        {
            assert!(is_network(network), "{network}");
        }
        for network in ["http://minio.internal:9000", "*.corp.example", "https://10.0.0.0/8"] {
            assert!(is_network(network), "{network}");
        }
        for network in ["ftp://minio", "http://", "*.", "a.*.b"] {
            assert!(!is_network(network), "{network}");
        }
        for network in ["10.0.0.0/33", "fd00::/129", "10.0.0/8", "a b", "", "minio:0", "*"] {
            assert!(!is_network(network), "{network}");
        }
    }

    #[test]
    fn a_parameter_that_is_said_twice_is_refused() {
        let twice = json!({"a.b": "x", "a": {"b": "y"}});
        assert!(!flatten(&twice, "", (0, &mut Map::new())));
        let mut flat = Map::new();
        assert!(flatten(&json!({"a": {"b": 1, "c": true}}), "", (0, &mut flat)));
        assert_eq!(Value::Object(flat), json!({"a.b": "1", "a.c": "true"}));
    }
}
