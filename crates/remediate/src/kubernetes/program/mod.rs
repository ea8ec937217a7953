//! What belongs to one program: objects of the default namespace that name or select each other,
//! and so have to leave it together.

mod near;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::code::place;
use super::judge::{covers, selects, together};
use super::kustomize::{self, is_kustomization};
use super::manifests::{File, Manifests};
use super::object::{Object, text_at};
use crate::code::Place;
use near::Near;

pub(super) use words::{Words, renamed, words};

/// The objects of each program, by each of them.
pub(super) type Programs = HashMap<Place, Arc<Vec<Place>>>;

/// Kinds that live in a namespace; what a claim holds does not follow it.
const KINDS: [&str; 82] = [
    "AnalysisRun",
    "AnalysisTemplate",
    "ApisixRoute",
    "AuthorizationPolicy",
    "BackendConfig",
    "Certificate",
    "ChaosEngine",
    "CiliumNetworkPolicy",
    "ConfigMap",
    "CronJob",
    "CronWorkflow",
    "DaemonSet",
    "Deployment",
    "DestinationRule",
    "EndpointSlice",
    "Endpoints",
    "EventBus",
    "EventSource",
    "Experiment",
    "ExternalSecret",
    "FrontendConfig",
    "GRPCRoute",
    "Gateway",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "InferenceModel",
    "InferenceObjective",
    "InferencePool",
    "Ingress",
    "IngressRoute",
    "Issuer",
    "Job",
    "LeaderWorkerSet",
    "LimitRange",
    "ManagedCertificate",
    "Middleware",
    "NetworkPolicy",
    "PeerAuthentication",
    "PersistentVolumeClaim",
    "Pipeline",
    "PipelineRun",
    "Pod",
    "PodDisruptionBudget",
    "PodMonitor",
    "PodMonitoring",
    "PodTemplate",
    "Probe",
    "PrometheusRule",
    "RayCluster",
    "RayJob",
    "RayService",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Rollout",
    "Sandbox",
    "SandboxClaim",
    "SandboxTemplate",
    "ScaledObject",
    "SealedSecret",
    "Secret",
    "SecretProviderClass",
    "SecretStore",
    "Sensor",
    "Service",
    "ServiceAccount",
    "ServiceEntry",
    "ServiceMonitor",
    "StatefulSet",
    "StepAction",
    "Task",
    "TaskRun",
    "TrafficSplit",
    "TriggerAuthentication",
    "VerticalPodAutoscaler",
    "VirtualService",
    "Workflow",
    "WorkflowEventBinding",
    "WorkflowTaskSet",
    "WorkflowTemplate",
];

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

/// Every program of the repository.
pub(super) fn all(manifests: &Manifests) -> Programs {
    let members = members(manifests);
    let labels: Vec<Labels> = members.iter().map(|one| one.object.pod_labels()).collect();
    let (mut names, mut pods) = (Near::default(), Near::default());
    for ((at, one), labels) in members.iter().enumerate().zip(&labels) {
        names.add(one.object.name.as_str(), (at, one));
        if one.object.pod().is_some() {
            pods.add(None, (at, one));
            pairs(labels).for_each(|pair| pods.add(Some(pair), (at, one)));
        }
    }
    let mut groups = Groups::new(members.len());
    for (at, one) in members.iter().enumerate() {
        groups.join_all(at, &named(&members, &names, one));
        groups.join_all(at, &chosen((&members, &labels), &pods, one));
    }
    bind_long_names(manifests, &members, &mut groups);
    groups.told(&members)
}

/// The labels of the pods of an object.
type Labels = Map<String, Value>;

/// Labels that are texts.
fn pairs(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// The members that one names.
fn named<'m>(members: &[Member<'m>], names: &Near<'m, &'m str>, one: &Member<'m>) -> Vec<usize> {
    let words = one.object.words();
    let whole = words.texts.iter().map(|text| (text, true));
    let all = whole.chain(words.hosts.iter().map(|host| (host, false)));
    let found = all.flat_map(|(word, whole)| {
        // Only a service is named as a host.
        let is_meant = move |at: &usize| {
            members.get(*at).is_some_and(|other| whole || other.object.kind == "Service")
        };
        names.of(word, one, members).into_iter().filter(is_meant)
    });
    found.collect()
}

/// The members whose pods one selects. They are looked for among those that have the rarest of
/// the labels that it wants.
fn chosen<'m>(
    (members, labels): (&[Member<'m>], &'m [Labels]),
    pods: &Near<'m, Option<(&'m str, &'m str)>>,
    one: &Member<'m>,
) -> Vec<usize> {
    let Some(selector) = selector(one.object) else { return Vec::new() };
    let wanted = match one.object.kind.as_str() {
        "Service" => Some(selector),
        _ => selector.get("matchLabels"),
    };
    let wanted = wanted.and_then(Value::as_object);
    let having = wanted.into_iter().flat_map(pairs).map(|pair| pods.of(Some(pair), one, members));
    let having = having.min_by_key(Vec::len).unwrap_or_else(|| pods.of(None, one, members));
    let chooses = |at: &usize| labels.get(*at).is_some_and(|labels| chooses(one.object, labels));
    having.into_iter().filter(chooses).collect()
}

/// One long name can mean one service only, so that all of that name move with who says it.
fn bind_long_names(manifests: &Manifests, members: &[Member<'_>], groups: &mut Groups) {
    let mut services: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut says: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, one) in members.iter().enumerate() {
        if one.object.kind == "Service" {
            services.entry(&one.object.name).or_default().push(at);
        }
        for name in &one.object.words().long {
            says.entry(name).or_default().push(at);
        }
    }
    let long = manifests.objects().flat_map(|(_, object)| &object.words().long);
    let long: BTreeSet<&str> = long.map(String::as_str).collect();
    for name in long {
        let Some(services) = services.get(name) else { continue };
        let Some(first) = services.first().copied() else { continue };
        groups.join_all(first, services);
        groups.join_all(first, says.get(name).map_or(&[], Vec::as_slice));
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

/// Whether an object selects pods of these labels.
fn chooses(one: &Object, labels: &Labels) -> bool {
    let Some(selector) = selector(one) else { return false };
    match one.kind.as_str() {
        "Service" => selector.as_object().is_some_and(|wanted| covers(wanted, labels)),
        _ => selects(selector, labels) == Some(true),
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

/// Accounts of the default namespace that a binding names, by their place among the subjects.
pub(super) fn subjects(object: &Object) -> impl Iterator<Item = (usize, &str)> {
    let all = object.data.get("subjects").and_then(Value::as_array).into_iter().flatten();
    let own = all.enumerate().filter(|(_, one)| {
        text_at(one, "kind") == Some("ServiceAccount")
            && text_at(one, "namespace") == Some("default")
    });
    own.filter_map(|(at, one)| Some((at, text_at(one, "name")?)))
}
