//! Counts the records of a text another way than the splitter does: with the whole tree at hand.

use quell_sources::{Need, Shape};
use serde_json::Value;

use crate::mutate::documents;

/// The least number of results that a text must have; `None` where it is no JSON.
pub(super) fn least_items(text: &[u8], shape: &Shape) -> Option<usize> {
    let table = shape.needs.iter().any(|need| matches!(need, Need::Column(_)));
    let documents = documents(text).filter(|_| !table)?;
    let count = |document| Counted::of(document, shape.records, "$", shape).items;
    Some(documents.iter().map(count).sum())
}

/// What a value holds.
#[derive(Default)]
struct Counted {
    /// Records, and values that stand where records should be.
    items: usize,
    /// Lists of records, empty ones and `null` too.
    lists: usize,
}

impl Counted {
    /// Counts below a value, of paths from there on.
    fn of(value: &Value, paths: &[&str], place: &str, shape: &Shape) -> Self {
        if paths.is_empty() {
            return Self::default();
        }
        if ends(paths) {
            return Self { items: 1, lists: 0 };
        }
        let each: Vec<&str> = paths.iter().filter_map(|p| after_each(p)).collect();
        match value {
            Value::Null => Self { items: 0, lists: usize::from(!each.is_empty()) },
            Value::Array(list) if !each.is_empty() => {
                let items = list.iter().map(|v| Self::element(v, &each, place, shape)).sum();
                Self { items, lists: 1 }
            }
            Value::Object(map) if each.len() < paths.len() => {
                let mut sum = Self::default();
                for (key, value) in map {
                    let inner: Vec<&str> = paths.iter().filter_map(|p| after_key(p, key)).collect();
                    let found = Self::of(value, &inner, &format!("{place}.{key}"), shape);
                    sum.items += found.items;
                    sum.lists += found.lists;
                }
                sum
            }
            Value::Array(_)
            | Value::Object(_)
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Self { items: 1, lists: 0 },
        }
    }

    /// The results of one element: one that holds no list of records counts as one.
    fn element(value: &Value, paths: &[&str], place: &str, shape: &Shape) -> usize {
        let place = format!("{place}[]");
        let found = Self::of(value, paths, &place, shape);
        let may_be_bare = |need: &Need| matches!(need, Need::Bare(path) if *path == place);
        let vanished = found.items == 0 && found.lists == 0;
        found.items + usize::from(vanished && !shape.needs.iter().any(may_be_bare))
    }
}

fn ends(paths: &[&str]) -> bool {
    paths.iter().any(|path| path.trim_start_matches('$').is_empty())
}

fn after_each(path: &str) -> Option<&str> {
    path.trim_start_matches('$').strip_prefix("[]")
}

fn after_key<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let path = path.trim_start_matches('$');
    let quoted =
        path.strip_prefix("['").and_then(|rest| rest.strip_prefix(key)?.strip_prefix("']"));
    let plain = || {
        let rest = path.strip_prefix('.')?.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
    };
    quoted.or_else(plain)
}
