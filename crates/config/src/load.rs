//! Flags over environment over file over defaults: one configuration of all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::check::check;
use crate::fault::{Fault, Faults, Gathered, Place};
use crate::key::{Key, Kind, Table};
use crate::nearest::advice;
use crate::read::path_of;
use crate::secret::SecretKind;
use crate::tables::{Config, Instance, TABLES};
use crate::{SecretRef, environment, read, text};

/// Where a configuration comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'s> {
    /// The file, where there is one.
    pub file: Option<FileText<'s>>,
    /// The environment, all of it.
    pub environment: Option<&'s BTreeMap<String, String>>,
    /// What the command line says.
    pub overrides: &'s [Override],
    /// The formats that can be named; without any, every name is accepted.
    pub formats: &'s [&'s str],
}

/// A file that was read.
#[derive(Debug, Clone, Copy)]
pub struct FileText<'s> {
    /// Its path: it stands in messages, and relative paths in the file begin at its folder.
    pub path: &'s str,
    /// What it holds.
    pub text: &'s str,
}

/// A value of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The flag (`--listen`).
    pub flag: &'static str,
    /// The key with its table (`server.listen`).
    pub key: String,
    /// The value, written as in the environment.
    pub value: String,
}

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In the file.
    File(Place),
    /// In a variable.
    Environment(String),
    /// On the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(place) => write!(out, "{place}"),
            Self::Environment(name) => out.write_str(name),
            Self::Flag(flag) => out.write_str(flag),
        }
    }
}

/// A value with its key and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key with its table.
    pub key: String,
    /// The value; secrets are references.
    pub value: Value,
    /// Where it was said.
    pub origin: Origin,
}

/// A configuration that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The same, each with its origin, in the order of the tables.
    pub entries: Vec<Entry>,
    /// What is not wrong and yet deserves a look.
    pub warnings: Vec<Fault>,
}

/// A table and its name, by the number of the table in the list.
type Id = (usize, String);

