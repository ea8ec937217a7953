//! `image_digest` and `image_tag`: images are named so that they cannot change unseen.
//!
//! Digests and versions are never made up. They come from the user's parameters
//! (`kubernetes.image_digest.nginx:1.25 = "sha256:…"`, `kubernetes.image_tag.nginx = "1.25"`), or
//! from other files of the repository where these agree on one. An official image without a
//! version gets the one that `latest` stood for when the list of them was made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request, below};
use crate::images::{Image, is_digest, latest};
use crate::kubernetes::code::place;
use crate::kubernetes::object::CONTAINERS;
use crate::kubernetes::renamed::Renaming;
use crate::yaml::Edit;

pub(super) const DIGEST: Recipe = Recipe { name: "image_digest", plan: digests };
pub(super) const TAG: Recipe = Recipe { name: "image_tag", plan: tags };

fn digests(request: &Request<'_>) -> Result<Plan, String> {
    another_name(request)?;
    let digest = |image: &str| {
        let parameter = format!("kubernetes.image_digest.{image}");
        if let Some(digest) = request.wish.settings.get(&parameter) {
            return if is_digest(digest) {
                Ok(format!("{image}@{digest}"))
            } else {
                Err(Lack::Wrong(format!(
                    "the digest that the parameters give for `{image}` is no `sha256:…`"
                )))
            };
        }
        let pinned = agreed(request, |other| other.strip_prefix(image)?.strip_prefix('@'));
        let pinned = pinned.filter(|digest| is_digest(digest));
        pinned.map(|digest| format!("{image}@{digest}")).ok_or(Lack::Parameter(parameter))
    };
    let ask = |lacking: &str| {
        format!(
            "only a registry knows to which digest an image's name leads: look it up and give it \
             as {lacking}"
        )
    };
    each(request, &|image| !image.contains('@'), &digest, &ask).map(Plan::Edits)
}

/// Refuses a digest for an image that a kustomization takes from elsewhere, where it leads to
/// something else.
fn another_name(request: &Request<'_>) -> Result<(), String> {
    let own = place(&request.file.path, request.object);
    let patches = request.manifests.patches_of(&own).iter();
    let mut renamings = patches.flat_map(|patch| patch.renamings());
    let containers = request.containers();
    let images = || containers.iter().filter_map(|(_, one)| one.get("image")?.as_str());
    let is_other = |one: &&Renaming| {
        one.is_another_name() && images().any(|image| one.renamed(image).is_some())
    };
    match renamings.find(is_other).filter(|_| !request.wish.parts) {
        Some(one) => Err(format!(
            "`images` of `{}` takes the image from elsewhere, where a digest leads to something else",
            one.by
        )),
        None => Ok(()),
    }
}

fn tags(request: &Request<'_>) -> Result<Plan, String> {
    let tag = |image: &str| {
        let (name, _) = split(image);
        let digest = request.wish.settings.get(&format!("kubernetes.image_digest.{image}"));
        if let Some(digest) = digest.filter(|digest| is_digest(digest)) {
            return Ok(format!("{image}@{digest}"));
        }
        let parameter = format!("kubernetes.image_tag.{name}");
        let said = request.wish.settings.get(&parameter);
        let agreed =
            || agreed(request, |other| fixed_tag(other).filter(|_| split(other).0 == name));
        let tag = said.or_else(agreed).or_else(|| latest(&Image::parse(name).path));
        tag.map(|tag| format!("{name}:{tag}")).ok_or(Lack::Parameter(parameter))
    };
    let ask = |lacking: &str| {
        format!(
            "which version of an image is meant is nowhere in the repository: give it as {lacking}"
        )
    };
    let moves = |image: &str| fixed_tag(image).is_none() && !image.contains('@');
    let mut edits = each(request, &moves, &tag, &ask)?;
    // An image without a version is pulled each time; it still is.
    for (path, container) in request.containers() {
        let image = container.get("image").and_then(Value::as_str);
        let policy = container.get("imagePullPolicy").filter(|policy| !policy.is_null());
        if image.is_some_and(moves) && policy.is_none() {
            edits.push(Edit::Set(below(&path, "imagePullPolicy"), json!("Always")));
        }
    }
    Ok(Plan::Edits(edits))
}

/// Why an image gets no other name.
enum Lack {
    /// A parameter of this name is needed.
    Parameter(String),
    /// What the user says is wrong.
    Wrong(String),
}

/// Another name for every image that needs one; what is lacking is asked for all at once.
fn each(
    request: &Request<'_>,
    needs: &dyn Fn(&str) -> bool,
    name: &dyn Fn(&str) -> Result<String, Lack>,
    ask: &dyn Fn(&str) -> String,
) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    let mut lacking = BTreeSet::new();
    for (path, container) in request.containers() {
        let Some(image) = container.get("image").and_then(Value::as_str) else { continue };
        if !needs(image) {
            continue;
        }
        match name(image) {
            Ok(name) => edits.push(Edit::Set(below(&path, "image"), json!(name))),
            Err(Lack::Parameter(parameter)) => {
                lacking.insert(format!("`{parameter}`"));
            }
            Err(Lack::Wrong(reason)) => return Err(reason),
        }
    }
    if lacking.is_empty() {
        return Ok(edits);
    }
    let lacking: Vec<String> = lacking.into_iter().collect();
    Err(ask(&lacking.join(" and ")))
}

/// What all images that say something of it agree on: those of manifests, else those of other
/// files.
fn agreed<'r>(request: &Request<'r>, of: impl Fn(&'r str) -> Option<&'r str>) -> Option<&'r str> {
    let manifests = request.manifests;
    let containers = manifests.objects().flat_map(|(_, object)| object.containers(&CONTAINERS));
    let images = containers.filter_map(|(_, container)| container.get("image")?.as_str());
    let mut said: BTreeSet<&str> = images.filter_map(&of).collect();
    if said.is_empty() {
        said = manifests.other_images().filter_map(&of).collect();
    }
    let mut said = said.into_iter();
    said.next().filter(|_| said.next().is_none())
}

/// A name and its tag; a port of the registry is no tag.
pub(in crate::kubernetes) fn split(image: &str) -> (&str, Option<&str>) {
    let bare = image.split('@').next().unwrap_or(image);
    match bare.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        Some(_) | None => (bare, None),
    }
}

fn fixed_tag(image: &str) -> Option<&str> {
    split(image).1.filter(|tag| !tag.is_empty() && *tag != "latest")
}
