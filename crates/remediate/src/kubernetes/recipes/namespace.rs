//! `namespace`: objects leave the default namespace.
//!
//! The namespace is the parameter `kubernetes.namespace`; else the one that the manifests beside
//! the object name or make, where it is one; else `apps`. What one program is made of must move
//! together, so an object that refers to others which would stay behind is left to a person.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::kubernetes::kustomize;
use crate::kubernetes::object::{Object, text_at};
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "namespace", plan };

/// Where nothing names another.
const DEFAULT: &str = "apps";

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let wanted = namespace(request);
    if request.object.kind == "Kustomization" {
        return Ok(Plan::Edits(vec![Edit::Set(vec!["namespace".into()], json!(wanted))]));
    }
    request.whole_object()?;
    if request.object.is_cluster_wide() {
        return Err(format!("a {} lives in no namespace", request.object.kind));
    }
    if let Some((by, _)) = kustomize::patches_of(request.manifests, request.object).first() {
        let at = kustomize::taken_by(request.manifests, &request.file.path);
        let at = at.map_or("the kustomization", |file| file.path.as_str());
        return Err(format!(
            "the patch `{}` would no longer find it, so the namespace must be set in `{at}`",
            by.path
        ));
    }
    if let Some(left) = left_behind(request) {
        return Err(format!(
            "it uses `{left}`, which holds data and cannot follow into another namespace by itself"
        ));
    }
    Ok(Plan::Edits(vec![Edit::Set(vec!["metadata".into(), "namespace".into()], json!(wanted))]))
}

fn namespace<'r>(request: &'r Request<'_>) -> &'r str {
    let found = request.wish.settings.get("kubernetes.namespace").or_else(|| nearby(request));
    found.unwrap_or(DEFAULT)
}

/// The one namespace that manifests of the same file, else of the same folder, name or make.
fn nearby<'r>(request: &Request<'r>) -> Option<&'r str> {
    let manifests = request.manifests;
    let of_file = request.file.objects.iter().filter_map(named);
    one(of_file).or_else(|| {
        let own = manifests.files().filter(|file| file.folder() == request.file.folder());
        one(own.flat_map(|file| &file.objects).filter_map(named))
    })
}

fn named(object: &Object) -> Option<&str> {
    let name = match object.kind.as_str() {
        "Namespace" => Some(object.name.as_str()),
        "Kustomization" => text_at(&object.data, "namespace"),
        _ => object.namespace.as_deref(),
    };
    name.filter(|name| !matches!(*name, "" | "default") && !name.starts_with("kube-"))
}

fn one<'r>(names: impl Iterator<Item = &'r str>) -> Option<&'r str> {
    let names: BTreeSet<&str> = names.collect();
    let mut names = names.into_iter();
    names.next().filter(|_| names.next().is_none())
}

/// A volume claim that the object uses: its data does not follow it into another namespace.
fn left_behind(request: &Request<'_>) -> Option<String> {
    let volumes = request.object.pod_spec()?.get("volumes")?.as_array()?;
    volumes.iter().find_map(|volume: &Value| {
        let claim = text_at(volume, "persistentVolumeClaim.claimName")?;
        Some(format!("PersistentVolumeClaim.{claim}"))
    })
}
