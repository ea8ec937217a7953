//! Lenient readers that several sources' wire types share: numbers as text, text as numbers,
//! tags as maps or lists, booleans as words.

mod base64;
mod cloud;
mod product;
mod row;
mod scalar;
mod shape;
mod tree;

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_model::{Untrusted, short_id};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(crate) use base64::decode_base64;
pub(crate) use product::{cut, product_of, sha256_of, weakness_of};

pub(crate) use cloud::{
    AZURE_MACHINE, azure_machine, cloud_word, google_machine, google_name, provider_of,
};
pub(crate) use row::{Row, plain};
pub(crate) use scalar::{Facts, Text, or_default};
pub(crate) use shape::{many, object, texts};
pub(crate) use tree::Tree;

/// Text, or a number or boolean written as text; null and containers are `None`.
///
/// # Errors
/// Only where the input is no JSON value.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(&Value::deserialize(deserializer)?).map(Cow::into_owned))
}

/// The text of a scalar; `None` for null, lists and objects.
#[must_use]
pub fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Owned(truth.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number, or text that reads as one; anything else is `None`.
///
/// # Errors
/// Only where the input is no JSON value.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Tags in any spelling: `{"k":"v"}`, `[{"key":"k","value":"v"}]` in any case, `["k:v","k=v"]`.
///
/// # Errors
/// Only where the input is no JSON value.
pub fn tags<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Untrusted>, D::Error> {
    Ok(tags_of(&Value::deserialize(deserializer)?))
}

/// Most tags that are kept of one asset; real clouds allow 50 to 64.
const MOST_TAGS: usize = 256;
/// Most bytes that are kept of one tag value.
const MOST_TAG_BYTES: usize = 1024;
/// The tag that says how many more there are.
const LEFT_OUT: &str = "quell:tags-left-out";

/// The members of an object in the order of their names, whatever order they came in.
#[must_use]
pub fn sorted(object: &Value) -> BTreeMap<&str, &Value> {
    let members = object.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value)).collect()
}

/// See [`tags`].
#[must_use]
pub fn tags_of(value: &Value) -> BTreeMap<String, Untrusted> {
    let keep = |text: Cow<'_, str>| Untrusted::from(text.into_owned()).capped(MOST_TAG_BYTES);
    let named = |key: &str| short_id(key).into_owned();
    let (mut tags, all): (BTreeMap<_, _>, usize) = match value {
        Value::Object(map) => (
            map.iter()
                .take(MOST_TAGS)
                .map(|(key, value)| (named(key), keep(text_of(value).unwrap_or_default())))
                .collect(),
            map.len(),
        ),
        Value::Array(list) => (
            list.iter()
                .take(MOST_TAGS)
                .filter_map(tag_of)
                .map(|(key, value)| (named(&key), value))
                .collect(),
            list.len(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (BTreeMap::new(), 0),
    };
    if all > MOST_TAGS {
        tags.insert(LEFT_OUT.to_owned(), Untrusted::from((all - MOST_TAGS).to_string()));
    }
    tags
}

fn tag_of(value: &Value) -> Option<(String, Untrusted)> {
    match value {
        Value::Object(map) => {
            let field = |names: &[&str]| names.iter().find_map(|n| map.get(*n)).and_then(text_of);
            let key = field(&["key", "Key", "name", "Name"])?;
            let value = field(&["value", "Value", "values", "Values"]).unwrap_or_default();
            Some((key.into_owned(), Untrusted::from(value.into_owned()).capped(MOST_TAG_BYTES)))
        }
        Value::String(text) => {
            let (key, value) = text.split_once([':', '=']).unwrap_or((text, ""));
            Some((key.to_owned(), Untrusted::from(value).capped(MOST_TAG_BYTES)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_many_tags_some_are_kept_and_the_others_counted() {
        let number = |n: usize| (format!("key-{n:05}"), json!(n.to_string()));
        let object: Value = (0..10_000).map(number).collect::<serde_json::Map<_, _>>().into();
        let list: Value = (0..10_000).map(|n| json!({"Key": number(n).0, "Value": "x"})).collect();
        for many in [object, list] {
            let tags = tags_of(&many);
            assert_eq!(tags.len(), MOST_TAGS + 1);
            assert_eq!(tags[LEFT_OUT].raw(), (10_000 - MOST_TAGS).to_string());
        }
        let few: Value = (0..MOST_TAGS).map(number).collect::<serde_json::Map<_, _>>().into();
        assert!(!tags_of(&few).contains_key(LEFT_OUT));
    }

    #[test]
    fn a_long_tag_is_cut_and_its_key_stays_apart_from_others() {
        let long = "ä".repeat(128 << 10);
        let other = format!("{long}b");
        let tags = tags_of(&json!({"note": &long, (long): "a", (other): "b"}));
        assert_eq!(tags.len(), 3);
        assert!(tags["note"].raw().ends_with('…'));
        let size: usize = tags.iter().map(|(key, value)| key.len() + value.raw().len()).sum();
        assert!(size < 8 << 10, "{size}");
    }

    #[test]
    fn keys_that_differ_in_case_or_in_how_a_letter_is_written_are_all_kept() {
        let tags = tags_of(&json!([
            {"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"},
            {"Key": "caf\u{e9}", "Value": "c"}, {"Key": "cafe\u{301}", "Value": "d"},
        ]));
        let kept: Vec<&str> = tags.values().map(Untrusted::raw).collect();
        assert_eq!((tags.len(), kept.len()), (4, 4));
        assert_eq!((tags["Team"].raw(), tags["team"].raw()), ("a", "b"));
    }
}
