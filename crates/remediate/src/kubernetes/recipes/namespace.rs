//! `namespace`: objects leave the default namespace.
//!
//! The namespace is the parameter `kubernetes.namespace`, or the one of the nearest path
//! (`kubernetes.namespace.<path>`); else the one that the manifests beside the object name or make,
//! where it is one; else `apps`. What one program is made of moves together: objects that name or
//! select each other, the patches that kustomizations lay upon them, the subjects of bindings, and
//! texts that name their services by a long name.
//! All of it is one change. Where a part of it cannot move, none does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::code::Place;
use crate::kubernetes::code::place;
use crate::kubernetes::kustomize;
use crate::kubernetes::manifests::{File, Manifests};
use crate::kubernetes::object::{Object, text_at};
use crate::kubernetes::outside;
use crate::kubernetes::program::{names_from_outside, renamed, subjects};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "namespace", plan };

const PARAMETER: &str = "kubernetes.namespace";

/// Where nothing names another.
const DEFAULT: &str = "apps";

/// More objects than this are no program that moves at once.
const MOST: usize = 200;

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let wanted = namespace(request);
    let object = request.object;
    if object.kind == "Kustomization" {
        let built = kustomize::build(request.manifests, request.file);
        let left = built.iter().find_map(|one| left_behind(one.object));
        if let Some(left) = left.filter(|_| !is_said(request)) {
            return Err(format!("what it builds uses `{left}`, {}", data(request)));
        }
        let outside = outside::entries_of(request.manifests, request.file);
        if let Some(entry) = outside.first().filter(|_| !is_said(request)) {
            return Err(format!(
                "it takes in `{entry}`, which is not in the repository and may hold a volume claim, \
                 {}",
                data(request)
            ));
        }
        return Ok(Plan::Edits(vec![Edit::Set(vec!["namespace".into()], json!(wanted))]));
    }
    request.whole_object()?;
    if object.is_cluster_wide() {
        return Err(format!("a {} lives in no namespace", object.kind));
    }
    if object.namespace_or_default() != "default" {
        // It stands elsewhere already.
        let own = object.namespace.as_deref().unwrap_or(wanted);
        return Ok(Plan::Edits(vec![Edit::Set(metadata(), json!(own))]));
    }
    let own = place(&request.file.path, object);
    let members = match request.manifests.program_of(&own) {
        [] => std::slice::from_ref(&own),
        members => members,
    };
    if members.len() > MOST {
        return Err(format!("more than {MOST} objects belong together: move them by hand"));
    }
    let objects: Vec<(&File, &Object)> =
        members.iter().filter_map(|member| request.manifests.at(member)).collect();
    let stays = names_from_outside(request.manifests, &objects);
    if let Some(other) = stays.filter(|_| !is_said(request)) {
        return Err(format!(
            "`{}` belongs to it, and whether a {} can move is not known: who moves both names the \
             namespace (`{PARAMETER}.{}`)",
            other.address, other.kind, request.file.path
        ));
    }
    let mut edits = BTreeMap::new();
    for member in members {
        moved(request, member, wanted, &mut edits)?;
    }
    bound(request, members, wanted, &mut edits)?;
    named(request, &objects, wanted, &mut edits);
    match (edits.len(), edits.remove(&own)) {
        (1, Some(alone)) => Ok(Plan::Edits(alone)),
        (_, Some(first)) => {
            edits.insert(own, first);
            Ok(Plan::Together(edits))
        }
        (_, None) => Err("the object is gone".to_owned()),
    }
}

fn metadata() -> Vec<Step> {
    vec!["metadata".into(), "namespace".into()]
}

/// What moves an object, and lets the patches of kustomizations find it still.
fn moved(
    request: &Request<'_>,
    place: &Place,
    wanted: &str,
    edits: &mut BTreeMap<Place, Vec<Edit>>,
) -> Result<(), String> {
    let (_, object) = request.manifests.at(place).ok_or("the object is gone")?;
    let is_own = std::ptr::eq(object, request.object);
    let (what, shown) = (if is_own { "it" } else { "what belongs to it" }, &object.address);
    let is_claim = object.kind == "PersistentVolumeClaim";
    let left = left_behind(object).or_else(|| is_claim.then(|| shown.clone()));
    if let Some(left) = left.filter(|_| !is_said(request)) {
        return Err(format!("{what} uses `{left}`, {}", data(request)));
    }
    let set = Edit::Set(metadata(), json!(wanted));
    edits.entry(place.clone()).or_default().push(set.clone());
    for patch in request.manifests.patches_of(place).iter().filter(|patch| patch.unplaced) {
        match (&patch.place, patch.entry) {
            (Some(at), _) => {
                let own = edits.entry(at.clone()).or_default();
                own.extend((!own.contains(&set)).then(|| set.clone()));
            }
            (None, Some((list, at))) => {
                let by = request.manifests.file(&patch.by);
                let by = by.and_then(|file| Some((file, file.objects.first()?)));
                let (file, kustomization) = by.ok_or("a kustomization is gone")?;
                let target = json!({"kind": patch.of.0, "name": patch.of.1});
                let path = vec![Step::from(list), at.into(), "target".into()];
                let own = edits.entry(place_of(file, kustomization)).or_default();
                let target = Edit::Set(path, target);
                own.extend((!own.contains(&target)).then_some(target));
            }
            (None, None) => {
                return Err(format!(
                    "a patch of `{}` would no longer find `{shown}`: name the namespace there too",
                    patch.by
                ));
            }
        }
    }
    Ok(())
}

