//! The attributes of a resource that identify it; all others are passed over unread.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::{Sensitive, Word, nothing_else};
use crate::signs::{Identity, Object};

/// Attributes that name a resource, or are its id.
const TEXTS: &[&str] = &[
    "arn",
    "bucket",
    "cluster_identifier",
    "cluster_name",
    "display_name",
    "domain_name",
    "family",
    "function_name",
    "id",
    "identifier",
    "name",
    "replication_group_id",
    "repository",
    "self_link",
    "url",
];

/// Most of them of one resource; each comes once unless the file is made to harm.
const MOST_TEXTS: usize = 64;

/// Whether an attribute is looked at.
pub(super) fn is_known(name: &str) -> bool {
    !matches!(Known::of(name), Known::Other)
}

/// What is kept of a resource's attributes while it is read.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) Identity);

impl Attributes {
    /// The same without what the file says is sensitive.
    pub(super) fn without(mut self, sensitive: &Sensitive) -> Self {
        if sensitive.all {
            return Self::default();
        }
        for name in &sensitive.names {
            self.0.forget(name);
        }
        self
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut own = Attributes::default();
        while let Some(Name(name)) = map.next_key()? {
            own.take(name, &mut map)?;
        }
        Ok(own)
    }
    nothing_else!(scalars text list);
}

impl Attributes {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: Known, map: &mut A) -> Result<(), A::Error> {
        let identity = &mut self.0;
        match name {
            Known::Text(name) => {
                let Word(text) = map.next_value()?;
                let room = identity.texts.len() < MOST_TEXTS;
                identity.texts.extend(text.filter(|_| room).map(|text| (name, text)));
            }
            Known::Account => identity.account = word(map)?.unwrap_or_default(),
            Known::Region => identity.region = word(map)?.unwrap_or_default(),
            Known::Tags => {
                let Tags(yor) = map.next_value()?;
                identity.yor = yor.or(identity.yor.take());
            }
            Known::Kind => identity.object.kind = word(map)?.unwrap_or_default(),
            Known::Namespace => identity.object.namespace = word(map)?.unwrap_or_default(),
            Known::Object => identity.object.learn(map.next_value::<Meta>()?.0),
            Known::Other => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

fn word<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_value::<Word>()?.0)
}

/// An attribute that is looked at.
#[derive(Debug, Clone, Copy)]
enum Known {
    Text(&'static str),
    Account,
    Region,
    Tags,
    Kind,
    Namespace,
    Object,
    Other,
}

impl Known {
    fn of(name: &str) -> Self {
        match name {
            "project" | "owner_id" | "account_id" => Self::Account,
            "region" | "location" | "zone" => Self::Region,
            "tags" | "tags_all" | "labels" | "effective_labels" => Self::Tags,
            "kind" => Self::Kind,
            "namespace" => Self::Namespace,
            "metadata" | "manifest" => Self::Object,
            name => {
                let known = TEXTS.iter().find(|known| **known == name);
                known.map_or(Self::Other, |known| Self::Text(known))
            }
        }
    }
}

/// The name of an attribute, which is not kept.
struct Name(Known);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(Name(Known::of(name)))
    }
}

/// The id that Yor gave, of tags.
#[derive(Debug, Default)]
struct Tags(Option<String>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TagsVisitor)
    }
}

struct TagsVisitor;

impl<'de> Visitor<'de> for TagsVisitor {
    type Value = Tags;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tags")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
        let mut tags = Tags::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "yor_trace" {
                tags.0 = word(&mut map)?.filter(|text| !text.is_empty());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(tags)
    }
    nothing_else!(scalars text list);
}

/// Kind, namespace and name of an object, from `metadata` or a whole `manifest`.
#[derive(Debug, Default)]
struct Meta(Object);

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MetaVisitor)
    }
}

struct MetaVisitor;

impl<'de> Visitor<'de> for MetaVisitor {
    type Value = Meta;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    // The provider's own resources have a list with one element.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Meta, A::Error> {
        let first = list.next_element::<Meta>()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Meta, A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" => object.kind = word(&mut map)?.unwrap_or_default(),
                "name" => object.name = word(&mut map)?.unwrap_or_default(),
                "namespace" => object.namespace = word(&mut map)?.unwrap_or_default(),
                // A manifest of any kind stands below `value`.
                "metadata" | "value" => object.learn(map.next_value::<Meta>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Meta(object))
    }
    nothing_else!(scalars text);
}
