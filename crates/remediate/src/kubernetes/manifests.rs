//! The manifests of a repository, each file with its objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::judge::together;
use super::kustomize::is_kustomization;
use super::object::{Object, text_at};
use super::patches::{self, Laid, Patch, Takers};
use super::program::{self, Programs};
use crate::code::Place;
use crate::yaml::{Document, Node, Part, Step, Yaml, line_end, line_start};

/// What an operation of JSON Patch is called in addresses.
const OPERATION: &str = "Operation";

/// The manifests of a repository.
#[derive(Debug, Clone)]
pub(super) struct Manifests {
    files: BTreeMap<String, Arc<File>>,
    /// What kustomizations change, found when it is asked for.
    patches: OnceLock<Arc<Overlaid>>,
    /// What has to leave the default namespace together, found when it is asked for.
    programs: OnceLock<Arc<Programs>>,
    /// The images that files of other languages use.
    images: Arc<BTreeSet<String>>,
}

/// What kustomizations take in and change.
#[derive(Debug)]
struct Overlaid {
    laid: Laid,
    /// The files that are patches, with the kustomization that lays each.
    files: BTreeMap<String, String>,
    takers: Takers,
}

/// One file of YAML.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    text: Arc<String>,
    /// The documents, or why they cannot be read.
    pub(super) yaml: Result<Yaml, String>,
    pub(super) objects: Vec<Arc<Object>>,
    /// The operations of JSON Patch that its documents list.
    pub(super) operations: Vec<Arc<Object>>,
    /// Where each address stands among the objects, and the operations behind them.
    index: Arc<HashMap<String, usize>>,
    /// Where its lines end, found when it is asked for.
    line_ends: OnceLock<Vec<usize>>,
}

impl Manifests {
    /// Reads the files.
    pub(super) fn parse(files: Vec<(String, String)>) -> Self {
        let files =
            files.into_iter().map(|(path, text)| (path.clone(), Arc::new(File::read(path, text))));
        Self {
            files: files.collect(),
            patches: OnceLock::new(),
            programs: OnceLock::new(),
            images: Arc::default(),
        }
    }

    /// The same with another text in one file.
    pub(super) fn changed(&self, path: &str, text: String) -> Self {
        let file = Arc::new(match self.file(path) {
            Some(old) => old.changed(text),
            None => File::read(path.to_owned(), text),
        });
        let patches =
            if self.keeps_patches(&file) { self.patches.clone() } else { OnceLock::new() };
        let mut files = self.files.clone();
        files.insert(path.to_owned(), file);
        let programs = OnceLock::new();
        Self { files, patches, programs, images: Arc::clone(&self.images) }
    }

    /// Whether the patches stay the same with a new text of a file.
    fn keeps_patches(&self, new: &File) -> bool {
        !is_kustomization(&new.path)
            && self.patches.get().is_some_and(|patches| !patches.files.contains_key(&new.path))
            && self.file(&new.path).is_some_and(|old| old.index == new.index)
    }

    /// Takes in which images files of other languages use.
    pub(super) fn take_images(&mut self, images: BTreeSet<String>) {
        self.images = Arc::new(images);
    }

    /// The images that files of other languages use.
    pub(super) fn other_images(&self) -> impl Iterator<Item = &str> {
        self.images.iter().map(String::as_str)
    }

    /// Every file in path order.
    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values().map(AsRef::as_ref)
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// Every object with its file.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&File, &Object)> {
        self.files().flat_map(|file| file.objects.iter().map(move |object| (file, &**object)))
    }

    /// What stands at a place.
    pub(super) fn at(&self, place: &Place) -> Option<(&File, &Object)> {
        let file = self.file(&place.file)?;
        Some((file, file.at(&place.address)?))
    }

    fn patches(&self) -> &Overlaid {
        self.patches.get_or_init(|| {
            let (laid, takers) = patches::all(self);
            Arc::new(Overlaid { laid, files: patches::files(self), takers })
        })
    }

    /// The patches that kustomizations lay upon an object.
    pub(super) fn patches_of(&self, place: &Place) -> &[Patch] {
        self.patches().laid.get(place).map_or(&[], Vec::as_slice)
    }

    /// The objects upon which kustomizations lay the patch at a place.
    pub(super) fn under<'m>(&'m self, patch: &'m Place) -> impl Iterator<Item = &'m Object> {
        let laid = self.patches().laid.iter().filter(move |(_, patches)| {
            patches.iter().any(|one| one.place.as_ref() == Some(patch))
        });
        laid.filter_map(|(place, _)| Some(self.at(place)?.1))
    }

    /// The places of the objects upon which something that stands at a place is laid.
    pub(super) fn laid_upon(&self, part: &Place) -> Vec<Place> {
        let laid = self.patches().laid.iter();
        let upon = laid.filter(|(_, patches)| patches.iter().any(|one| one.stands_at(part)));
        upon.map(|(place, _)| place.clone()).collect()
    }

    /// Whether what one file says is there wherever the other is applied: in the same folder or
    /// around it, and in every kustomization that takes the other in.
    pub(super) fn comes_with(&self, one: &File, other: &File) -> bool {
        let takers = |file: &File| self.patches().takers.get(&file.path);
        match (takers(one), takers(other)) {
            _ if one.path == other.path => true,
            (None, None) => together(one, other),
            (Some(_), None) => one.folder() == other.folder(),
            (None, Some(_)) => false,
            (Some(one), Some(other)) => other.is_subset(one),
        }
    }

    /// The objects that have to leave the default namespace together with one of it.
    pub(super) fn program_of(&self, place: &Place) -> &[Place] {
        let programs = self.programs.get_or_init(|| Arc::new(program::all(self)));
        programs.get(place).map_or(&[], |places| places.as_slice())
    }

    /// The kustomization that lays a file upon others as a patch; none where it is no patch.
    pub(super) fn patched_by(&self, path: &str) -> Option<&str> {
        self.patches().files.get(path).map(String::as_str)
    }

    /// Whether a file is a template of a Helm chart.
    pub(super) fn in_chart(&self, path: &str) -> bool {
        let mut rest = path;
        while let Some(at) = rest.rfind("templates/") {
            rest = rest.get(..at).unwrap_or_default();
            if (rest.is_empty() || rest.ends_with('/'))
                && self.file(&format!("{rest}Chart.yaml")).is_some()
            {
                return true;
            }
        }
        false
    }
}

