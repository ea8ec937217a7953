//! Objects and lists that may stand as something else: one odd field must not cost a record.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Text;

/// An object; anything else counts as an empty one.
///
/// # Errors
/// Where a field within the object cannot be read.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let mut found = deserializer.deserialize_any(Objects(PhantomData, false))?;
    Ok(found.pop().unwrap_or_default())
}

/// The objects of a list, or one object in its place; anything else counts as none.
///
/// # Errors
/// Where a field within an object cannot be read.
pub(crate) fn many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Objects(PhantomData, true))
}

/// A list of texts, or one text in its place.
///
/// # Errors
/// Only where the input is no JSON value.
pub(crate) fn texts<'de: 'a, 'a, D>(deserializer: D) -> Result<Vec<Text<'a>>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Texts(PhantomData))
}

/// Reads an object as one element; lists only where they are wanted.
struct Objects<T>(PhantomData<T>, bool);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Objects<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(vec![T::deserialize(MapAccessDeserializer::new(map))?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        if self.1 {
            while let Some(Element(element)) = list.next_element::<Element<T>>()? {
                found.extend(element);
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// An element of a list: an object or nothing.
struct Element<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = deserializer.deserialize_any(Objects(PhantomData, false))?;
        Ok(Self(found.pop()))
    }
}

struct Texts<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Texts<'a> {
    type Value = Vec<Text<'a>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![Text::owned(text.to_owned())])
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(vec![Text::owned(number.to_string())])
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(vec![Text::owned(number.to_string())])
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(vec![Text::owned(number.to_string())])
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Outer<'a> {
        #[serde(borrow, deserialize_with = "object")]
        one: Inner<'a>,
        #[serde(borrow, deserialize_with = "many")]
        more: Vec<Inner<'a>>,
        #[serde(borrow, deserialize_with = "texts")]
        words: Vec<Text<'a>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner<'a> {
        #[serde(borrow)]
        name: Text<'a>,
    }

    #[test]
    fn what_is_of_another_kind_counts_as_absent() {
        for odd in ["null", "true", "7", "-7", "1.5", "\"x\"", "[1,\"x\",null]", "{}"] {
            let text = format!("{{\"one\":{odd},\"more\":{odd}}}");
            let outer: Outer<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(outer.one.name.get(), None, "{odd}");
            assert!(outer.more.iter().all(|inner| inner.name.get().is_none()), "{odd}");
        }
        for odd in ["null", "true", "{\"a\":1}", "[]", "[null,[1],{}]"] {
            let text = format!("{{\"words\":{odd}}}");
            let outer: Outer<'_> = serde_json::from_str(&text).unwrap();
            assert!(outer.words.iter().all(|word| word.get().is_none()), "{odd}");
        }
    }

    #[test]
    fn one_stands_for_a_list_of_one_and_odd_elements_are_passed_over() {
        let text = r#"{"one":{"name":"a"},"more":{"name":"b"},"words":"c"}"#;
        let outer: Outer<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(outer.one.name.get(), Some("a"));
        assert_eq!(outer.more.first().and_then(|inner| inner.name.get()), Some("b"));
        assert_eq!(outer.words.first().and_then(Text::get), Some("c"));
        let text = r#"{"more":["x",{"name":"b"},[],{"name":"c"}],"words":[1,"c"]}"#;
        let outer: Outer<'_> = serde_json::from_str(text).unwrap();
        let names: Vec<_> = outer.more.iter().filter_map(|inner| inner.name.get()).collect();
        assert_eq!(names, ["b", "c"]);
        let words: Vec<_> = outer.words.iter().filter_map(Text::get).collect();
        assert_eq!(words, ["1", "c"]);
    }
}
