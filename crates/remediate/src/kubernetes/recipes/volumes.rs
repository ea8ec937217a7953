//! `remove_volumes`: volumes whose field matches a pattern go, with every mount of them.

use regex::Regex;
use serde_json::Value;

use super::{Plan, Recipe, Request, below};
use crate::kubernetes::object::text_at;
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "remove_volumes", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let spec = request.object.pod_spec().ok_or("it has no pod")?;
    let mut patterns = Vec::new();
    for (path, pattern) in &request.wish.fix.set {
        let pattern = Regex::new(pattern.as_str().unwrap_or_default());
        patterns.push((path, pattern.map_err(|_| "the recipe has no valid pattern")?));
    }
    let meant = |volume: &Value| {
        patterns
            .iter()
            .any(|(path, pattern)| text_at(volume, path).is_some_and(|text| pattern.is_match(text)))
    };
    let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate();
    let gone: Vec<(usize, &str)> = volumes
        .filter(|(_, volume)| meant(volume))
        .filter_map(|(at, volume)| Some((at, text_at(volume, "name")?)))
        .collect();
    let mut edits = Vec::new();
    for (path, container) in request.containers() {
        let mounts = container.get("volumeMounts").and_then(Value::as_array);
        let mounts = mounts.into_iter().flatten().enumerate();
        let of_gone = mounts.filter(|(_, mount)| {
            text_at(mount, "name")
                .is_some_and(|name| gone.iter().any(|(_, volume)| *volume == name))
        });
        let found: Vec<usize> = of_gone.map(|(at, _)| at).collect();
        let mounts = below(&path, "volumeMounts");
        edits.extend(found.into_iter().rev().map(|at| remove(&mounts, at)));
    }
    let volumes = request.in_pod_spec("volumes")?;
    edits.extend(gone.into_iter().rev().map(|(at, _)| remove(&volumes, at)));
    Ok(Plan::Edits(edits))
}

fn remove(list: &[crate::yaml::Step], at: usize) -> Edit {
    Edit::Remove([list, &[at.into()]].concat())
}
