//! The document around the resources.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::{Plain, Word};
use super::show::{Changed, Shown};
use super::state::Resource;
use super::{Format, Record, Unreadable};

/// The whole document. What ends it early is put into `fault`.
pub(super) struct Top<'r> {
    pub(super) record: &'r mut Record,
    pub(super) fault: &'r mut Option<Unreadable>,
}

/// One part of it.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// `values`, `planned_values`: outputs and the root module.
    Values,
    /// A module with its resources and the modules in it.
    Module,
    /// `prior_state`, which has `values`.
    Prior,
}

impl Top<'_> {
    fn again(&mut self) -> Top<'_> {
        Top { record: &mut *self.record, fault: &mut *self.fault }
    }

    /// Ends the reading.
    fn end<E: Error>(&mut self, fault: Unreadable) -> E {
        let error = E::custom(&fault);
        *self.fault = Some(fault);
        error
    }

    fn version<E: Error>(&mut self, version: &Plain) -> Result<(), E> {
        match version.0.as_deref() {
            Some("4") => Ok(()),
            Some(other) => Err(self.end(Unreadable::Version(short(other)))),
            None => Err(self.end(Unreadable::Version("that is no number".to_owned()))),
        }
    }

    fn shown<E: Error>(&mut self, version: &Plain) -> Result<(), E> {
        let text = version.0.as_deref().unwrap_or_default();
        let major = text.split('.').next().unwrap_or_default();
        if matches!(major, "0" | "1") {
            return Ok(());
        }
        Err(self.end(Unreadable::Shown(format!("`{}`", short(text)))))
    }

    /// A format counts once; a plan has the state within it.
    fn is(&mut self, format: Format) {
        self.record.is_known = true;
        if self.record.format != Format::Plan {
            self.record.format = format;
        }
    }

    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "version" => self.version(&map.next_value()?),
            "format_version" => self.shown(&map.next_value()?),
            "serial" => {
                let Plain(serial) = map.next_value()?;
                self.record.serial = serial.and_then(|text| text.parse().ok()).unwrap_or_default();
                Ok(())
            }
            "lineage" => {
                self.record.lineage = map.next_value::<Word>()?.0.unwrap_or_default();
                Ok(())
            }
            "encrypted_data" => Err(self.end(Unreadable::Encrypted)),
            "outputs" => map.next_value_seed(Outputs(self.again())),
            "resources" => {
                self.is(Format::State);
                map.next_value_seed(List::<Resource>::of(self.again()))
            }
            "values" => {
                self.is(Format::ShownState);
                map.next_value_seed(Inner { top: self.again(), part: Part::Values })
            }
            "planned_values" => {
                self.is(Format::Plan);
                map.next_value_seed(Inner { top: self.again(), part: Part::Values })
            }
            "prior_state" => {
                self.is(Format::Plan);
                map.next_value_seed(Inner { top: self.again(), part: Part::Prior })
            }
            "resource_changes" => {
                self.is(Format::Plan);
                map.next_value_seed(List::<Changed>::of(self.again()))
            }
            _ => map.next_value::<IgnoredAny>().map(drop),
        }
    }
}

/// The beginning of a text for a sentence.
fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.field(&key, &mut map)?;
        }
        Ok(())
    }
}

/// A part that has others of its own. The reader bounds how deep they lie.
struct Inner<'r> {
    top: Top<'r>,
    part: Part,
}

impl Inner<'_> {
    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let top = self.top.again();
        match (self.part, key) {
            (Part::Prior, "values") => map.next_value_seed(Inner { top, part: Part::Values }),
            (Part::Values, "outputs") => map.next_value_seed(Outputs(top)),
            (Part::Values, "root_module") => map.next_value_seed(Inner { top, part: Part::Module }),
            (Part::Module, "resources") => map.next_value_seed(List::<Shown>::of(top)),
            (Part::Module, "child_modules") => map.next_value_seed(Modules(top)),
            (Part::Values | Part::Module | Part::Prior, _) => {
                map.next_value::<IgnoredAny>().map(drop)
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Inner<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.field(&key, &mut map)?;
        }
        Ok(())
    }
}

/// The modules within a module.
struct Modules<'r>(Top<'r>);

impl<'de> DeserializeSeed<'de> for Modules<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Modules<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of modules")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        loop {
            let inner = Inner { top: self.0.again(), part: Part::Module };
            if list.next_element_seed(inner)?.is_none() {
                return Ok(());
            }
        }
    }
}

/// Something that goes into the record.
trait Entry {
    fn put(self, record: &mut Record) -> Result<(), Unreadable>;
}

impl Entry for Resource {
    fn put(self, record: &mut Record) -> Result<(), Unreadable> {
        self.into(record)
    }
}

impl Entry for Shown {
    fn put(self, record: &mut Record) -> Result<(), Unreadable> {
        self.into(record)
    }
}

impl Entry for Changed {
    fn put(self, record: &mut Record) -> Result<(), Unreadable> {
        self.into(record)
    }
}

/// A list whose elements go into the record one by one.
struct List<'r, T> {
    top: Top<'r>,
    of: PhantomData<T>,
}

impl<'r, T> List<'r, T> {
    const fn of(top: Top<'r>) -> Self {
        Self { top, of: PhantomData }
    }
}

impl<'de, T: Entry + Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Entry + Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element::<T>()? {
            if let Err(fault) = entry.put(self.top.record) {
                return Err(self.top.end(fault));
            }
        }
        Ok(())
    }
}

/// The outputs: name and value.
struct Outputs<'r>(Top<'r>);

#[derive(Debug, Default, Deserialize)]
struct Output {
    #[serde(default)]
    value: Word,
    #[serde(default)]
    sensitive: bool,
}

impl<'de> DeserializeSeed<'de> for Outputs<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outputs<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of outputs")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, output)) = map.next_entry::<String, Output>()? {
            let value = output.value.0.filter(|_| !output.sensitive);
            let Some(value) = value else { continue };
            if let Err(fault) = self.0.record.take_output(&name, &value) {
                return Err(self.0.end(fault));
            }
        }
        Ok(())
    }
}
