//! One object of a manifest.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::program::{Words, words};
use crate::Config;
use crate::yaml::Step;

/// An object: a document, or an element of a `List`.
#[derive(Debug)]
pub(super) struct Object {
    /// `Kind.name`, unique in its file.
    pub(super) address: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// The namespace that it names itself.
    pub(super) namespace: Option<String>,
    /// Which document of the file.
    pub(super) document: usize,
    /// The way from the document's root.
    pub(super) path: Vec<Step>,
    /// Its bytes in its document, whole lines.
    pub(super) span: Range<usize>,
    /// What it says.
    pub(super) data: Arc<Value>,
    /// The same as checks look into it, made when it is first asked for.
    pub(super) config: OnceLock<Config>,
    /// The words that may name others, found when they are first asked for.
    pub(super) words: OnceLock<Words>,
}

/// Kinds that have or make pods, with the way to what describes the pod.
const PODS: [(&str, &[&str]); 11] = [
    ("Pod", &[]),
    ("Deployment", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("ReplicaSet", &["spec", "template"]),
    ("ReplicationController", &["spec", "template"]),
    ("DeploymentConfig", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("PodTemplate", &["template"]),
    ("Rollout", &["spec", "template"]),
];

/// The label that the pods of a Job get.
const JOB_NAME: &str = "job-name";

/// The lists of containers that a pod may have.
pub(super) const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

impl Object {
    /// An object that stands in no document.
    pub(super) fn of(kind: &str, name: &str, data: Arc<Value>) -> Self {
        Self {
            address: if name.is_empty() { kind.to_owned() } else { format!("{kind}.{name}") },
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: text_at(&data, "metadata.namespace").map(str::to_owned),
            document: 0,
            path: Vec::new(),
            span: 0..0,
            data,
            config: OnceLock::new(),
            words: OnceLock::new(),
        }
    }

    /// What checks look into.
    pub(super) fn config(&self) -> &Config {
        self.config.get_or_init(|| Config::from_json(&self.data))
    }

    /// What checks look into of its pod's spec.
    pub(super) fn pod_config(&self) -> Option<&Config> {
        let mut path = self.pod_path()?.iter().chain(&["spec"]);
        path.try_fold(self.config(), |config, key| config.get(key))
    }

    /// The same object with other data.
    pub(super) fn with(&self, data: Value) -> Self {
        Self {
            address: self.address.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            document: self.document,
            path: self.path.clone(),
            span: self.span.clone(),
            data: Arc::new(data),
            config: OnceLock::new(),
            words: OnceLock::new(),
        }
    }

    /// The words that may name others.
    pub(super) fn words(&self) -> &Words {
        self.words.get_or_init(|| words(&self.data))
    }

    /// The way from the object to its pod: where its metadata and spec stand.
    pub(super) fn pod_path(&self) -> Option<&'static [&'static str]> {
        PODS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, path)| *path)
    }

    /// What describes its pod: metadata and spec.
    pub(super) fn pod(&self) -> Option<&Value> {
        self.pod_path()?.iter().try_fold(&*self.data, |value, key| value.get(key))
    }

    /// The spec of its pod.
    pub(super) fn pod_spec(&self) -> Option<&Value> {
        self.pod()?.get("spec")
    }

    /// The labels that it gives its pods.
    pub(super) fn given_labels(&self) -> Map<String, Value> {
        let labels = self.pod().and_then(|pod| pod.get("metadata")?.get("labels")?.as_object());
        labels.cloned().unwrap_or_default()
    }

    /// The labels of its pods; those of a Job get one with its name.
    pub(super) fn pod_labels(&self) -> Map<String, Value> {
        let mut labels = self.given_labels();
        if self.kind == "Job" && !self.name.is_empty() {
            labels.insert(JOB_NAME.to_owned(), Value::String(self.name.clone()));
        }
        labels
    }

    /// Its containers, each with the way from the object: list and place in it.
    pub(super) fn containers(&self, lists: &[&'static str]) -> Vec<(Vec<Step>, &Value)> {
        let (Some(pod), Some(spec)) = (self.pod_path(), self.pod_spec()) else { return Vec::new() };
        let mut found = Vec::new();
        for list in lists {
            let all = spec.get(list).and_then(Value::as_array);
            for (at, container) in all.into_iter().flatten().enumerate() {
                let keys = pod.iter().chain(&["spec"]).chain([list]);
                let mut path: Vec<Step> = keys.map(|key| Step::from(*key)).collect();
                path.push(at.into());
                found.push((path, container));
            }
        }
        found
    }

    /// The namespace that it ends up in when nothing else names one.
    pub(super) fn namespace_or_default(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    /// Whether it is of a kind that lives in no namespace.
    pub(super) fn is_cluster_wide(&self) -> bool {
        CLUSTER_WIDE.contains(&self.kind.as_str())
    }
}

/// Kinds of Kubernetes itself that live in no namespace.
const CLUSTER_WIDE: [&str; 16] = [
    "APIService",
    "CSIDriver",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

/// A text at a dotted path; none where there is none.
pub(super) fn text_at<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    path.split('.').try_fold(value, |value, key| value.get(key))?.as_str()
}