impl File {
    /// Reads a file.
    pub(super) fn read(path: String, text: String) -> Self {
        // Most JSON of a repository is no manifest and may be long, so that it is not kept.
        let manifest = text.contains("apiVersion") && text.contains("kind");
        let patch = text.contains("\"op\"") && text.contains("\"path\"");
        let kept = manifest || patch || !path.ends_with(".json");
        let text = Arc::new(if kept { text } else { String::new() });
        let yaml = Yaml::split(Arc::clone(&text));
        Self::new(path, text, yaml)
    }

    fn new(path: String, text: Arc<String>, yaml: Result<Yaml, String>) -> Self {
        let mut objects = Vec::new();
        let mut operations = Vec::new();
        if let Ok(yaml) = &yaml {
            let kustomization = is_kustomization(&path);
            for (at, document) in yaml.documents().iter().enumerate() {
                objects.append(&mut in_document(yaml, (document, at), kustomization));
                operations.append(&mut operations_in(yaml, (document, at)));
            }
        }
        for (at, operation) in operations.iter_mut().enumerate() {
            operation.address = format!("{OPERATION}.{}", at + 1);
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        for object in &mut objects {
            let count = seen.entry(object.address.clone()).or_default();
            *count += 1;
            if *count > 1 {
                object.address = format!("{}#{count}", object.address);
            }
        }
        let all = objects.iter().chain(&operations).enumerate();
        let index = Arc::new(all.map(|(at, one)| (one.address.clone(), at)).collect());
        let objects = objects.into_iter().map(Arc::new).collect();
        let operations = operations.into_iter().map(Arc::new).collect();
        Self { path, text, yaml, objects, operations, index, line_ends: OnceLock::new() }
    }

    /// The same file with another text; what stands in documents that stay is not read again.
    pub(super) fn changed(&self, text: String) -> Self {
        let text = Arc::new(text);
        let yaml = match &self.yaml {
            Ok(old) => old.changed(Arc::clone(&text)),
            Err(_) => Yaml::split(Arc::clone(&text)),
        };
        let plain = yaml.as_ref().ok().filter(|_| self.operations.is_empty());
        let objects = plain.and_then(|yaml| self.kept(yaml));
        let Some(objects) = objects else { return Self::new(self.path.clone(), text, yaml) };
        let (path, index) = (self.path.clone(), Arc::clone(&self.index));
        let operations = Vec::new();
        Self { path, text, yaml, objects, operations, index, line_ends: OnceLock::new() }
    }

    /// The objects of a new text, where they have the addresses of the old.
    fn kept(&self, yaml: &Yaml) -> Option<Vec<Arc<Object>>> {
        let old = self.yaml.as_ref().ok()?.documents();
        if old.len() != yaml.documents().len() {
            return None;
        }
        let kustomization = is_kustomization(&self.path);
        let mut objects = self.objects.clone();
        let pairs = old.iter().zip(yaml.documents()).enumerate();
        for (at, (_, new)) in pairs.filter(|(_, (old, new))| !old.is_same(new)) {
            let start = objects.partition_point(|object| object.document < at);
            let end = objects.partition_point(|object| object.document <= at);
            let found = in_document(yaml, (new, at), kustomization);
            if found.len() != end - start {
                return None;
            }
            for (slot, new) in objects.get_mut(start..end)?.iter_mut().zip(found) {
                let same = (&slot.kind, &slot.name) == (&new.kind, &new.name);
                let address = same.then(|| slot.address.clone())?;
                *slot = Arc::new(Object { address, ..new });
            }
        }
        Some(objects)
    }

    /// Where the list of its addresses stands in memory, which texts with the same ones share.
    pub(super) fn outline(&self) -> usize {
        Arc::as_ptr(&self.index).addr()
    }

    /// The object of an address.
    pub(super) fn at(&self, address: &str) -> Option<&Object> {
        let at = *self.index.get(address)?;
        let behind = || self.operations.get(at.checked_sub(self.objects.len())?);
        self.objects.get(at).or_else(behind).map(AsRef::as_ref)
    }

    /// The bytes of an object, whole lines.
    pub(super) fn span(&self, object: &Object) -> Range<usize> {
        let documents = self.yaml.as_ref().map(Yaml::documents).unwrap_or_default();
        let start = documents.get(object.document).map_or(0, Document::start);
        object.span.start + start..object.span.end + start
    }

    /// The number of the line that a byte stands in.
    pub(super) fn line(&self, at: usize) -> u32 {
        let ends = self.line_ends.get_or_init(|| {
            self.text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at)
                .collect()
        });
        let above = ends.partition_point(|end| *end < at);
        u32::try_from(above).unwrap_or(u32::MAX).saturating_add(1)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The folder that the file stands in, with its last `/`; empty at the top.
    pub(super) fn folder(&self) -> &str {
        self.path.rfind('/').and_then(|at| self.path.get(..=at)).unwrap_or_default()
    }
}

/// The objects of a document: itself, or the elements of a `List`. A kustomization may leave its
/// kind out.
fn in_document(
    yaml: &Yaml,
    (document, at): (&Document, usize),
    kustomization: bool,
) -> Vec<Object> {
    let text = yaml.text_of(document);
    let Some(root) = document.root() else { return Vec::new() };
    match document.part() {
        Part::Whole => {}
        Part::Head | Part::Tail => return Vec::new(),
        Part::Element(_) => {
            let values = document.data().as_array();
            return elements(text, at, (root, values), &[]);
        }
    }
    let kind = text_at(document.data(), "kind");
    let Some(kind) = kind.or(kustomization.then_some("Kustomization")) else {
        return Vec::new();
    };
    let at_document = |object: Object| Object { document: at, ..object };
    if !kind.ends_with("List") || root.get("items").is_none() {
        return vec![at_document(object(text, document, root, kind))];
    }
    let Some(items) = root.get("items") else { return Vec::new() };
    let values = document.data().get("items").and_then(Value::as_array);
    elements(text, at, (items, values), &[Step::from("items")])
}

/// The objects of a list that stands at a path of a document.
fn elements(
    text: &str,
    document: usize,
    (items, values): (&Node, Option<&Vec<Value>>),
    path: &[Step],
) -> Vec<Object> {
    let pairs = items.items().iter().zip(values.into_iter().flatten()).enumerate();
    let objects = pairs.filter_map(|(element, (item, value))| {
        let kind = text_at(value, "kind")?;
        Some(Object {
            document,
            path: path.iter().cloned().chain([element.into()]).collect(),
            span: span_of(text, &item.value)?,
            ..named(&Arc::new(value.clone()), kind)
        })
    });
    objects.collect()
}

/// The operations of JSON Patch that a document lists.
fn operations_in(yaml: &Yaml, (document, at): (&Document, usize)) -> Vec<Object> {
    let text = yaml.text_of(document);
    let root = document.root().filter(|_| document.part() == Part::Whole);
    let items = root.map(Node::items).unwrap_or_default();
    let values = document.data().as_array().into_iter().flatten();
    let pairs = items.iter().zip(values).enumerate();
    let operations = pairs.filter_map(|(element, (item, value))| {
        text_at(value, "op").and(text_at(value, "path"))?;
        Some(Object {
            document: at,
            path: vec![element.into()],
            span: span_of(text, &item.value)?,
            ..Object::of(OPERATION, "", Arc::new(value.clone()))
        })
    });
    operations.collect()
}

/// The bytes of an element, with its dash where nothing else stands before it on the line.
fn span_of(text: &str, element: &Node) -> Option<Range<usize>> {
    let span = element.span.clone();
    let start = line_start(text, span.start);
    let alone = text.get(start..span.start)?.trim_matches([' ', '-']).is_empty();
    Some(if alone { start } else { span.start }..whole(text, span.end))
}

fn object(text: &str, document: &Document, root: &Node, kind: &str) -> Object {
    let span = root.span.clone();
    let data = Arc::clone(document.data());
    Object { span: line_start(text, span.start)..whole(text, span.end), ..named(&data, kind) }
}

/// The end of the line, where only a comment follows on it.
fn whole(text: &str, end: usize) -> usize {
    let line = line_end(text, end);
    let idle = text.get(end..line).is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with('#')
    });
    if idle { line } else { end }
}

fn named(data: &Arc<Value>, kind: &str) -> Object {
    let name = text_at(data, "metadata.name").or_else(|| text_at(data, "metadata.generateName"));
    Object::of(kind, name.unwrap_or_default(), Arc::clone(data))
}
