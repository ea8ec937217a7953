//! Paths into JSON: `a.b`, `a[].b`, `a[0].b`. A field whose own name holds a dot is found first.

use serde_json::Value;

/// Whether any value at the path passes the test.
pub(crate) fn any(document: &Value, path: &str, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    let path = path.strip_prefix('$').unwrap_or(path);
    below(document, path.trim_start_matches('.'), test)
}

fn below(value: &Value, path: &str, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    if path.is_empty() {
        return test(value);
    }
    if let Some(inner) = value.get(path) {
        return test(inner);
    }
    if let Some((index, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) {
        let rest = rest.trim_start_matches('.');
        let Some(list) = value.as_array() else { return false };
        return match index.parse::<usize>() {
            Ok(at) => list.get(at).is_some_and(|inner| below(inner, rest, test)),
            Err(_) => list.iter().any(|inner| below(inner, rest, test)),
        };
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at_checked(end).unwrap_or((path, ""));
    value.get(key).is_some_and(|inner| below(inner, rest.trim_start_matches('.'), test))
}
