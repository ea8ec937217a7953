//! Resources as a state file of version 4 has them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::attributes::Attributes;
use super::lenient::Sensitive;
use super::{Record, Unreadable};

/// Most instances of one resource.
const MOST_INSTANCES: usize = 1_000_000;

/// A resource with its instances.
#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    instances: Instances,
}

#[derive(Debug, Default)]
struct Instances(Vec<Instance>);

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    index_key: Index,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    attributes_flat: Attributes,
    #[serde(default)]
    sensitive_attributes: Sensitive,
}

#[derive(Debug)]
struct Instance {
    index: Option<String>,
    identity: crate::signs::Identity,
}

/// `[0]` or `["key"]`.
#[derive(Debug, Default)]
pub(super) struct Index(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IndexVisitor)
    }
}

struct IndexVisitor;

impl<'de> Visitor<'de> for IndexVisitor {
    type Value = Index;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }
    fn visit_u64<E>(self, number: u64) -> Result<Index, E> {
        Ok(Index(Some(format!("[{number}]"))))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Index, E> {
        Ok(Index(Some(format!("[{number}]"))))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Index, E> {
        Ok(Index(Some(format!("[{number}]"))))
    }
    fn visit_str<E>(self, key: &str) -> Result<Index, E> {
        let key = key.replace('\\', "\\\\").replace('"', "\\\"");
        Ok(Index(Some(format!("[\"{key}\"]"))))
    }
    fn visit_unit<E>(self) -> Result<Index, E> {
        Ok(Index(None))
    }
}

impl<'de> Deserialize<'de> for Instances {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(InstancesVisitor)
    }
}

struct InstancesVisitor;

impl<'de> Visitor<'de> for InstancesVisitor {
    type Value = Instances;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of instances")
    }
    fn visit_unit<E>(self) -> Result<Instances, E> {
        Ok(Instances::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Instances, A::Error> {
        let mut instances = Vec::new();
        while let Some(written) = list.next_element::<Written>()? {
            if instances.len() >= MOST_INSTANCES {
                let most = format!("a resource has more than {MOST_INSTANCES} instances");
                return Err(A::Error::custom(most));
            }
            instances.push(written.instance());
        }
        Ok(Instances(instances))
    }
}

impl Written {
    fn instance(self) -> Instance {
        let Self { index_key, attributes, attributes_flat, sensitive_attributes } = self;
        let flat = attributes.0.texts.is_empty();
        let attributes =
            if flat && !attributes_flat.0.texts.is_empty() { attributes_flat } else { attributes };
        let identity = attributes.without(&sensitive_attributes).0;
        Instance { index: index_key.0, identity }
    }
}

impl Resource {
    /// Puts it into the record, where it is one that the code makes.
    pub(super) fn into(self, record: &mut Record) -> Result<(), Unreadable> {
        if self.mode != "managed" || self.kind.is_empty() || self.name.is_empty() {
            return Ok(());
        }
        let module = self.module.filter(|module| !module.is_empty());
        let module = module.map(|module| format!("{module}.")).unwrap_or_default();
        let address = format!("{module}{}.{}", self.kind, self.name);
        let things = self.instances.0.into_iter().map(|one| (one.index, one.identity));
        record.take(&address, &self.kind, things)
    }
}