/// Bindings anywhere give rights to accounts by their namespace: those that move are named anew.
/// Where one of the same name stays, a binding means the one of its own folder.
fn bound(
    request: &Request<'_>,
    members: &[Place],
    wanted: &str,
    edits: &mut BTreeMap<Place, Vec<Edit>>,
) -> Result<(), String> {
    let manifests = request.manifests;
    let (moves, stays): (Vec<_>, Vec<_>) = accounts(manifests)
        .partition(|(file, object)| members.binary_search(&place_of(file, object)).is_ok());
    let names: BTreeSet<&str> = moves.iter().map(|(_, object)| object.name.as_str()).collect();
    let bindings = manifests.objects().filter(|(file, object)| {
        matches!(object.kind.as_str(), "ClusterRoleBinding" | "RoleBinding")
            && !manifests.in_chart(&file.path)
    });
    for (file, binding) in bindings {
        for (at, name) in subjects(binding).filter(|(_, name)| names.contains(name)) {
            let called = |all: &[(&File, &Object)]| -> Vec<bool> {
                let all = all.iter().filter(|(_, object)| object.name == name);
                all.map(|(own, _)| own.folder() == file.folder()).collect()
            };
            let (moves, stays) = (called(&moves), called(&stays));
            let is_meant = moves.contains(&true) || stays.is_empty();
            if !is_meant && stays.contains(&true) {
                continue;
            }
            if !is_meant {
                return Err(format!(
                    "`{}` in `{}` names `{name}`, and several accounts are called so: move them by \
                     hand",
                    binding.address, file.path
                ));
            }
            let path = vec![Step::from("subjects"), at.into(), "namespace".into()];
            let own = edits.entry(place_of(file, binding)).or_default();
            own.push(Edit::Set(path, json!(wanted)));
        }
    }
    Ok(())
}

/// The accounts of the default namespace.
fn accounts(manifests: &Manifests) -> impl Iterator<Item = (&File, &Object)> {
    manifests.objects().filter(|(file, object)| {
        object.kind == "ServiceAccount"
            && object.namespace_or_default() == "default"
            && manifests.patched_by(&file.path).is_none()
    })
}

/// Objects that name a service by its long name (`web.default.svc`) name it anew.
fn named(
    request: &Request<'_>,
    members: &[(&File, &Object)],
    wanted: &str,
    edits: &mut BTreeMap<Place, Vec<Edit>>,
) {
    let services: BTreeSet<&str> = members
        .iter()
        .filter(|(_, object)| object.kind == "Service")
        .map(|(_, object)| object.name.as_str())
        .collect();
    let manifests = request.manifests;
    for (file, object) in manifests.objects() {
        let names = || services.iter().any(|service| object.words().long.contains(*service));
        if services.is_empty() || manifests.in_chart(&file.path) || !names() {
            continue;
        }
        let mut found = Vec::new();
        renamed(&object.data, (&services, wanted), &mut Vec::new(), &mut found);
        let set = found.into_iter().map(|(path, text)| Edit::Set(path, json!(text)));
        edits.entry(place_of(file, object)).or_default().extend(set);
    }
}

fn place_of(file: &File, object: &Object) -> Place {
    place(&file.path, object)
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

fn namespace<'r>(request: &'r Request<'_>) -> &'r str {
    let said = request.wish.settings.at(PARAMETER, &request.file.path);
    said.or_else(|| nearby(request)).unwrap_or(DEFAULT)
}

/// The one namespace that manifests of the same file, else of the same folder, name or make.
fn nearby<'r>(request: &Request<'r>) -> Option<&'r str> {
    let manifests = request.manifests;
    let of_file = request.file.objects.iter().filter_map(|object| named_by(object));
    one(of_file).or_else(|| {
        let own = manifests.files().filter(|file| file.folder() == request.file.folder());
        one(own.flat_map(|file| &file.objects).filter_map(|object| named_by(object)))
    })
}

fn named_by(object: &Object) -> Option<&str> {
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
