//! Finds the object that a finding is about.

use super::code::place;
use super::kustomize::{self, Built};
use super::manifests::{File, Manifests};
use super::object::Object;
use super::outside;
use crate::Target;
use crate::code::Place;

/// The one object of these kinds that a finding is about.
pub(super) fn locate(
    manifests: &Manifests,
    target: &Target,
    kinds: &[String],
) -> Result<Place, String> {
    let Some(path) = &target.file else { return by_name(manifests, target, kinds) };
    let file = file(manifests, path).ok_or_else(|| format!("`{path}` is not in the repository"))?;
    if let Err(reason) = &file.yaml {
        return Err(format!("`{}`, {reason}", file.path));
    }
    if kustomize::is_kustomization(&file.path) {
        return in_build(manifests, file, target, kinds);
    }
    let fits = |object: &&Object| kinds.contains(&object.kind);
    let all: Vec<&Object> = file.objects.iter().map(AsRef::as_ref).filter(fits).collect();
    let found = pick(file, &all, target);
    found.map(|object| place(&file.path, object)).ok_or_else(|| {
        let what = target.address.as_deref().unwrap_or("what the finding is about");
        format!("`{}` has no object of the kinds that the control is about for `{what}`", file.path)
    })
}

/// The file of a path, which may begin above the repository.
fn file<'m>(manifests: &'m Manifests, path: &str) -> Option<&'m File> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let mut rest = path;
    loop {
        if let Some(file) = manifests.file(rest) {
            return Some(file);
        }
        rest = rest.get(rest.find('/')? + 1..)?;
    }
}

/// The one that the address, the lines or the names mean.
fn pick<'m>(file: &File, all: &[&'m Object], target: &Target) -> Option<&'m Object> {
    let address = target.address.as_deref().map(plain);
    let within = |object: &Object| target.lines.is_some_and(|lines| touches(file, object, lines));
    if let Some(address) = address {
        let named: Vec<&'m Object> =
            all.iter().copied().filter(|object| means(address, object, &object.name)).collect();
        return match named.as_slice() {
            [one] => Some(one),
            [] => only(all.iter().copied().filter(|object| within(object))),
            several => only(several.iter().copied().filter(|object| within(object))),
        };
    }
    only(all.iter().copied().filter(|object| within(object)))
        .or_else(|| only(all.iter().copied().filter(|object| target.names.contains(&object.name))))
}

fn only<'m>(mut found: impl Iterator<Item = &'m Object>) -> Option<&'m Object> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// An address without what Checkov puts before it: `overlay:overlays/test:Deployment.ns.name`.
fn plain(address: &str) -> &str {
    address.rsplit(':').next().unwrap_or(address)
}

/// Whether an address means an object, which the build may give another name and namespace.
fn means(address: &str, object: &Object, name: &str) -> bool {
    if address == object.address || address == format!("{}/{name}", object.kind) {
        return true;
    }
    // `Kind.namespace.name`; what is said of a pod of a workload begins with `Pod`.
    let own = address.strip_prefix(object.kind.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let is_pod = object.pod_path().is_some();
    let pod = address.strip_prefix("Pod.").filter(|_| is_pod);
    let after = |rest: &str| rest.split_once('.').map(|(_, rest)| rest.to_owned());
    let own = own.and_then(after).is_some_and(|rest| rest == name);
    own || pod.and_then(after).is_some_and(|rest| {
        rest == name || rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Whether the lines of an object are those of the finding, for the greater part.
fn touches(file: &File, object: &Object, (first, last): (u32, u32)) -> bool {
    let span = file.span(object);
    let (start, end) = (file.line(span.start), file.line(span.end));
    let shared = end.min(last).saturating_add(1).saturating_sub(start.max(first));
    shared * 2 > last.saturating_add(1).saturating_sub(first)
}

/// A finding about what a kustomization builds is fixed at the object that it builds it of.
fn in_build(
    manifests: &Manifests,
    file: &File,
    target: &Target,
    kinds: &[String],
) -> Result<Place, String> {
    let address = plain(target.address.as_deref().unwrap_or_default());
    let built = kustomize::build(manifests, file);
    let found: Vec<&Built<'_>> =
        built.iter().filter(|built| means(address, built.object, &built.name)).collect();
    if found.is_empty()
        && let Some(outside) = outside::locate(manifests, file, (address, kinds))
    {
        return outside;
    }
    let [one] = found.as_slice() else {
        let count = if found.is_empty() { "no" } else { "more than one" };
        return Err(format!(
            "{count} file of the repository that `{}` takes in has `{address}`",
            file.path
        ));
    };
    // The namespace of what is built is said once, where the objects are taken in.
    let by = one.through.iter().rev().find_map(|by| {
        let object = by.objects.first().filter(|object| object.kind == "Kustomization")?;
        kinds.contains(&object.kind).then(|| place(&by.path, object))
    });
    if let Some(place) = by {
        return Ok(place);
    }
    if kinds.contains(&one.object.kind) {
        return Ok(place(&one.file.path, one.object));
    }
    Err(format!("no recipe of the control changes a `{}`", one.object.kind))
}

/// A running object by its kind, name and, where several have them, namespace.
fn by_name(manifests: &Manifests, target: &Target, kinds: &[String]) -> Result<Place, String> {
    let of_kind = |object: &Object| {
        kinds.contains(&object.kind)
            && (target.kind.is_empty() || object.kind.eq_ignore_ascii_case(&target.kind))
    };
    let found: Vec<(&File, &Object)> = manifests
        .objects()
        .filter(|(file, object)| {
            of_kind(object)
                && target.names.contains(&object.name)
                && manifests.patched_by(&file.path).is_none()
        })
        .collect();
    match found.as_slice() {
        [(file, object)] => Ok(place(&file.path, object)),
        [] => Err("no manifest of the repository makes it".to_owned()),
        several => {
            let files: Vec<&str> = several.iter().map(|(file, _)| file.path.as_str()).collect();
            Err(format!("several manifests make an object of that name: {}", files.join(", ")))
        }
    }
}
