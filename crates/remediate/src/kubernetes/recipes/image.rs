//! `image_digest` and `image_tag`: images are named so that they cannot change unseen.
//!
//! Digests and versions are never made up. They come from the user's parameters
//! (`kubernetes.image_digest.nginx:1.25 = "sha256:…"`, `kubernetes.image_tag.nginx = "1.25"`), or
//! from other manifests of the repository where these agree on one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request, below};
use crate::kubernetes::object::CONTAINERS;
use crate::yaml::Edit;

pub(super) const DIGEST: Recipe = Recipe { name: "image_digest", plan: digests };
pub(super) const TAG: Recipe = Recipe { name: "image_tag", plan: tags };

fn digests(request: &Request<'_>) -> Result<Plan, String> {
    each(
        request,
        |image| !image.contains('@'),
        |image| {
            if let Some(digest) =
                request.wish.settings.get(&format!("kubernetes.image_digest.{image}"))
            {
                return if is_digest(digest) {
                    Ok(format!("{image}@{digest}"))
                } else {
                    Err(format!(
                        "the digest that the parameters give for `{image}` is no `sha256:…`"
                    ))
                };
            }
            let pinned = agreed(request, |other| other.strip_prefix(image)?.strip_prefix('@'));
            match pinned.filter(|digest| is_digest(digest)) {
                Some(digest) => Ok(format!("{image}@{digest}")),
                None => Err(format!(
                    "the digest of `{image}` is known to its registry only: look it up and give it as \
                 the parameter `kubernetes.image_digest.{image}`"
                )),
            }
        },
    )
}

fn tags(request: &Request<'_>) -> Result<Plan, String> {
    each(
        request,
        |image| fixed_tag(image).is_none() && !image.contains('@'),
        |image| {
            let (name, _) = split(image);
            if let Some(digest) =
                request.wish.settings.get(&format!("kubernetes.image_digest.{image}"))
                && is_digest(digest)
            {
                return Ok(format!("{image}@{digest}"));
            }
            if let Some(tag) = request.wish.settings.get(&format!("kubernetes.image_tag.{name}")) {
                return Ok(format!("{name}:{tag}"));
            }
            match agreed(request, |other| (split(other).0 == name).then(|| fixed_tag(other))?) {
                Some(tag) => Ok(format!("{name}:{tag}")),
                None => Err(format!(
                    "which version of `{name}` is meant is nowhere in the repository: give it as the \
                 parameter `kubernetes.image_tag.{name}`"
                )),
            }
        },
    )
}

/// Another name for every image that needs one.
fn each(
    request: &Request<'_>,
    needs: impl Fn(&str) -> bool,
    name: impl Fn(&str) -> Result<String, String>,
) -> Result<Plan, String> {
    let mut edits = Vec::new();
    for (path, container) in request.containers() {
        let Some(image) = container.get("image").and_then(Value::as_str) else { continue };
        if needs(image) {
            edits.push(Edit::Set(below(&path, "image"), json!(name(image)?)));
        }
    }
    Ok(Plan::Edits(edits))
}

/// What all images of the repository that say something of it agree on.
fn agreed<'r>(request: &Request<'r>, of: impl Fn(&'r str) -> Option<&'r str>) -> Option<&'r str> {
    let manifests = request.manifests;
    let containers = manifests.objects().flat_map(|(_, object)| object.containers(&CONTAINERS));
    let images = containers.filter_map(|(_, container)| container.get("image")?.as_str());
    let said: BTreeSet<&str> = images.filter_map(of).collect();
    let mut said = said.into_iter();
    said.next().filter(|_| said.next().is_none())
}

/// A name and its tag; a port of the registry is no tag.
fn split(image: &str) -> (&str, Option<&str>) {
    let bare = image.split('@').next().unwrap_or(image);
    match bare.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        Some(_) | None => (bare, None),
    }
}

fn fixed_tag(image: &str) -> Option<&str> {
    split(image).1.filter(|tag| !tag.is_empty() && *tag != "latest")
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}
