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
    let path = &request.file.path;
    if let Some(by) = kustomize::patched_with(request.manifests, path) {
        let at = kustomize::taken_by(request.manifests, path);
        let at = at.map_or("the kustomization", |file| file.path.as_str());
        return Err(format!(
            "patches of `{}` would no longer find what they change: the namespace of what it is \
             built with belongs into `{at}`",
            by.path
        ));
    }
    if let Some(left) = left_behind(request) {
        return Err(format!(
            "it uses `{left}`, which holds data and cannot follow into another namespace by itself"
        ));
    }
    if let Some(binding) = bound_from_elsewhere(request) {
        return Err(format!(
            "`{binding}` gives it rights by its present namespace, so both must be changed at once"
        ));
    }
    let mut edits = vec![Edit::Set(vec!["metadata".into(), "namespace".into()], json!(wanted))];
    edits.extend(subjects(request.object).map(|at| {
        Edit::Set(vec!["subjects".into(), at.into(), "namespace".into()], json!(wanted))
    }));
    Ok(Plan::Edits(edits))
}

/// Which accounts of the default namespace a binding in it gives rights to: they move too.
fn subjects(object: &Object) -> impl Iterator<Item = usize> {
    let all = object.data.get("subjects").and_then(Value::as_array).into_iter().flatten();
    all.enumerate().filter(|(_, one)| is_account(one, "default")).map(|(at, _)| at)
}

fn is_account(subject: &Value, namespace: &str) -> bool {
    text_at(subject, "kind") == Some("ServiceAccount")
        && text_at(subject, "namespace") == Some(namespace)
}

/// A binding that would no longer mean this account: one that stays where it is.
fn bound_from_elsewhere(request: &Request<'_>) -> Option<String> {
    let account = request.object;
    let stays = |binding: &Object| {
        binding.kind == "ClusterRoleBinding"
            || (binding.kind == "RoleBinding" && binding.namespace_or_default() != "default")
    };
    let names_it = |subject: &Value| {
        is_account(subject, "default") && text_at(subject, "name") == Some(account.name.as_str())
    };
    let found = request.manifests.objects().find(|(_, binding)| {
        let subjects = binding.data.get("subjects").and_then(Value::as_array);
        account.kind == "ServiceAccount"
            && stays(binding)
            && subjects.into_iter().flatten().any(names_it)
    });
    found.map(|(_, binding)| binding.address.clone())
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
