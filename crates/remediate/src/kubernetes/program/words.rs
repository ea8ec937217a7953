//! The words of an object by which it may name others.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::yaml::Step;

/// The words of an object that may name others.
#[derive(Debug, Default)]
pub(in crate::kubernetes) struct Words {
    /// Whole texts: names of volumes, accounts, targets.
    pub(super) texts: HashSet<String>,
    /// Parts of texts that may be the name of a host (`redis` of `redis:6379`).
    pub(super) hosts: HashSet<String>,
    /// Services that it names in the default namespace (`redis` of `redis.default.svc`).
    pub(in crate::kubernetes) long: BTreeSet<String>,
}

/// The words of an object, without its own metadata.
pub(in crate::kubernetes) fn words(data: &Value) -> Words {
    let mut found = Words::default();
    let fields = data.as_object().into_iter().flatten();
    for (key, value) in fields {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            collect(value, &mut found);
        }
    }
    collect_long(data, &mut found.long);
    found
}

fn collect(value: &Value, into: &mut Words) {
    match value {
        Value::String(text) => {
            for host in hosts(text) {
                let first = host.split('.').next().unwrap_or_default();
                into.hosts.insert(first.to_owned());
            }
            into.texts.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(fields) => {
            // Labels tell objects apart; they are compared by selectors.
            let named = fields.iter().filter(|(key, _)| {
                !matches!(key.as_str(), "labels" | "matchLabels" | "matchExpressions" | "selector")
            });
            named.for_each(|(_, value)| collect(value, into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The parts of a text that may be the name of a host.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    text.split(move |c: char| !part(c)).filter(|part| !part.is_empty())
}

/// What a long name of a service in the default namespace begins with (`redis` of
/// `redis.default.svc`).
fn in_default(host: &str) -> Option<&str> {
    let (service, rest) = host.split_once('.')?;
    let rest = rest.strip_prefix("default")?;
    (rest.is_empty() || rest.starts_with('.')).then_some(service)
}

fn collect_long(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.extend(hosts(text).filter_map(in_default).map(ToOwned::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_long(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| collect_long(field, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every text of an object that names one of these services in the default namespace, with its
/// path, as it reads with another namespace.
pub(in crate::kubernetes) fn renamed(
    data: &Value,
    (services, namespace): (&BTreeSet<&str>, &str),
    path: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, String)>,
) {
    let to = (services, namespace);
    match data {
        Value::String(text) => {
            let new = with_namespace(text, to);
            if new != *text {
                found.push((path.clone(), new));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.into());
                renamed(item, to, path, found);
                path.pop();
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                path.push(Step::Key(key.clone()));
                renamed(field, to, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn with_namespace(text: &str, (services, namespace): (&BTreeSet<&str>, &str)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for host in hosts(text) {
        let Some(service) = in_default(host).filter(|service| services.contains(service)) else {
            continue;
        };
        let at = host.as_ptr().addr() - text.as_ptr().addr() + service.len() + 1;
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(namespace);
        from = at + "default".len();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
