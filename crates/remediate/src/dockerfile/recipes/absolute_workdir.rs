//! Names a working directory from the root on.
//!
//! # What it changes
//! A relative WORKDIR is written with the directory that it counts from.
//!
//! # When it is withheld
//! That directory is not known: the base image decides it, or a variable.

use super::{Recipe, Request};
use crate::dockerfile::edit;
use crate::dockerfile::file::{Base, Stage};

pub(super) const RECIPE: Recipe = Recipe { id: "absolute_workdir", plan };

/// Official images that begin in `/`.
const BEGIN_AT_ROOT: [&str; 17] = [
    "alpine",
    "debian",
    "ubuntu",
    "busybox",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "amazoncorretto",
    "eclipse-temurin",
    "openjdk",
    "node",
    "python",
    "nginx",
    "ruby",
    "rust",
];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    for stage in &request.file.stages {
        let mut now = begins_in(request, stage);
        for one in request.file.of(stage).iter().filter(|one| one.keyword == "WORKDIR") {
            let written = one.args.text.trim_matches(['"', '\'']);
            let resolved = stage.variables.resolve(written);
            if written.starts_with('/') || written.starts_with('$') || is_windows(written) {
                now = resolved.filter(|path| path.starts_with('/'));
                continue;
            }
            let base = now.as_deref().ok_or_else(|| {
                format!("a person must say from which directory `{written}` counts")
            })?;
            let whole = 0..one.args.text.len();
            let place = one.args.source(&whole).ok_or("the path goes over two lines")?;
            let tail = written.trim_start_matches("./");
            if tail.split('/').any(|part| [".", ".."].contains(&part)) || one.args.text != written {
                return Err(format!("a person must write `{written}` from the root on"));
            }
            let path = format!("{}/{tail}", base.trim_end_matches('/'));
            now = stage.variables.resolve(&path);
            parts.push((place, path));
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(edit::splice(request.text, parts))
}

fn is_windows(path: &str) -> bool {
    path.get(1..2) == Some(":") || path.contains('\\')
}

/// Where a stage begins, if that is known.
fn begins_in(request: &Request<'_>, stage: &Stage) -> Option<String> {
    let above = request.file.ancestry(stage);
    let inherited = above.iter().skip(1).find_map(|stage| {
        let last = request.file.of(stage).iter().rev().find(|one| one.keyword == "WORKDIR");
        last.map(|one| stage.variables.resolve(one.args.text.trim_matches(['"', '\''])))
    });
    if let Some(inherited) = inherited {
        return inherited.filter(|path| path.starts_with('/'));
    }
    let at_root = match above.last().map(|stage| &stage.base) {
        Some(Base::Image(image)) => BEGIN_AT_ROOT.contains(&image.path.as_str()),
        Some(Base::Scratch) => true,
        Some(Base::Stage(_) | Base::Unknown) | None => false,
    };
    at_root.then(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'absolute_workdir'";

    #[test]
    fn the_directory_before_is_written_out() {
        check(
            FIX,
            "FROM node:22\nWORKDIR app\nWORKDIR ./src\nWORKDIR /x\n",
            "FROM node:22\nWORKDIR /app\nWORKDIR /app/src\nWORKDIR /x\n",
        );
    }

    #[test]
    fn an_unknown_beginning_is_asked_for() {
        refuse(FIX, "FROM golang:1\nWORKDIR app\n", "from which directory `app` counts");
        refuse(FIX, "FROM node\nWORKDIR ../x\n", "from the root on");
    }
}
