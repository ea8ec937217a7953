//! A resource's configuration as a tree of values, in which what is not known stays visible.

use std::collections::BTreeMap;

use serde_json::Value;

/// A value of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Config {
    /// Not set.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A list, or the blocks of one name.
    List(Vec<Config>),
    /// An object, or the body of a block.
    Object(BTreeMap<String, Config>),
    /// What another block has, known only once it is made.
    Reference {
        /// The block (`aws_s3_bucket.logs`).
        address: String,
        /// What of it (`id`); empty where the block itself is meant.
        attribute: String,
    },
    /// Text of which some parts are not known: the others in order, none for each that is not.
    Partly(Vec<Option<String>>),
    /// It depends on something that cannot be read from the files.
    Unknown,
}

impl Config {
    /// A value of JSON as a configuration.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => number.as_f64().map_or(Self::Unknown, Self::Number),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect(),
            ),
        }
    }

    /// The value as JSON; `None` where any part of it is not known.
    #[must_use]
    pub fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => number_to_json(*number)?,
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => {
                Value::Array(items.iter().map(Self::to_json).collect::<Option<_>>()?)
            }
            Self::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.to_json()?)))
                    .collect::<Option<_>>()?,
            ),
            Self::Partly(_) | Self::Reference { .. } | Self::Unknown => return None,
        })
    }

    /// The value as text, as a template would show it; objects and lists as compact JSON.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => {
                self.to_json().map(|json| json.to_string())
            }
            Self::Null | Self::Partly(_) | Self::Reference { .. } | Self::Unknown => None,
        }
    }

    /// The same, with text of which only parts are known as not known at all: what it is made of
    /// may be another thing elsewhere.
    #[must_use]
    pub(crate) fn without_parts(&self) -> Self {
        match self {
            Self::List(items) => Self::List(items.iter().map(Self::without_parts).collect()),
            Self::Object(fields) => Self::Object(
                fields.iter().map(|(key, value)| (key.clone(), value.without_parts())).collect(),
            ),
            Self::Partly(_) => Self::Unknown,
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Reference { .. }
            | Self::Unknown => self.clone(),
        }
    }

    /// The text, where it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The fields, where it is an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Object(fields) = self { Some(fields) } else { None }
    }

    /// The field of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// Whether every part of it is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => true,
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Object(fields) => fields.values().all(Self::is_known),
            Self::Partly(_) | Self::Reference { .. } | Self::Unknown => false,
        }
    }

    /// Whether two known values are the same to Terraform, which takes `"true"` for `true` and
    /// `"1"` for `1`. `None` where it depends on something unknown.
    #[must_use]
    pub fn same(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            // What a block is known by is never a star.
            (Self::Reference { attribute, .. }, Self::Text(text))
            | (Self::Text(text), Self::Reference { attribute, .. })
                if text == "*" && (attribute.ends_with("id") || attribute.ends_with("arn")) =>
            {
                Some(false)
            }
            (Self::Partly(parts), other) | (other, Self::Partly(parts)) => match other {
                Self::Bool(_) | Self::Number(_) | Self::Text(_) => {
                    let is_one = other.to_text().is_none_or(|text| may_be(parts, &text));
                    (!is_one).then_some(false)
                }
                Self::Null => Some(false),
                // Text may be JSON, which counts as what it means.
                Self::List(_)
                | Self::Object(_)
                | Self::Partly(_)
                | Self::Reference { .. }
                | Self::Unknown => None,
            },
            (Self::Unknown | Self::Reference { .. }, _)
            | (_, Self::Unknown | Self::Reference { .. }) => None,
            (Self::List(left), Self::List(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                all_same(left.iter().zip(right).map(|(left, right)| left.same(right)))
            }
            (Self::Object(left), Self::Object(right)) => {
                if !left.keys().eq(right.keys()) {
                    return Some(false);
                }
                all_same(left.values().zip(right.values()).map(|(left, right)| left.same(right)))
            }
            (Self::Null, Self::Null) => Some(true),
            (
                Self::Bool(_) | Self::Number(_) | Self::Text(_),
                Self::Bool(_) | Self::Number(_) | Self::Text(_),
            ) => Some(self.to_text() == other.to_text()),
            (
                Self::Null
                | Self::Bool(_)
                | Self::Number(_)
                | Self::Text(_)
                | Self::List(_)
                | Self::Object(_),
                _,
            ) => Some(false),
        }
    }
}

/// Whether a text may be one of which only some parts are known.
fn may_be(parts: &[Option<String>], text: &str) -> bool {
    let known = parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.as_deref()?)));
    let mut rest = text;
    for (at, part) in known {
        // The last one ends the text, so that it must not be taken for an earlier one.
        if at + 1 == parts.len() {
            return if at == 0 { rest == part } else { rest.ends_with(part) };
        }
        let found = if at == 0 {
            rest.strip_prefix(part)
        } else {
            rest.split_once(part).map(|(_, rest)| rest)
        };
        match found {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// Whole numbers without a fraction, so that `7` and `7.0` read the same.
fn number_to_json(number: f64) -> Option<Value> {
    let whole = format!("{number:.0}");
    match whole.parse::<i64>() {
        Ok(integer) if number.fract() == 0.0 => Some(Value::from(integer)),
        Ok(_) | Err(_) => serde_json::Number::from_f64(number).map(Value::Number),
    }
}

fn all_same(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    loop {
        match parts.next() {
            None => return known.then_some(true),
            Some(Some(false)) => return Some(false),
            Some(Some(true)) => {}
            Some(None) => known = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_takes_text_for_scalars() {
        let text = |text: &str| Config::Text(text.to_owned());
        assert_eq!(text("true").same(&Config::Bool(true)), Some(true));
        assert_eq!(text("7").same(&Config::Number(7.0)), Some(true));
        assert_eq!(text("7").same(&Config::Number(8.0)), Some(false));
        assert_eq!(Config::Unknown.same(&Config::Bool(true)), None);
        assert_eq!(Config::Null.same(&Config::Bool(true)), Some(false));
    }

    #[test]
    fn text_that_is_known_in_parts_is_not_any_other() {
        let gap = || None;
        let own = |text: &str| Some(text.to_owned());
        for (parts, text, expected) in [
            (vec![gap(), own("/32")], "0.0.0.0/0", Some(false)),
            (vec![gap(), own("/32")], "10.0.0.1/32", None),
            (vec![own("a-"), gap()], "b", Some(false)),
            (vec![own("a-"), gap()], "a-", None),
            (vec![own("a-"), gap(), own("-b"), gap(), own("-c")], "a-x-c", Some(false)),
            (vec![own("a-"), gap(), own("-b"), gap(), own("-c")], "a-x-b-c", None),
            (vec![own("a"), gap(), own("a")], "a", Some(false)),
            (vec![own("a"), gap(), own("a")], "aa", None),
        ] {
            let parts = Config::Partly(parts);
            assert_eq!(parts.same(&Config::Text(text.into())), expected, "{parts:?} {text}");
            assert_eq!(parts.same(&Config::Null), Some(false));
            assert_eq!((parts.same(&parts), parts.is_known()), (None, false));
        }
    }

    #[test]
    fn a_difference_is_known_beside_an_unknown() {
        let left = Config::List(vec![Config::Unknown, Config::Number(1.0)]);
        let right = Config::List(vec![Config::Null, Config::Number(2.0)]);
        assert_eq!(left.same(&right), Some(false));
    }
}
