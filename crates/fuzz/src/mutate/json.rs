//! Changes of JSON documents: values dropped, repeated, retyped, renamed, moved, nested.

use serde_json::{Map, Value};

use super::documents;
use super::words::{NUMBERS, TEXTS};
use crate::Random;

/// Deepest level at which a value is changed.
const MOST_DEPTH: usize = 40;

/// Makes a text from documents.
pub(super) fn mutate(
    mut documents: Vec<Value>,
    others: &[Vec<u8>],
    random: &mut Random,
) -> Vec<u8> {
    for _ in 0..=random.below(5) {
        once(&mut documents, others, random);
    }
    write(&documents, random)
}

fn once(documents: &mut Vec<Value>, others: &[Vec<u8>], random: &mut Random) {
    let number = random.below(documents.len());
    match random.below(20) {
        0 => {
            let other = other_document(others, random);
            documents.insert(number, other);
        }
        1 => {
            let same = documents.get(number).cloned().unwrap_or_default();
            documents.push(same);
        }
        2 => rearrange(documents),
        3 => {
            let part = part_of(&other_document(others, random), random).clone();
            with_random(documents, number, random, |value, _| *value = part);
        }
        4 => {
            let part = documents.get(number).map(|d| part_of(d, random).clone());
            let part = part.unwrap_or_default();
            with_random(documents, number, random, |value, _| *value = part);
        }
        5..=9 => with_random(documents, number, random, change_members),
        _ => with_random(documents, number, random, change_value),
    }
}

/// One document becomes a list of itself, or a list its elements.
fn rearrange(documents: &mut Vec<Value>) {
    let all = std::mem::take(documents);
    let lists = all.iter().all(Value::is_array);
    if lists {
        documents.extend(all.into_iter().flat_map(|list| match list {
            Value::Array(elements) => elements,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Vec::new(),
        }));
    } else {
        documents.push(Value::Array(all));
    }
}

fn other_document(others: &[Vec<u8>], random: &mut Random) -> Value {
    let text = random.pick(others).map(Vec::as_slice).unwrap_or_default();
    documents(text).and_then(|all| all.into_iter().next()).unwrap_or_default()
}

