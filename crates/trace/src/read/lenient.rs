//! Values that may be anything: what is not as it should be counts as not there.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::attributes::is_known;

/// The methods of a visitor for everything that is not looked at.
macro_rules! nothing_else {
    ($($what:ident)*) => { $(nothing_else!(@ $what);)* };
    (@ scalars) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ text) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ list) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (@ map) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}
pub(super) use nothing_else;

/// A text, where it is one.
#[derive(Debug, Default)]
pub(super) struct Word(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl<'de> Visitor<'de> for WordVisitor {
    type Value = Word;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Word, E> {
        Ok(Word(Some(text.to_owned())))
    }
    nothing_else!(scalars list map);
}

/// A number or a text, as text; a version for one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plain(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain(Some(text.to_owned())))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Plain, E> {
        Ok(Plain(Some(number.to_string())))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain(Some(number.to_string())))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Plain, E> {
        Ok(Plain(Some(number.to_string())))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain(None))
    }
    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain(None))
    }
    nothing_else!(list map);
}

/// Whether something is hidden: `true`, as plans mark it.
#[derive(Debug, Default)]
struct Hidden(bool);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(HiddenVisitor)
    }
}

struct HiddenVisitor;

impl<'de> Visitor<'de> for HiddenVisitor {
    type Value = Hidden;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Hidden, E> {
        Ok(Hidden(truth))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Hidden, E> {
        Ok(Hidden(false))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Hidden, E> {
        Ok(Hidden(false))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Hidden, E> {
        Ok(Hidden(false))
    }
    fn visit_unit<E>(self) -> Result<Hidden, E> {
        Ok(Hidden(false))
    }
    nothing_else!(text list map);
}

/// Attributes that the file says are sensitive.
#[derive(Debug, Default)]
pub(super) struct Sensitive {
    /// Whether all are.
    pub(super) all: bool,
    /// The names of those that are looked at.
    pub(super) names: Vec<String>,
}

impl Sensitive {
    fn note(&mut self, name: String) {
        if is_known(&name) && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

/// A step of a path in a state file: `{"type": "get_attr", "value": "password"}`.
#[derive(Debug, Default, serde::Deserialize)]
struct Step {
    #[serde(default)]
    value: Plain,
}

/// The first step of a path.
#[derive(Debug, Default)]
struct First(Option<String>);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FirstVisitor)
    }
}

struct FirstVisitor;

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = First;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path")
    }
    fn visit_str<E>(self, text: &str) -> Result<First, E> {
        Ok(First(Some(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut steps: A) -> Result<First, A::Error> {
        let first = steps.next_element::<Step>()?;
        while steps.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first.and_then(|step| step.value.0)))
    }
    nothing_else!(scalars map);
}

impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SensitiveVisitor)
    }
}

struct SensitiveVisitor;

impl<'de> Visitor<'de> for SensitiveVisitor {
    type Value = Sensitive;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is sensitive")
    }
    fn visit_bool<E>(self, all: bool) -> Result<Sensitive, E> {
        Ok(Sensitive { all, names: Vec::new() })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut paths: A) -> Result<Sensitive, A::Error> {
        let mut sensitive = Sensitive::default();
        while let Some(First(name)) = paths.next_element()? {
            name.into_iter().for_each(|name| sensitive.note(name));
        }
        Ok(sensitive)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sensitive, A::Error> {
        let mut sensitive = Sensitive::default();
        while let Some(name) = map.next_key::<String>()? {
            let Hidden(hidden) = map.next_value()?;
            hidden.then_some(name).into_iter().for_each(|name| sensitive.note(name));
        }
        Ok(sensitive)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Sensitive, E> {
        Ok(Sensitive::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Sensitive, E> {
        Ok(Sensitive::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Sensitive, E> {
        Ok(Sensitive::default())
    }
    fn visit_unit<E>(self) -> Result<Sensitive, E> {
        Ok(Sensitive::default())
    }
    nothing_else!(text);
}
