//! A record as a tree, for formats whose field names change their spelling between exports.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use quell_model::{Timestamp, Untrusted, parse_timestamp};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// A JSON value, borrowed where that can be. Numbers and booleans are their text.
///
/// A name is looked up as it stands, then without regard to case and underscores: the same field
/// is `resourceName`, `resource_name` or `ResourceName`, depending on which door it came out of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Tree<'a> {
    /// Null, or nothing there.
    #[default]
    Null,
    /// Text, a number or a boolean.
    Scalar(Cow<'a, str>),
    /// A list.
    List(Vec<Tree<'a>>),
    /// An object; no name stands twice.
    Map(BTreeMap<Cow<'a, str>, Tree<'a>>),
}

static NOTHING: Tree<'static> = Tree::Null;

impl<'a> Tree<'a> {
    /// What stands under one name.
    pub(crate) fn key(&self, name: &str) -> &Tree<'a> {
        let Tree::Map(map) = self else { return &NOTHING };
        map.get(name)
            .or_else(|| map.iter().find(|(key, _)| is_same_name(key, name)).map(|(_, value)| value))
            .unwrap_or(&NOTHING)
    }

    /// What stands at a path of names joined by dots.
    pub(crate) fn at(&self, path: &str) -> &Tree<'a> {
        path.split('.').fold(self, |tree, name| tree.key(name))
    }

    /// The text without the blanks around it; `None` where there is none or it is empty.
    pub(crate) fn get(&self) -> Option<&str> {
        match self {
            Tree::Scalar(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Tree::Null | Tree::List(_) | Tree::Map(_) => None,
        }
    }

    /// The text at the first of these paths that has one.
    pub(crate) fn first(&self, paths: &[&str]) -> Option<&str> {
        paths.iter().find_map(|path| self.at(path).get())
    }

    /// The text at the first of these paths that has one, or an empty one.
    pub(crate) fn text(&self, paths: &[&str]) -> &str {
        self.first(paths).unwrap_or_default()
    }

    /// The text for people at the first of these paths that has one, cut to 4 KiB.
    pub(crate) fn prose(&self, paths: &[&str]) -> Untrusted {
        Untrusted::from(self.text(paths)).capped(4096)
    }

    /// The time at the first of these paths that has one.
    pub(crate) fn time(&self, paths: &[&str]) -> Option<Timestamp> {
        paths.iter().find_map(|path| parse_timestamp(self.at(path).get()?))
    }

    /// The number at the first of these paths that has one.
    pub(crate) fn number(&self, paths: &[&str]) -> Option<f64> {
        let read = |path: &&str| self.at(path).get()?.parse().ok();
        paths.iter().find_map(read).filter(|number: &f64| number.is_finite())
    }

    /// Whether it says yes or no.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        self.at(path).get()?.to_ascii_lowercase().parse().ok()
    }

    /// The elements; none where this is no list.
    pub(crate) fn list(&self) -> &[Tree<'a>] {
        match self {
            Tree::List(list) => list,
            Tree::Null | Tree::Scalar(_) | Tree::Map(_) => &[],
        }
    }

    /// The texts of a list, or the one text there is; at most `most`.
    pub(crate) fn words(&self, most: usize) -> Vec<&str> {
        let own = self.get().into_iter();
        own.chain(self.list().iter().filter_map(Tree::get)).take(most).collect()
    }

    /// The fields; none where this is no object.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        let map = match self {
            Tree::Map(map) => Some(map),
            Tree::Null | Tree::Scalar(_) | Tree::List(_) => None,
        };
        map.into_iter().flatten().map(|(key, value)| (&**key, value))
    }

    /// Whether there is an object with at least one field.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self, Tree::Map(map) if !map.is_empty())
    }

    /// Whether there is neither text nor an element nor a field.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Tree::Null => true,
            Tree::Scalar(text) => text.trim().is_empty(),
            Tree::List(list) => list.is_empty(),
            Tree::Map(map) => map.is_empty(),
        }
    }

    /// The tree itself, or the one written inside a text, as exports to tables have it.
    pub(crate) fn unwrapped(&self) -> Cow<'_, Tree<'_>> {
        let inner = self.get().filter(|text| text.starts_with(['[', '{']));
        match inner.and_then(|text| serde_json::from_str(text).ok()) {
            Some(tree) => Cow::Owned(tree),
            None => Cow::Borrowed(self),
        }
    }
}

/// Whether two names differ at most in case and underscores.
fn is_same_name(left: &str, right: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase())
    }
    letters(left).eq(letters(right))
}

impl<'de: 'a, 'a> Deserialize<'de> for Tree<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Borrowed(if truth { "true" } else { "false" })))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Tree::Scalar(Cow::Owned(number.to_string())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Tree::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Tree::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(Name(name)) = map.next_key()? {
            let value = map.next_value()?;
            if fields.contains_key(&name) {
                let name: String = name.chars().take(64).collect();
                return Err(de::Error::custom(format!("the field `{name}` stands twice")));
            }
            fields.insert(name, value);
        }
        Ok(Tree::Map(fields))
    }
}

/// The name of a field; `Cow` alone would always copy it.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tree<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn names_are_found_in_any_spelling_but_their_own_comes_first() {
        let tree = read(r#"{"Resource_Details": {"Id": "a", "id": "b"}, "n": 7, "yes": true}"#);
        assert_eq!(tree.text(&["resourceDetails.id"]), "b");
        assert_eq!(tree.text(&["missing.id", "resourceDetails.ID"]), "a");
        assert_eq!((tree.number(&["n"]), tree.flag("yes")), (Some(7.0), Some(true)));
        assert!(tree.at("n.below").is_empty());
    }

    #[test]
    fn a_field_that_stands_twice_is_refused() {
        let error = serde_json::from_str::<Tree<'_>>(r#"{"a":{"b":1,"b":2}}"#).unwrap_err();
        assert!(error.to_string().contains("`b` stands twice"), "{error}");
    }

    #[test]
    fn a_tree_inside_a_text_is_read() {
        let tree = read(r#"{"list": "[{\"k\":\"v\"}]", "plain": "[no list"}"#);
        assert_eq!(tree.at("list").unwrapped().list()[0].text(&["k"]), "v");
        assert_eq!(tree.at("plain").unwrapped().get(), Some("[no list"));
    }
}
