//! Where in a Kubernetes object a check looks.

use quell_catalog::{Check, Language, Truth};
use serde_json::Value;

use super::Evaluator;
use super::truth::all;
use crate::Config;

/// Judges a check on an object; unknown where the check is not about it.
pub(super) fn judge(evaluator: &Evaluator, check: &Check, object: &Value) -> Truth {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    if check.language != Language::Kubernetes || !check.resource.iter().any(|one| one == kind) {
        return Truth::Unknown;
    }
    match check.at.as_deref() {
        None | Some("object") => evaluator.evaluate(&check.holds, &Config::from_json(object)),
        Some("pod_spec") => pod_spec(kind, object).map_or(Truth::Unknown, |spec| {
            evaluator.evaluate(&check.holds, &Config::from_json(spec))
        }),
        Some("containers") => {
            pod_spec(kind, object).map_or(Truth::Unknown, |spec| containers(evaluator, check, spec))
        }
        Some(_) => Truth::Unknown,
    }
}

fn containers(evaluator: &Evaluator, check: &Check, spec: &Value) -> Truth {
    let containers: Vec<&Value> = ["containers", "initContainers"]
        .iter()
        .filter_map(|name| spec.get(name).and_then(Value::as_array))
        .flatten()
        .collect();
    if containers.is_empty() {
        return Truth::Unknown;
    }
    all(containers
        .into_iter()
        .map(|container| evaluator.evaluate(&check.holds, &Config::from_json(container))))
}

fn pod_spec<'o>(kind: &str, object: &'o Value) -> Option<&'o Value> {
    let path = match kind {
        "Pod" => "/spec",
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job" => "/spec/template/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => return None,
    };
    object.pointer(path)
}