/// What was found so far; what comes later goes over it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    tables: BTreeMap<Id, Place>,
    values: BTreeMap<(Id, &'static str), (Value, Origin)>,
    /// Keys that were said wrongly: they are not missing.
    wrong: BTreeSet<(Id, &'static str)>,
    /// Variables that set nothing.
    pub(crate) unknown: Vec<String>,
}

impl Found {
    /// A table was named; where it was named first counts.
    pub(crate) fn table(&mut self, table: &Table, name: &str, place: &Place) {
        self.tables.entry(id(table, name)).or_insert_with(|| place.clone());
    }

    pub(crate) fn value(
        &mut self,
        (table, name, key): (&Table, &str, &'static Key),
        value: Value,
        origin: Origin,
    ) {
        self.values.insert((id(table, name), key.name), (value, origin));
    }

    pub(crate) fn wrong(&mut self, (table, name, key): (&Table, &str, &'static Key)) {
        self.wrong.insert((id(table, name), key.name));
    }
}

fn id(table: &Table, name: &str) -> Id {
    let number = TABLES.iter().position(|t| t.name == table.name).unwrap_or(TABLES.len());
    (number, name.to_owned())
}

impl Config {
    /// Reads everything that was said, and tells everything that is wrong with it.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn load(sources: &Sources<'_>) -> Result<Loaded, Faults> {
        let (mut found, mut faults) = (Found::default(), Gathered::default());
        if let Some(file) = sources.file {
            read::read((file.path, file.text), sources.formats, &mut found, &mut faults);
        }
        if let Some(variables) = sources.environment {
            environment::read(variables, sources.formats, &mut found, &mut faults);
        }
        for one in sources.overrides {
            put(one, sources.formats, &mut found, &mut faults);
        }
        for table in TABLES.iter().filter(|table| table.named.is_none()) {
            found.table(table, "", &Place::Nowhere);
        }
        let wrong = faults.has_errors();
        let entries = complete(&mut found, &mut faults, sources.file.map(|file| file.path));
        ask_for_vaults(&entries, &mut faults);
        warn_of_unknown(&found, &entries, &mut faults);
        if wrong || faults.has_errors() {
            return Err(faults.finish());
        }
        match serde_json::from_value(nested(&found)) {
            Ok(config) => Ok(Loaded { config, entries, warnings: faults.into_warnings() }),
            Err(_) => {
                // The types and the list of keys say the same; a test holds that.
                let problem = "a value does not fit its type; this is a fault of Quell".to_owned();
                faults.error(fault(Place::Nowhere, String::new(), (problem, String::new())));
                Err(faults.finish())
            }
        }
    }
}

fn fault(place: Place, key: String, (problem, help): (String, String)) -> Fault {
    Fault { place, key, problem, help }
}

/// Puts a value of the command line over what was found.
fn put(one: &Override, formats: &[&str], found: &mut Found, faults: &mut Gathered) {
    let place = Place::Flag(one.flag);
    let Some((table, name, key)) = key_at(&one.key) else {
        let help = advice(&one.key, all_keys(), "docs/configuration.md lists the keys");
        let problem = "is no key of the configuration".to_owned();
        return faults.error(fault(place, one.key.clone(), (problem, help)));
    };
    found.table(table, name, &place);
    match text::value(key.kind, &one.value).and_then(|value| check(key, value, formats)) {
        Ok(value) => found.value((table, name, key), value, Origin::Flag(one.flag)),
        Err(wrong) => {
            found.wrong((table, name, key));
            faults.error(fault(place, one.key.clone(), (wrong.problem, wrong.help)));
        }
    }
}

fn key_at(path: &str) -> Option<(&'static Table, &str, &'static Key)> {
    let (table, rest) = path.split_once('.')?;
    let table = TABLES.iter().find(|t| t.name == table)?;
    if table.named.is_none() {
        return Some((table, "", table.key(rest)?));
    }
    let (name, key) = rest.split_once('.')?;
    read::is_table_name(name).then_some((table, name, table.key(key)?))
}

fn all_keys() -> impl Iterator<Item = String> {
    TABLES.iter().flat_map(|table| {
        let name = table.named.unwrap_or_default();
        table.keys.iter().map(move |key| path_of(table, name, key.name))
    })
}

/// Fills in defaults, tells what is missing, and asks the rules.
fn complete(found: &mut Found, faults: &mut Gathered, file: Option<&str>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let tables: Vec<(Id, Place)> =
        found.tables.iter().map(|(id, place)| (id.clone(), place.clone())).collect();
    for (id, place) in tables {
        let Some(table) = TABLES.get(id.0) else { continue };
        for key in table.keys {
            let path = path_of(table, &id.1, key.name);
            if let Some((value, origin)) = found.values.get_mut(&(id.clone(), key.name)) {
                from_folder(key.kind, value, origin, file);
            } else if let Some(default) = default_of(key) {
                found.values.insert((id.clone(), key.name), (default, Origin::Default));
            } else if key.required && !found.wrong.contains(&(id.clone(), key.name)) {
                let problem = ("is missing".to_owned(), format!("set it to {}", key.kind.words()));
                faults.error(fault(place.clone(), path.clone(), problem));
            }
            if let Some((value, origin)) = found.values.get(&(id.clone(), key.name)) {
                let (value, origin) = (value.clone(), origin.clone());
                entries.push(Entry { key: path, value, origin });
            }
        }
        rules(found, (&id, table, &place), faults);
    }
    entries
}

/// The default of a key.
pub(crate) fn default_of(key: &'static Key) -> Option<Value> {
    let value = text::value(key.kind, key.default?).ok()?;
    check(key, value, &[]).ok()
}

/// A relative path in the file begins at the file's folder.
fn from_folder(kind: Kind, value: &mut Value, origin: &Origin, file: Option<&str>) {
    let (Origin::File(_), Some(folder)) = (origin, file.and_then(|f| Path::new(f).parent())) else {
        return;
    };
    let join = |value: &mut Value| {
        if let Some(path) = value.as_str() {
            *value = Value::String(folder.join(path).to_string_lossy().into_owned());
        }
    };
    if kind == Kind::Path {
        join(value);
    } else if kind == Kind::Paths
        && let Value::Array(all) = value
    {
        all.iter_mut().for_each(join);
    }
}

fn rules(found: &Found, (id, table, place): (&Id, &Table, &Place), faults: &mut Gathered) {
    let values = table.keys.iter().filter_map(|key| {
        let (value, origin) = found.values.get(&(id.clone(), key.name))?;
        Some((key.name, (value, *origin != Origin::Default)))
    });
    let instance = Instance { values: values.collect() };
    let wrong = |key: &'static str| found.wrong.contains(&(id.clone(), key));
    for broken in (table.rule)(&instance).into_iter().filter(|broken| !wrong(broken.key)) {
        let origin = found.values.get(&(id.clone(), broken.key)).map(|(_, origin)| origin);
        let place = origin.and_then(place_of).unwrap_or_else(|| place.clone());
        let key = path_of(table, &id.1, broken.key);
        let fault = fault(place, key, (broken.problem, broken.help));
        if broken.warning { faults.warning(fault) } else { faults.error(fault) }
    }
}

fn place_of(origin: &Origin) -> Option<Place> {
    match origin {
        Origin::Default => None,
        Origin::File(place) => Some(place.clone()),
        Origin::Environment(name) => Some(Place::Environment(name.clone())),
        Origin::Flag(flag) => Some(Place::Flag(flag)),
    }
}

/// The references to secrets that a value holds.
fn references(entry: &Entry) -> Vec<SecretRef> {
    let items = entry.value.as_array().map_or(&[][..], Vec::as_slice);
    let texts = items.iter().filter_map(|item| item.get("secret")?.as_str());
    texts.chain(entry.value.as_str()).filter_map(|text| text.parse().ok()).collect()
}

/// Warns of variables that set nothing, unless a secret stands in them.
fn warn_of_unknown(found: &Found, entries: &[Entry], faults: &mut Gathered) {
    let named: Vec<SecretRef> = entries
        .iter()
        .flat_map(references)
        .filter(|reference| reference.kind() == SecretKind::Environment)
        .collect();
    for name in &found.unknown {
        if !named.iter().any(|reference| reference.target() == name) {
            faults.warning(environment::unknown(name));
        }
    }
}

/// A reference into a vault needs to know where that is.
fn ask_for_vaults(entries: &[Entry], faults: &mut Gathered) {
    let said = |key: &str| entries.iter().any(|entry| entry.key == key);
    for entry in entries {
        for reference in references(entry) {
            let needed = match reference.kind() {
                SecretKind::Vault => "vault.address",
                SecretKind::AwsSecretsManager => "aws.region",
                SecretKind::Environment | SecretKind::File => continue,
            };
            if !said(needed) {
                let place = place_of(&entry.origin).unwrap_or(Place::Nowhere);
                let words = (format!("needs `{needed}`"), "set it too".to_owned());
                faults.error(fault(place, entry.key.clone(), words));
            }
        }
    }
}

/// The values as the types read them.
fn nested(found: &Found) -> Value {
    let mut all = Map::new();
    for (number, name) in found.tables.keys() {
        let Some(table) = TABLES.get(*number) else { continue };
        let id = (*number, name.clone());
        let pairs = table.keys.iter().filter_map(|key| {
            let (value, _) = found.values.get(&(id.clone(), key.name))?;
            Some((key.name.to_owned(), value.clone()))
        });
        let inner = Value::Object(pairs.collect());
        if table.named.is_none() {
            all.insert(table.name.to_owned(), inner);
        } else if let Some(many) =
            all.entry(table.name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        {
            many.insert(name.clone(), inner);
        }
    }
    Value::Object(all)
}
