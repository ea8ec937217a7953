//! Patches that kustomizations lay upon objects: files and texts of their own.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Map, Value};

use super::code::place;
use super::kustomize::{self, Built, entries, is_kustomization, join};
use super::manifests::{File, Manifests};
use super::object::{CONTAINERS, Object, text_at};
use super::operations::{operate, pointer, puts_at, within};
use super::renamed::{self, Renaming};
use crate::code::Place;
use crate::yaml::{Edit, Step};

/// A patch of one object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Patch {
    /// The kustomization that lays it.
    pub(super) by: String,
    /// Where it stands, where it is a file of its own.
    pub(super) place: Option<Place>,
    /// Whether it finds its object by kind and name in no namespace.
    pub(super) unplaced: bool,
    /// Where its entry stands in the kustomization, where it is a text there and has no target.
    pub(super) entry: Option<(&'static str, usize)>,
    /// The kind and name of its object.
    pub(super) of: (Option<String>, Option<String>),
    change: Change,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// Fields as they are to be.
    Fields(Value),
    /// Operations in order (`{op: add, path: /spec/replicas, value: 2}`).
    Operations(Vec<Operation>),
    /// Other names of images, those of the innermost kustomization first.
    Images(Vec<Renaming>),
}

/// An operation of JSON Patch, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    pub(super) data: Value,
    pub(super) stand: Stand,
}

/// Where an operation stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stand {
    /// In a file of its own.
    File(Place),
    /// In a text of the kustomization that lays it.
    Text {
        /// The list of the kustomization.
        list: &'static str,
        /// The element of the list.
        entry: usize,
        /// The document of the text.
        document: usize,
        /// The way from the document's root.
        path: Vec<Step>,
    },
}

/// Operations as they are laid upon an object.
#[derive(Debug)]
pub(super) struct Steps<'p> {
    /// Each with the place to which its value goes, or from which it takes something away.
    pub(super) steps: Vec<(&'p Operation, Vec<Step>)>,
    /// The object behind the last of them.
    pub(super) merged: Value,
}

/// The patches of every object that has some.
pub(super) type Laid = BTreeMap<Place, Vec<Patch>>;

/// The kustomizations that take each file in.
pub(super) type Takers = BTreeMap<String, BTreeSet<String>>;

/// Every patch of the repository by the object that it changes, and who takes each file in.
pub(super) fn all(manifests: &Manifests) -> (Laid, Takers) {
    let mut laid = Laid::new();
    let mut takers = Takers::new();
    for file in manifests.files().filter(|file| is_kustomization(&file.path)) {
        let (built, part) = kustomize::walk(manifests, file);
        let found: Vec<Found> = part.iter().flat_map(|by| found_in(manifests, by)).collect();
        for one in &built {
            takers.entry(one.file.path.clone()).or_default().insert(file.path.clone());
            let own = found.iter().filter(|found| found.fits(one.object, &one.name));
            let known = laid.entry(place(&one.file.path, one.object)).or_default();
            known.extend(own.map(|found| found.patch.clone()));
            known.extend(renaming(one, &part));
        }
    }
    for patches in laid.values_mut() {
        let mut seen: Vec<Patch> = Vec::new();
        patches.retain(|patch| {
            let new = !seen.contains(patch);
            seen.extend(new.then(|| patch.clone()));
            new
        });
    }
    laid.retain(|_, patches| !patches.is_empty());
    (laid, takers)
}

/// What a kustomization, and those that an object goes through on the way, name its images anew.
fn renaming(one: &Built<'_>, part: &[&File]) -> Option<Patch> {
    let is_component = |file: &File| {
        kustomize::data(file).and_then(|data| text_at(data, "kind")) == Some("Component")
    };
    let counts = |file: &&&File| {
        is_component(file) || one.through.iter().any(|through| through.path == file.path)
    };
    let all: Vec<Renaming> =
        part.iter().filter(counts).rev().flat_map(|file| renamed::all(file)).collect();
    // It is one patch for all that add nothing to it.
    let by = all.last()?.by.clone();
    Some(Patch {
        by,
        place: None,
        unplaced: false,
        entry: None,
        of: (None, None),
        change: Change::Images(all),
    })
}

