//! What Kustomize builds of the manifests: which objects a kustomization takes in, under which
//! names, and which files are patches and no objects of their own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::manifests::{File, Manifests};
use super::object::{Object, text_at};

/// Folders that take each other in more deeply than this are not followed.
const MAX_DEPTH: usize = 12;

/// An object as a kustomization builds it.
#[derive(Debug)]
pub(super) struct Built<'m> {
    pub(super) file: &'m File,
    pub(super) object: &'m Object,
    /// Its name in the build.
    pub(super) name: String,
    /// The kustomizations that it goes through, the outermost first.
    pub(super) through: Vec<&'m File>,
}

/// Whether a file is a kustomization, by its name.
pub(super) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// What a kustomization says.
pub(super) fn data(file: &File) -> Option<&Value> {
    let yaml = file.yaml.as_ref().ok()?;
    yaml.documents().iter().find(|document| document.root().is_some()).map(|one| &**one.data())
}

/// Every object that a kustomization builds from files of the repository.
pub(super) fn build<'m>(manifests: &'m Manifests, file: &'m File) -> Vec<Built<'m>> {
    walk(manifests, file).0
}

/// What a kustomization builds, and every kustomization that takes part.
pub(super) fn walk<'m>(
    manifests: &'m Manifests,
    file: &'m File,
) -> (Vec<Built<'m>>, Vec<&'m File>) {
    let mut walk = Walk { manifests, built: Vec::new(), part: Vec::new(), seen: BTreeSet::new() };
    walk.kustomization(file, &mut Vec::new(), &|name| name.to_owned());
    (walk.built, walk.part)
}

struct Walk<'m> {
    manifests: &'m Manifests,
    built: Vec<Built<'m>>,
    part: Vec<&'m File>,
    seen: BTreeSet<String>,
}

impl<'m> Walk<'m> {
    fn kustomization(
        &mut self,
        file: &'m File,
        through: &mut Vec<&'m File>,
        rename: &dyn Fn(&str) -> String,
    ) {
        let Some(data) = data(file) else { return };
        if through.len() >= MAX_DEPTH || !self.seen.insert(file.path.clone()) {
            return;
        }
        through.push(file);
        self.part.push(file);
        let prefix = text_at(data, "namePrefix").unwrap_or_default();
        let suffix = text_at(data, "nameSuffix").unwrap_or_default();
        let renamed = |name: &str| rename(&format!("{prefix}{name}{suffix}"));
        for entry in entries(data, &["resources", "bases", "components"]) {
            self.resource(file, entry, through, &renamed);
        }
        through.pop();
    }

    fn resource(
        &mut self,
        from: &File,
        entry: &str,
        through: &mut Vec<&'m File>,
        rename: &dyn Fn(&str) -> String,
    ) {
        let Some(path) = join(from.folder(), entry) else { return };
        if let Some(file) = kustomization_in(self.manifests, &path) {
            return self.kustomization(file, through, rename);
        }
        let Some(file) = self.manifests.file(&path) else { return };
        for object in &file.objects {
            let (name, through) = (rename(&object.name), through.clone());
            self.built.push(Built { file, object, name, through });
        }
    }
}

/// The kustomization of a folder.
pub(super) fn kustomization_in<'m>(manifests: &'m Manifests, folder: &str) -> Option<&'m File> {
    let folder = folder.trim_end_matches('/');
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    names.iter().find_map(|name| {
        let path = if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
        manifests.file(&path)
    })
}

/// The texts in some of its lists.
pub(super) fn entries<'v>(data: &'v Value, lists: &'v [&str]) -> impl Iterator<Item = &'v str> {
    let lists = lists.iter().filter_map(|list| data.get(list)?.as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// A path from a folder, with `..` resolved; none where it leaves the repository or is no path.
pub(super) fn join(folder: &str, entry: &str) -> Option<String> {
    if entry.contains("://") || entry.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in entry.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}