/// A value somewhere in this one.
fn part_of<'v>(value: &'v Value, random: &mut Random) -> &'v Value {
    let mut at = value;
    for _ in 0..MOST_DEPTH {
        let inner = match at {
            Value::Array(list) => random.pick(list),
            Value::Object(map) => map.values().nth(random.below(map.len())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        match inner {
            Some(inner) if !random.once_in(4) => at = inner,
            Some(_) | None => return at,
        }
    }
    at
}

/// Hands a value somewhere in a document to `change`.
fn with_random(
    documents: &mut [Value],
    number: usize,
    random: &mut Random,
    change: impl FnOnce(&mut Value, &mut Random),
) {
    let Some(mut at) = documents.get_mut(number) else { return };
    for _ in 0..MOST_DEPTH {
        let stays = random.once_in(6);
        let holds = match at {
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        };
        if stays || holds == 0 {
            break;
        }
        let inner = random.below(holds);
        at = match at {
            Value::Array(list) => match list.get_mut(inner) {
                Some(value) => value,
                None => return,
            },
            Value::Object(map) => match map.values_mut().nth(inner) {
                Some(value) => value,
                None => return,
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return,
        };
    }
    change(at, random);
}

/// Changes what a list or an object holds.
fn change_members(value: &mut Value, random: &mut Random) {
    match value {
        Value::Array(list) => change_list(list, random),
        Value::Object(map) => change_object(map, random),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            change_value(value, random);
        }
    }
}

fn change_list(list: &mut Vec<Value>, random: &mut Random) {
    let (at, other) = (random.below(list.len()), random.below(list.len()));
    match random.below(6) {
        0 if !list.is_empty() => drop(list.remove(at)),
        1 if !list.is_empty() => list.swap(at, other),
        2 => list.clear(),
        3 => list.insert(at, odd(random)),
        _ => {
            let element = list.get(at).cloned().unwrap_or_default();
            for _ in 0..=random.below(9) {
                list.push(element.clone());
            }
        }
    }
}

fn change_object(map: &mut Map<String, Value>, random: &mut Random) {
    let key = map.keys().nth(random.below(map.len())).cloned();
    let Some(key) = key else { return };
    match random.below(6) {
        0 | 1 => drop(map.remove(&key)),
        2 => {
            let renamed = rename(&key, random);
            if let Some(value) = map.remove(&key) {
                map.insert(renamed, value);
            }
        }
        3 => {
            let value = map.get(&key).cloned().unwrap_or_default();
            map.insert(rename(&key, random), value);
        }
        4 => drop(map.insert(key, odd(random))),
        _ => drop(map.insert(random.word(TEXTS).to_owned(), odd(random))),
    }
}

fn rename(key: &str, random: &mut Random) -> String {
    match random.below(6) {
        0 => key.to_uppercase(),
        1 => key.to_lowercase(),
        2 => format!("{key} "),
        3 => format!("{key}.{key}"),
        4 => key.chars().skip(1).collect(),
        _ => random.word(TEXTS).to_owned(),
    }
}

fn change_value(value: &mut Value, random: &mut Random) {
    if let Value::String(text) = value
        && !random.once_in(3)
    {
        *text = change_text(text, random);
        return;
    }
    *value = match random.below(8) {
        0 => Value::Array(vec![value.take()]),
        1 => Value::Object(Map::from_iter([("q9z".to_owned(), value.take())])),
        2 => nested(random),
        _ => odd(random),
    };
}

/// A value of a random type.
fn odd(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => Value::Bool(random.once_in(2)),
        2 | 3 => serde_json::from_str(random.word(NUMBERS)).unwrap_or_default(),
        4 => Value::Array(Vec::new()),
        5 => Value::Object(Map::new()),
        _ => Value::String(random.word(TEXTS).to_owned()),
    }
}

/// A value in many brackets: around what is allowed, and beyond it.
fn nested(random: &mut Random) -> Value {
    let depth = [3, 60, 110].get(random.below(3)).copied().unwrap_or(1);
    (0..depth).fold(Value::Null, |inner, _| match random.once_in(2) {
        true => Value::Array(vec![inner]),
        false => Value::Object(Map::from_iter([("a".to_owned(), inner)])),
    })
}

fn change_text(text: &str, random: &mut Random) -> String {
    let count = text.chars().count();
    match random.below(10) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => text.chars().take(random.below(count)).collect(),
        3 => text.chars().skip(random.below(count)).collect(),
        4 => format!("{text}{}", random.word(TEXTS)),
        5 => format!("{}{text}", random.word(TEXTS)),
        6 if random.once_in(6) => text.repeat(100_000 / text.len().max(1)),
        6 | 7 => text.chars().rev().collect(),
        8 => text.replace([':', '/', '-'], random.word(&["", "::", "/", "%2F", " "])),
        _ => random.word(TEXTS).to_owned(),
    }
}

/// Writes the documents, one way or another.
fn write(documents: &[Value], random: &mut Random) -> Vec<u8> {
    let style = random.below(4);
    let one = |document: &Value| match style {
        0 => serde_json::to_string_pretty(document).unwrap_or_default(),
        _ => document.to_string(),
    };
    let separator = random.word(&["\n", "\n", "\n", " ", "", "\r\n\n"]);
    let mut text = documents.iter().map(one).collect::<Vec<_>>().join(separator);
    if random.once_in(16) {
        repeat_field(&mut text, random);
    }
    text.into_bytes()
}

/// Writes a field twice, which no tree can hold.
fn repeat_field(text: &mut String, random: &mut Random) {
    let places: Vec<usize> = text.match_indices("{\"").map(|(at, _)| at).collect();
    let Some(start) = random.pick(&places) else { return };
    let rest = text.get(start + 1..).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let Some(Ok(key)) = values.next() else { return };
    let again = format!("{}:{},", Value::String(key), odd(random));
    text.insert_str(start + 1, &again);
}