/// The files that are patches, with the kustomization that lays each.
pub(super) fn files(manifests: &Manifests) -> BTreeMap<String, String> {
    let kustomizations = manifests.files().filter(|file| is_kustomization(&file.path));
    let pairs = kustomizations
        .flat_map(|by| named(by).into_iter().map(move |(path, _)| (path, by.path.clone())));
    pairs.filter(|(path, _)| manifests.file(path).is_some()).collect()
}

/// A patch, and what it asks of its object.
pub(super) struct Found {
    kind: Option<String>,
    name: Option<String>,
    /// Whether it asks for more than kind and name.
    asks_more: bool,
    pub(super) patch: Patch,
}

impl Found {
    fn fits(&self, object: &Object, name: &str) -> bool {
        let same = |wanted: &Option<String>, is: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == is || is_meant(wanted, is))
        };
        same(&self.kind, &object.kind) && (same(&self.name, &object.name) || same(&self.name, name))
    }

    /// Whether it is laid upon the object of this kind and name, and upon no other.
    pub(super) fn is_only(&self, kind: &str, name: &str) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref() == Some(is);
        same(&self.kind, kind) && same(&self.name, name) && !self.asks_more
    }

    /// Whether it may be laid upon an object that others may have given a longer name.
    pub(super) fn may_be(&self, kind: &str, name: &str) -> bool {
        let same = |wanted: &str| wanted.contains(name) || !wanted.bytes().all(is_plain);
        self.kind.as_deref().is_none_or(|own| own == kind || !own.bytes().all(is_plain))
            && self.name.as_deref().is_none_or(same)
    }
}

/// Whether a target that is a pattern means a kind or a name, as Kustomize has it: all of it.
fn is_meant(pattern: &str, is: &str) -> bool {
    !pattern.bytes().all(is_plain)
        && Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(is))
}

/// Whether a letter of a target stands for itself; targets are patterns.
fn is_plain(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || letter == b'-'
}

/// The files that a kustomization names as patches, each with its entry.
fn named(by: &File) -> Vec<(String, Value)> {
    let Some(data) = kustomize::data(by) else { return Vec::new() };
    let plain = entries(data, &["patchesStrategicMerge"]).map(|path| (path, Value::Null));
    let listed = LISTS.into_iter().filter_map(|list| data.get(list)?.as_array()).flatten();
    let listed = listed.filter_map(|entry| Some((text_at(entry, "path")?, entry.clone())));
    plain
        .chain(listed)
        .filter_map(|(path, entry)| Some((join(by.folder(), path)?, entry)))
        .collect()
}

/// Every patch that a kustomization lays.
pub(super) fn found_in(manifests: &Manifests, by: &File) -> Vec<Found> {
    let Some(data) = kustomize::data(by) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, entry) in named(by) {
        let Some(file) = manifests.file(&path) else { continue };
        found.extend(read(by, file, &entry, None));
    }
    for list in LISTS {
        let listed = data.get(list).and_then(Value::as_array).into_iter().flatten();
        for (at, entry) in listed.enumerate() {
            let Some(text) = text_at(entry, "patch") else { continue };
            let file = File::read(String::new(), text.to_owned());
            let mut own = read(by, &file, entry, Some((list, at)));
            // One target cannot stand for several objects.
            if own.len() == 1 && entry.get("target").is_none() {
                own.iter_mut().for_each(|one| one.patch.entry = Some((list, at)));
            }
            found.append(&mut own);
        }
    }
    for text in entries(data, &["patchesStrategicMerge"]).filter(|text| text.contains('\n')) {
        let file = File::read(String::new(), text.to_owned());
        found.extend(read(by, &file, &Value::Null, Some(("patchesStrategicMerge", 0))));
    }
    found
}

/// The lists of a kustomization whose entries say what they target.
const LISTS: [&str; 2] = ["patches", "patchesJson6902"];

