//! What belongs to one program: objects of the default namespace that name or select each other,
//! and so have to leave it together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::code::place;
use super::judge::{covers, selects, together};
use super::kustomize::{self, is_kustomization};
use super::manifests::{File, Manifests};
use super::object::{Object, text_at};
use crate::code::Place;
use crate::yaml::Step;

/// The objects of each program, by each of them.
pub(super) type Programs = HashMap<Place, Arc<Vec<Place>>>;

/// Kinds that live in a namespace; what a claim holds does not follow it.
const KINDS: [&str; 36] = [
    "AuthorizationPolicy",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "DestinationRule",
    "EndpointSlice",
    "Endpoints",
    "GRPCRoute",
    "Gateway",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "LimitRange",
    "NetworkPolicy",
    "PeerAuthentication",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodMonitor",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ScaledObject",
    "Secret",
    "Service",
    "ServiceAccount",
    "ServiceEntry",
    "ServiceMonitor",
    "StatefulSet",
    "VerticalPodAutoscaler",
    "VirtualService",
];

/// The words of an object that may name others.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Whole texts: names of volumes, accounts, targets.
    texts: HashSet<String>,
    /// Parts of texts that may be the name of a host (`redis` of `redis:6379`).
    hosts: HashSet<String>,
    /// Services that it names in the default namespace (`redis` of `redis.default.svc`).
    pub(super) long: HashSet<String>,
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
    collect_long(data, &mut found.long);
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

/// What a long name of a service in the default namespace begins with (`redis` of
/// `redis.default.svc`).
fn in_default(host: &str) -> Option<&str> {
    let (service, rest) = host.split_once('.')?;
    let rest = rest.strip_prefix("default")?;
    (rest.is_empty() || rest.starts_with('.')).then_some(service)
}

