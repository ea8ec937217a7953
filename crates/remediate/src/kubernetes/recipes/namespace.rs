//! `namespace`: objects leave the default namespace.
//!
//! The namespace is the parameter `kubernetes.namespace`, or the one of the nearest path
//! (`kubernetes.namespace.<path>`); else the one that the manifests beside the object name or make,
//! where it is one; else `apps`. What one program is made of must move together, so an object that
//! refers to others which would stay behind is left to a person.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::kubernetes::code::place;
use crate::kubernetes::judge::{selects, together};
use crate::kubernetes::kustomize;
use crate::kubernetes::object::{Object, text_at};
use crate::kubernetes::recipes::network_policy::mentions;
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "namespace", plan };

const PARAMETER: &str = "kubernetes.namespace";

/// Where nothing names another.
const DEFAULT: &str = "apps";

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let wanted = namespace(request);
    if request.object.kind == "Kustomization" {
        let built = kustomize::build(request.manifests, request.file);
        let left = built.iter().find_map(|one| left_behind(one.object));
        if let Some(left) = left.filter(|_| !is_said(request)) {
            return Err(format!("what it builds uses `{left}`, {}", data(request)));
        }
        return Ok(Plan::Edits(vec![Edit::Set(vec!["namespace".into()], json!(wanted))]));
    }
    request.whole_object()?;
    if request.object.is_cluster_wide() {
        return Err(format!("a {} lives in no namespace", request.object.kind));
    }
    if let Some((by, at)) = patched_together(request) {
        return Err(format!(
            "patches of `{by}` would no longer find what they change: the namespace of what it is \
             built with belongs into `{at}`"
        ));
    }
    if let Some(left) = left_behind(request.object).filter(|_| !is_said(request)) {
        return Err(format!("it uses `{left}`, {}", data(request)));
    }
    if let Some(other) = stays(request) {
        return Err(format!(
            "`{other}` belongs to it and no scanner asks to move that: move both by hand"
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

/// Whether the user names a namespace for this very file or its folder, and so takes care of data.
fn is_said(request: &Request<'_>) -> bool {
    request.wish.settings.only_at(PARAMETER, &request.file.path).is_some()
}

fn data(request: &Request<'_>) -> String {
    format!(
        "which holds data and cannot follow into another namespace by itself: who moves it names \
         the namespace (`{PARAMETER}.{}`)",
        request.file.path
    )
}

/// The kustomization that takes the object in, and one that changes something that is taken in
/// with it by its name alone. Such a patch no longer finds an object that names a namespace.
fn patched_together<'r>(request: &Request<'r>) -> Option<(&'r str, &'r str)> {
    let manifests = request.manifests;
    let at = kustomize::taken_by(manifests, &request.file.path)?;
    let files = kustomize::taken(manifests, at);
    let objects = files.flat_map(|file| file.objects.iter().map(|one| place(&file.path, one)));
    let by = objects.into_iter().find_map(|place| {
        let patch = manifests.patches_of(&place).iter().find(|patch| patch.unplaced)?;
        Some(patch.by.as_str())
    })?;
    Some((by, at.path.as_str()))
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

/// An object of another kind that refers to this one and would stay in the default namespace: an
/// autoscaler, a disruption budget, a route.
fn stays(request: &Request<'_>) -> Option<String> {
    let object = request.object;
    let labels = object.pod_labels();
    let refers = |other: &Object| {
        let spec = other.data.get("spec");
        let selector = spec.and_then(|spec| spec.get("selector")).filter(|_| !labels.is_empty());
        let selects = selector
            .and_then(|selector| selector.get("matchLabels").and(selects(selector, &labels)));
        selects == Some(true) || spec.is_some_and(|spec| mentions(spec, &object.name))
    };
    let moves = |other: &Object| request.wish.fix.resource.contains(&other.kind);
    let found = request.manifests.objects().find(|(file, other)| {
        !moves(other)
            && !other.is_cluster_wide()
            && !matches!(other.kind.as_str(), "Kustomization" | "Component" | "NetworkPolicy")
            && other.namespace_or_default() == "default"
            && together(file, request.file)
            && refers(other)
    });
    found.map(|(_, other)| other.address.clone())
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
    let said = request.wish.settings.at(PARAMETER, &request.file.path);
    said.or_else(|| nearby(request)).unwrap_or(DEFAULT)
}

/// The one namespace that manifests of the same file, else of the same folder, name or make.
fn nearby<'r>(request: &Request<'r>) -> Option<&'r str> {
    let manifests = request.manifests;
    let of_file = request.file.objects.iter().filter_map(|object| named(object));
    one(of_file).or_else(|| {
        let own = manifests.files().filter(|file| file.folder() == request.file.folder());
        one(own.flat_map(|file| &file.objects).filter_map(|object| named(object)))
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

/// A volume claim that the object uses or makes: its data does not follow it elsewhere.
fn left_behind(object: &Object) -> Option<String> {
    let made = object.data.get("spec").and_then(|spec| spec.get("volumeClaimTemplates"));
    if let Some(first) = made.and_then(Value::as_array).and_then(|all| all.first()) {
        let name = text_at(first, "metadata.name").unwrap_or_default();
        return Some(format!("PersistentVolumeClaim.{name}"));
    }
    let volumes = object.pod_spec()?.get("volumes")?.as_array()?;
    volumes.iter().find_map(|volume: &Value| {
        let claim = text_at(volume, "persistentVolumeClaim.claimName")?;
        Some(format!("PersistentVolumeClaim.{claim}"))
    })
}
