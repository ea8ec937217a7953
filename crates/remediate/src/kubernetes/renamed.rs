//! Images that kustomizations give another name, version or digest (`images`).

use serde_json::Value;

use super::kustomize;
use super::manifests::File;
use super::object::text_at;
use super::recipes::image::split;

/// An entry of `images`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Renaming {
    /// The kustomization.
    pub(super) by: String,
    /// Which entry it is.
    pub(super) at: usize,
    name: String,
    new_name: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
}

/// The entries of a kustomization.
pub(super) fn all(by: &File) -> Vec<Renaming> {
    let list = kustomize::data(by).and_then(|data| data.get("images")?.as_array());
    let entries = list.into_iter().flatten().enumerate();
    let read = |(at, entry): (usize, &Value)| {
        let text = |key: &str| text_at(entry, key).filter(|text| !text.is_empty());
        let own = |key: &str| text(key).map(str::to_owned);
        Some(Renaming {
            by: by.path.clone(),
            at,
            name: own("name")?,
            new_name: own("newName"),
            tag: own("newTag"),
            digest: own("digest"),
        })
    };
    entries.filter_map(read).collect()
}

impl Renaming {
    /// What an image is called after it; none where it is about another.
    pub(super) fn renamed(&self, image: &str) -> Option<String> {
        let (name, _) = split(image);
        let rest = image.get(name.len()..).filter(|_| name == self.name)?;
        let name = self.new_name.as_deref().unwrap_or(name);
        Some(match (&self.tag, &self.digest) {
            (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
            (Some(tag), None) => format!("{name}:{tag}"),
            (None, Some(digest)) => format!("{name}@{digest}"),
            (None, None) => format!("{name}{rest}"),
        })
    }

    /// Whether it keeps the version and digest of what it takes under another name.
    pub(super) const fn is_another_name(&self) -> bool {
        self.new_name.is_some() && self.tag.is_none() && self.digest.is_none()
    }

    /// The same with the version and digest of an image.
    pub(super) fn with(&self, image: &str) -> Self {
        let (_, tag) = split(image);
        let digest = image.split_once('@').map(|(_, digest)| digest.to_owned());
        Self { tag: tag.map(str::to_owned), digest, ..self.clone() }
    }

    /// The fields that it has and another of the same entry has not, or otherwise.
    pub(super) fn fields_beyond(&self, other: &Self) -> Vec<(&'static str, &str)> {
        let pairs = [("newTag", &self.tag, &other.tag), ("digest", &self.digest, &other.digest)];
        let new = pairs.into_iter().filter(|(_, own, other)| own != other);
        new.filter_map(|(key, own, _)| Some((key, own.as_deref()?))).collect()
    }
}

/// What an image is called after all of them, one after the other.
pub(super) fn last_name(renamings: &[Renaming], image: &str) -> Option<String> {
    renamings.iter().fold(None, |name, one| one.renamed(name.as_deref().unwrap_or(image)).or(name))
}

/// Which of them is the last that is about an image.
pub(super) fn last_about(renamings: &[Renaming], image: &str) -> Option<usize> {
    let mut name = image.to_owned();
    let mut last = None;
    for (at, one) in renamings.iter().enumerate() {
        if let Some(new) = one.renamed(&name) {
            (name, last) = (new, Some(at));
        }
    }
    last
}

/// Renames the images of all containers of an object.
pub(super) fn rename(value: &mut Value, renamings: &[Renaming]) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                if matches!(key.as_str(), "containers" | "initContainers") {
                    let containers = inner.as_array_mut().into_iter().flatten();
                    containers.for_each(|container| rename_one(container, renamings));
                }
                rename(inner, renamings);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamings)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn rename_one(container: &mut Value, renamings: &[Renaming]) {
    let Some(image) = container.get_mut("image") else { return };
    if let Some(name) = image.as_str().and_then(|own| last_name(renamings, own)) {
        *image = Value::String(name);
    }
}