/// The patches in a text, which is a file of its own or stands in a list of the kustomization:
/// objects, or a list of operations on what the entry targets.
fn read(
    by: &File,
    file: &File,
    entry: &Value,
    within: Option<(&'static str, usize)>,
) -> Vec<Found> {
    let target = |key: &str| text_at(entry, &format!("target.{key}")).map(str::to_owned);
    let patch = |change: Change, unplaced: bool, place: Option<Place>| Patch {
        by: by.path.clone(),
        place,
        unplaced,
        entry: None,
        of: (None, None),
        change,
    };
    let targeted = entry.get("target").is_some();
    let fields = entry.get("target").and_then(Value::as_object).into_iter().flatten();
    let asks_more = fields.into_iter().any(|(field, _)| !matches!(field.as_str(), "kind" | "name"));
    let mut found: Vec<Found> = file
        .objects
        .iter()
        .map(|object| {
            let unplaced = !targeted && object.namespace_or_default() == "default";
            let at = within.is_none().then(|| place(&file.path, object));
            let kind = if targeted { target("kind") } else { Some(object.kind.clone()) };
            let name = if targeted { target("name") } else { Some(object.name.clone()) };
            let change = Change::Fields(Value::clone(&object.data));
            let of = (kind.clone(), name.clone());
            Found { patch: Patch { of, ..patch(change, unplaced, at) }, asks_more, kind, name }
        })
        .collect();
    let stand = |one: &Object| match within {
        None => Stand::File(place(&file.path, one)),
        Some((list, entry)) => {
            Stand::Text { list, entry, document: one.document, path: one.path.clone() }
        }
    };
    let operations = file.operations.iter();
    let operations: Vec<Operation> = operations
        .map(|one| Operation { data: Value::clone(&one.data), stand: stand(one) })
        .collect();
    if !operations.is_empty() && targeted {
        let patch = patch(Change::Operations(operations), false, None);
        found.push(Found { kind: target("kind"), name: target("name"), asks_more, patch });
    }
    found
}

impl Patch {
    /// Whether an operation of the patch changes what stands at a path of the object.
    pub(super) fn operates_on(&self, path: &[Step]) -> bool {
        let Change::Operations(operations) = &self.change else { return false };
        let own: String = path.iter().map(pointer).collect();
        let mut pointers = operations.iter().filter_map(|one| text_at(&one.data, "path"));
        pointers.any(|pointer| within(pointer, &own) || within(&own, pointer))
    }

    /// Whether the patch says the opposite of what an edit of the object does.
    pub(super) fn contradicts(&self, object: &Object, edit: &Edit) -> bool {
        let (Change::Fields(fields), Edit::Set(path, Value::Bool(wanted))) = (&self.change, edit)
        else {
            return false;
        };
        said(&object.data, fields, path).and_then(Value::as_bool) == Some(!wanted)
    }

    /// Its operations; none where it says fields.
    pub(super) fn operations(&self) -> &[Operation] {
        match &self.change {
            Change::Fields(_) | Change::Images(_) => &[],
            Change::Operations(operations) => operations,
        }
    }

    /// What it names images anew.
    pub(super) fn renamings(&self) -> &[Renaming] {
        match &self.change {
            Change::Fields(_) | Change::Operations(_) => &[],
            Change::Images(renamings) => renamings,
        }
    }

    /// The same patch with other names of images.
    pub(super) fn with_renamings(&self, renamings: Vec<Renaming>) -> Self {
        Self { change: Change::Images(renamings), ..self.clone() }
    }

    /// Its operations as they are carried out on an object; none where one of them cannot be.
    pub(super) fn steps(&self, object: &Value) -> Option<Steps<'_>> {
        let mut merged = object.clone();
        let mut steps = Vec::new();
        for operation in self.operations() {
            let at = puts_at(&merged, &operation.data)?;
            operate(&mut merged, &operation.data)?;
            steps.push((operation, at));
        }
        Some(Steps { steps, merged })
    }

    /// The same patch with other operations.
    pub(super) fn with_operations(&self, operations: Vec<Operation>) -> Self {
        Self { change: Change::Operations(operations), ..self.clone() }
    }

    /// Whether something of it stands at a place.
    pub(super) fn stands_at(&self, place: &Place) -> bool {
        let has = |one: &Operation| match &one.stand {
            Stand::File(own) => own == place,
            Stand::Text { .. } => self.by == place.file,
        };
        self.place.as_ref() == Some(place)
            || self.operations().iter().any(has)
            || self.renamings().iter().any(|one| one.by == place.file)
    }

    /// Lays its fields upon what is known of an object, whose kind and name stay; none where it
    /// carries orders or operations.
    pub(super) fn lay(&self, known: &mut Value) -> Option<()> {
        let kept = (known.get("kind").cloned(), known.get("metadata")?.get("name").cloned());
        *known = self.merged(known)?;
        if let (Some(kind), Some(name)) = kept {
            *known.get_mut("kind")? = kind;
            *known.get_mut("metadata")?.get_mut("name")? = name;
        }
        Some(())
    }

    /// Whether it says something else at a path of keys, or takes away what stands on the way.
    pub(super) fn opposes(&self, path: &[&str], value: &Value) -> bool {
        let fields = match &self.change {
            Change::Fields(fields) => fields,
            Change::Operations(_) => {
                let path: Vec<Step> = path.iter().map(|key| Step::from(*key)).collect();
                return self.operates_on(&path);
            }
            Change::Images(_) => return false,
        };
        let mut there = fields;
        for key in path {
            let orders = there.as_object().is_none_or(|own| own.keys().any(|k| k.starts_with('$')));
            if orders {
                return true;
            }
            match there.get(key) {
                Some(next) => there = next,
                None => return false,
            }
        }
        there != value
    }

    /// The object as the patch leaves it; none where that cannot be told or it is taken away.
    pub(super) fn merged(&self, object: &Value) -> Option<Value> {
        let mut merged = object.clone();
        match &self.change {
            Change::Fields(fields) => merge(&mut merged, fields)?,
            Change::Operations(operations) => {
                operations.iter().try_for_each(|one| operate(&mut merged, &one.data))?;
            }
            Change::Images(renamings) => renamed::rename(&mut merged, renamings),
        }
        Some(merged)
    }

    /// The same, where what the patch only adds to is brought by another patch: a container of
    /// which it names no image, and which the object does not have.
    pub(super) fn merged_among(&self, object: &Object, patches: &[Self]) -> Option<Value> {
        let merged = self.merged(&object.data)?;
        if self.operations().is_empty() && self.renamings().is_empty() {
            let bare = |data: &Value| {
                let all = object.with(data.clone());
                let bare = all.containers(&CONTAINERS).into_iter();
                bare.filter(|(_, one)| one.get("image").is_none()).count()
            };
            let (own, now) = (bare(&object.data), bare(&merged));
            let others = patches.iter().filter(|other| now > own && *other != self);
            let mut laid = others.filter_map(|other| self.merged(&other.merged(&object.data)?));
            return Some(laid.find(|data| bare(data) <= own).unwrap_or(merged));
        }
        Some(merged)
    }
}

