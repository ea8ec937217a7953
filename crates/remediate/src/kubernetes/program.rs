//! What belongs to one program: objects of the default namespace that name or select each other,
//! and so have to leave it together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::code::place;
use super::judge::{covers, selects, together};
use super::kustomize::{self, is_kustomization};
use super::manifests::{File, Manifests};
use super::object::{Object, text_at};
use crate::code::Place;

/// The objects of each program, by each of them.
pub(super) type Programs = HashMap<Place, Arc<Vec<Place>>>;

/// The words of an object that may name others.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Whole texts: names of volumes, accounts, targets.
    texts: HashSet<String>,
    /// Parts of texts that may be the name of a host (`redis` of `redis:6379`).
    hosts: HashSet<String>,
}

/// The words of an object, without its own metadata.
pub(super) fn words(data: &Value) -> Words {
    let mut found = Words::default();
    let fields = data.as_object().into_iter().flatten();
    for (key, value) in fields {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            collect(value, &mut found);
        }
    }
    found
}

fn collect(value: &Value, into: &mut Words) {
    match value {
        Value::String(text) => {
            for host in hosts(text) {
                let first = host.split('.').next().unwrap_or_default();
                into.hosts.insert(first.to_owned());
            }
            into.texts.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(fields) => {
            // Labels tell objects apart; they are compared by selectors.
            let named = fields.iter().filter(|(key, _)| {
                !matches!(key.as_str(), "labels" | "matchLabels" | "matchExpressions" | "selector")
            });
            named.for_each(|(_, value)| collect(value, into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The parts of a text that may be the name of a host.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    text.split(move |c: char| !part(c)).filter(|part| !part.is_empty())
}

/// Whether some text of an object names a service in the default namespace by its long name.
pub(super) fn names_in_default(data: &Value, service: &str) -> bool {
    match data {
        Value::String(text) => hosts(text).any(|host| {
            let rest = host.strip_prefix(service).and_then(|rest| rest.strip_prefix(".default"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }),
        Value::Array(items) => items.iter().any(|item| names_in_default(item, service)),
        Value::Object(fields) => fields.values().any(|field| names_in_default(field, service)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An object that a namespace would take along.
struct Member<'m> {
    file: &'m File,
    object: &'m Object,
    place: Place,
    /// The kustomizations that build it.
    built: BTreeSet<usize>,
}

/// Every program of the repository.
pub(super) fn all(manifests: &Manifests) -> Programs {
    let members = members(manifests);
    let mut groups = Groups::new(members.len());
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, one) in members.iter().enumerate() {
        by_name.entry(one.object.name.as_str()).or_default().push(at);
    }
    let near = |one: &Member<'_>, other: &Member<'_>| {
        together(one.file, other.file) || !one.built.is_disjoint(&other.built)
    };
    for (at, one) in members.iter().enumerate() {
        let words = one.object.words();
        let named = words.texts.iter().map(|text| (text, true));
        for (word, whole) in named.chain(words.hosts.iter().map(|host| (host, false))) {
            for other in by_name.get(word.as_str()).into_iter().flatten() {
                let Some(member) = members.get(*other).filter(|_| *other != at) else { continue };
                // Only a service is named as a host.
                if (whole || member.object.kind == "Service") && near(one, member) {
                    groups.join(at, *other);
                }
            }
        }
    }
    for (at, one) in members.iter().enumerate().filter(|(_, one)| selector(one.object).is_some()) {
        for (other, member) in members.iter().enumerate().filter(|(other, _)| *other != at) {
            if near(one, member) && chooses(one.object, member.object) {
                groups.join(at, other);
            }
        }
    }
    groups.told(&members)
}

/// The objects that stand in the default namespace, as they are and not laid upon others.
fn members(manifests: &Manifests) -> Vec<Member<'_>> {
    let mut built: HashMap<Place, BTreeSet<usize>> = HashMap::new();
    let kustomizations = manifests.files().filter(|file| is_kustomization(&file.path));
    for (number, by) in kustomizations.enumerate() {
        for one in kustomize::build(manifests, by) {
            built.entry(place(&one.file.path, one.object)).or_default().insert(number);
        }
    }
    let fits = |file: &File, object: &Object| {
        !is_kustomization(&file.path)
            && !object.is_cluster_wide()
            && !object.name.is_empty()
            && object.namespace_or_default() == "default"
            && manifests.patched_by(&file.path).is_none()
            && !manifests.in_chart(&file.path)
    };
    let found = manifests.objects().filter(|(file, object)| fits(file, object));
    found
        .map(|(file, object)| {
            let place = place(&file.path, object);
            let built = built.remove(&place).unwrap_or_default();
            Member { file, object, place, built }
        })
        .collect()
}

/// What an object selects pods by.
fn selector(object: &Object) -> Option<&Value> {
    let spec = object.data.get("spec")?;
    match object.kind.as_str() {
        "Service" | "PodDisruptionBudget" => spec.get("selector"),
        "NetworkPolicy" => spec.get("podSelector"),
        _ => None,
    }
}

/// Whether an object selects the pods of another.
fn chooses(one: &Object, other: &Object) -> bool {
    let Some(selector) = selector(one).filter(|_| other.pod().is_some()) else { return false };
    let labels = other.pod_labels();
    match one.kind.as_str() {
        "Service" => selector.as_object().is_some_and(|wanted| covers(wanted, &labels)),
        _ => selects(selector, &labels) == Some(true),
    }
}

/// Which members belong together.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(up) = self.0.get(at).copied().filter(|up| *up != at) {
            at = up;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The first of a group stands for it.
        let (first, second) = (one.min(other), one.max(other));
        if let Some(up) = self.0.get_mut(second) {
            *up = first;
        }
    }

    fn told(&self, members: &[Member<'_>]) -> Programs {
        let mut all: HashMap<usize, Vec<Place>> = HashMap::new();
        for (at, one) in members.iter().enumerate() {
            all.entry(self.root(at)).or_default().push(one.place.clone());
        }
        let mut found = Programs::new();
        for mut places in all.into_values() {
            places.sort();
            let places = Arc::new(places);
            found.extend(places.iter().map(|place| (place.clone(), Arc::clone(&places))));
        }
        found
    }
}

/// Accounts that bindings name, by their place among the subjects.
pub(super) fn subjects<'o>(
    object: &'o Object,
    is: impl Fn(&str) -> bool + 'o,
) -> impl Iterator<Item = usize> + 'o {
    let all = object.data.get("subjects").and_then(Value::as_array).into_iter().flatten();
    let own = all.enumerate().filter(move |(_, one)| {
        text_at(one, "kind") == Some("ServiceAccount")
            && text_at(one, "namespace") == Some("default")
            && text_at(one, "name").is_some_and(&is)
    });
    own.map(|(at, _)| at)
}