fn collect_long(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            into.extend(hosts(text).filter_map(in_default).map(ToOwned::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_long(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| collect_long(field, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every text of an object that names one of these services in the default namespace, with its
/// path, as it reads with another namespace.
pub(super) fn renamed(
    data: &Value,
    (services, namespace): (&BTreeSet<&str>, &str),
    path: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, String)>,
) {
    let to = (services, namespace);
    match data {
        Value::String(text) => {
            let new = with_namespace(text, to);
            if new != *text {
                found.push((path.clone(), new));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.into());
                renamed(item, to, path, found);
                path.pop();
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                path.push(Step::Key(key.clone()));
                renamed(field, to, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn with_namespace(text: &str, (services, namespace): (&BTreeSet<&str>, &str)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for host in hosts(text) {
        let Some(service) = in_default(host).filter(|service| services.contains(service)) else {
            continue;
        };
        let at = host.as_ptr().addr() - text.as_ptr().addr() + service.len() + 1;
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(namespace);
        from = at + "default".len();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// An object that a namespace would take along.
struct Member<'m> {
    file: &'m File,
    object: &'m Object,
    place: Place,
    /// The kustomizations that build it.
    built: BTreeSet<usize>,
    /// Whether no other has its kind and name.
    unique: bool,
}

impl Member<'_> {
    /// Whether this one and another that it names are likely applied together. What has a twin
    /// elsewhere belongs to what stands in its own folder.
    fn is_near(&self, named: &Self) -> bool {
        self.file.folder() == named.file.folder()
            || !self.built.is_disjoint(&named.built)
            || (self.unique && named.unique && together(self.file, named.file))
    }
}

/// Every program of the repository.
pub(super) fn all(manifests: &Manifests) -> Programs {
    let members = members(manifests);
    let mut by_name: ByName<'_> = BTreeMap::new();
    for (at, one) in members.iter().enumerate() {
        by_name.entry(one.object.name.as_str()).or_default().push(at);
    }
    let mut groups = Groups::new(members.len());
    for (at, one) in members.iter().enumerate() {
        groups.join_all(at, &named(&members, &by_name, one));
        groups.join_all(at, &chosen(&members, one));
    }
    bind_long_names(manifests, &members, &by_name, &mut groups);
    groups.told(&members)
}

/// Which members have a name.
type ByName<'m> = BTreeMap<&'m str, Vec<usize>>;

/// The members that one names.
fn named(members: &[Member<'_>], by_name: &ByName<'_>, one: &Member<'_>) -> Vec<usize> {
    let words = one.object.words();
    let whole = words.texts.iter().map(|text| (text, true));
    let all = whole.chain(words.hosts.iter().map(|host| (host, false)));
    let found = all.flat_map(|(word, whole)| {
        let named = by_name.get(word.as_str()).into_iter().flatten().copied();
        // Only a service is named as a host.
        named.filter(move |at| {
            members.get(*at).is_some_and(|other| {
                (whole || other.object.kind == "Service") && one.is_near(other)
            })
        })
    });
    found.collect()
}

/// The members whose pods one selects.
fn chosen(members: &[Member<'_>], one: &Member<'_>) -> Vec<usize> {
    if selector(one.object).is_none() {
        return Vec::new();
    }
    let all = members.iter().enumerate();
    let own = all.filter(|(_, other)| one.is_near(other) && chooses(one.object, other.object));
    own.map(|(at, _)| at).collect()
}

/// One long name can mean one service only, so that all of that name move with who says it.
fn bind_long_names(
    manifests: &Manifests,
    members: &[Member<'_>],
    by_name: &ByName<'_>,
    groups: &mut Groups,
) {
    let long = manifests.objects().flat_map(|(_, object)| &object.words().long);
    let long: BTreeSet<&String> = long.collect();
    let is_service = |at: &usize| members.get(*at).is_some_and(|m| m.object.kind == "Service");
    for name in long {
        let named = by_name.get(name.as_str()).into_iter().flatten().copied();
        let services: Vec<usize> = named.filter(is_service).collect();
        let Some(first) = services.first().copied() else { continue };
        groups.join_all(first, &services);
        let says = members.iter().enumerate().filter(|(_, m)| m.object.words().long.contains(name));
        groups.join_all(first, &says.map(|(at, _)| at).collect::<Vec<_>>());
    }
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
        KINDS.contains(&object.kind.as_str())
            && !object.name.is_empty()
            && object.namespace_or_default() == "default"
            && manifests.patched_by(&file.path).is_none()
            && !manifests.in_chart(&file.path)
    };
    let found = manifests.objects().filter(|(file, object)| fits(file, object));
    let found: Vec<(&File, &Object)> = found.collect();
    let mut count: HashMap<(&str, &str), usize> = HashMap::new();
    for (_, object) in &found {
        *count.entry((&object.kind, &object.name)).or_default() += 1;
    }
    let member = |(file, object): &(&'_ File, &'_ Object)| {
        let place = place(&file.path, object);
        let built = built.get(&place).cloned().unwrap_or_default();
        (place, built, count.get(&(&*object.kind, &*object.name)) == Some(&1))
    };
    let made = found.iter().map(|one| (*one, member(one)));
    made.map(|((file, object), (place, built, unique))| Member {
        file,
        object,
        place,
        built,
        unique,
    })
    .collect()
}

/// An object of a kind that is not known whose spec names one of these, and would stay.
pub(super) fn names_from_outside<'m>(
    manifests: &'m Manifests,
    members: &[(&File, &Object)],
) -> Option<&'m Object> {
    let outside = manifests.objects().filter(|(file, object)| {
        !is_kustomization(&file.path)
            && !object.is_cluster_wide()
            && !KINDS.contains(&object.kind.as_str())
            && object.data.get("spec").is_some()
            && object.namespace_or_default() == "default"
            && !manifests.in_chart(&file.path)
    });
    let names = |(file, object): &(&File, &Object)| {
        members
            .iter()
            .any(|(own, member)| together(file, own) && object.words().texts.contains(&member.name))
    };
    outside.filter(names).map(|(_, object)| object).next()
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

    fn join_all(&mut self, one: usize, others: &[usize]) {
        others.iter().for_each(|other| self.join(one, *other));
    }

    fn told(&self, members: &[Member<'_>]) -> Programs {
        let mut all: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
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