/// What fields have at a path of an object; elements are found by their names.
fn said<'f>(object: &Value, fields: &'f Value, path: &[Step]) -> Option<&'f Value> {
    let Some((first, rest)) = path.split_first() else { return Some(fields) };
    match first {
        Step::Key(key) => said(object.get(key).unwrap_or(&Value::Null), fields.get(key)?, rest),
        Step::Item(at) => {
            let element = object.get(at)?;
            let name = element.get("name")?;
            let same = fields.as_array()?.iter().find(|other| other.get("name") == Some(name))?;
            said(element, same, rest)
        }
    }
}

/// By what the elements of some lists are told apart; other lists are replaced.
const KEYS: [(&str, &str); 7] = [
    ("containers", "name"),
    ("env", "name"),
    ("ephemeralContainers", "name"),
    ("initContainers", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];

/// Lays the fields of a patch upon an object, as Kustomize does; none for orders that it may
/// carry (`$patch`).
fn merge(into: &mut Value, patch: &Value) -> Option<()> {
    let Some(fields) = patch.as_object() else {
        *into = patch.clone();
        return Some(());
    };
    if fields.keys().any(|key| key.starts_with('$')) {
        return None;
    }
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let own = into.as_object_mut()?;
    for (name, value) in fields {
        let key = KEYS.iter().find(|(list, _)| list == name).map(|(_, key)| *key);
        let there = own.entry(name.clone()).or_insert(Value::Null);
        match (key, value.as_array()) {
            (Some(key), Some(items)) if there.is_array() => merge_list(there, items, key)?,
            (Some(_) | None, Some(_) | None) => merge(there, value)?,
        }
    }
    own.retain(|name, _| fields.get(name) != Some(&Value::Null));
    Some(())
}

fn merge_list(into: &mut Value, items: &[Value], key: &str) -> Option<()> {
    let own = into.as_array_mut()?;
    for item in items {
        let same = |other: &&mut Value| item.get(key).is_some() && other.get(key) == item.get(key);
        match own.iter_mut().find(same) {
            Some(there) => merge(there, item)?,
            None => own.push(item.clone()),
        }
    }
    Some(())
}
