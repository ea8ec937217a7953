//! Names the version of a base image.
//!
//! # What it changes
//! A missing tag or `latest` gives way to the one tag that other Dockerfiles of the repository
//! name for the image, else to `dockerfile.image.<name>` of the settings, else, for an official
//! image, to the version that `latest` stood for when the list in `latest.toml` was made.
//!
//! # When it is withheld
//! Nothing says which version is meant, or the name is a variable.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Base, Stage, flags_length};
use crate::images::{Image, is_digest, latest};

pub(super) const RECIPE: Recipe = Recipe { id: "base_tag", plan };

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for stage in &request.file.stages {
        let Base::Image(image) = &stage.base else { continue };
        if image.digest.is_some() || image.tag.as_deref().is_some_and(|tag| tag != "latest") {
            continue;
        }
        let tag = tag(request, image)?;
        let (place, written) = written(request, stage, image)?;
        let bare = written.strip_suffix(":latest").unwrap_or(written);
        let mark = if is_digest(&tag) { '@' } else { ':' };
        parts.push((place, format!("{bare}{mark}{tag}")));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

/// Where the image's name stands, as it is written.
fn written<'r>(
    request: &'r Request<'_>,
    stage: &Stage,
    image: &Image,
) -> Result<(Range<usize>, &'r str), String> {
    let from = request.file.of(stage).first().ok_or("a stage has no FROM")?;
    let start = flags_length(&from.args.text);
    let rest = from.args.text.get(start..).unwrap_or_default();
    let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
    let place = from.args.source(&(start..end)).ok_or("the image's name goes over two lines")?;
    let written = request.text.get(place.clone()).unwrap_or_default();
    if written.contains(['$', '"', '\'']) {
        return Err(format!(
            "the name of `{}` comes from a variable: a person must give it a version there",
            image.path
        ));
    }
    Ok((place, written))
}

fn tag(request: &Request<'_>, image: &Image) -> Result<String, String> {
    let stages = request.all.parsed().flat_map(|file| &file.stages);
    let tag_of = |other: &Image| {
        let tag = other.tag.clone().filter(|_| other.path == image.path);
        tag.filter(|tag| tag != "latest")
    };
    let named: BTreeSet<String> = stages
        .filter_map(|stage| match &stage.base {
            Base::Image(other) => tag_of(other),
            Base::Scratch | Base::Stage(_) | Base::Unknown => None,
        })
        .collect();
    let used = || request.all.images().filter_map(|other| tag_of(&other)).collect();
    let named = if named.is_empty() { used() } else { named };
    if let (1, Some(one)) = (named.len(), named.first()) {
        return Ok(one.clone());
    }
    let settings = request.wish.settings.get(&format!("dockerfile.image.{}", image.path));
    let plain = |tag: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        is_digest(tag) || (!tag.is_empty() && tag.chars().all(plain))
    };
    settings.filter(plain).or_else(|| latest(&image.path)).map(ToOwned::to_owned).ok_or_else(|| {
        format!(
            "a person must say which version of `{}` is meant (`dockerfile.image.{}`)",
            image.path, image.path
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, refuse};

    const FIX: &str = "recipe = 'base_tag'";

    #[test]
    fn an_official_image_gets_the_version_that_latest_stood_for() {
        check(
            FIX,
            "FROM --platform=linux/amd64 golang:latest AS b\nFROM alpine \nCOPY --from=b /x /x\n",
            "FROM --platform=linux/amd64 golang:1.27 AS b\nFROM alpine:3.24 \nCOPY --from=b /x /x\n",
        );
    }

    #[test]
    fn the_repository_and_the_settings_come_first() {
        check(FIX, "FROM node:20 AS a\nFROM node\n", "FROM node:20 AS a\nFROM node:20\n");
        let named = [("dockerfile.image.me/app", "7.1")];
        check_with(FIX, &named, "FROM me/app:latest\n", "FROM me/app:7.1\n");
    }

    #[test]
    fn no_version_is_made_up() {
        refuse(FIX, "FROM me/app\n", "which version of `me/app`");
        refuse(FIX, "ARG B=alpine\nFROM $B\n", "comes from a variable");
    }

    #[test]
    fn stages_digests_and_scratch_need_none() {
        let text = "FROM scratch AS a\nFROM a AS b\nFROM x@sha256:00\n";
        check(FIX, text, text);
    }
}
