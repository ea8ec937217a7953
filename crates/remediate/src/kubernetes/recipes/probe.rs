//! `liveness_probe` and `readiness_probe`: Kubernetes asks each container whether it works.
//!
//! What is asked comes from evidence only: the other probe of the container, a port that it
//! declares, or the numbered port of a Service that selects its pods. Where there is none, a
//! person must say what tells that the program works.

use serde_json::{Map, Value, json};

use super::{Plan, Recipe, Request, below, name_of};
use crate::kubernetes::judge::{covers, together};
use crate::yaml::Edit;

pub(super) const LIVENESS: Recipe = Recipe {
    name: "liveness_probe",
    plan: |request| plan(request, "livenessProbe", &["startupProbe", "readinessProbe"]),
};

pub(super) const READINESS: Recipe = Recipe {
    name: "readiness_probe",
    plan: |request| plan(request, "readinessProbe", &["startupProbe", "livenessProbe"]),
};

/// What a probe may ask.
const HANDLERS: [&str; 4] = ["httpGet", "tcpSocket", "exec", "grpc"];

fn plan(request: &Request<'_>, probe: &str, others: &[&str]) -> Result<Plan, String> {
    let mut edits = Vec::new();
    let containers = request.object.containers(&["containers"]);
    let alone = containers.len() == 1;
    for (path, container) in containers {
        if container.get(probe).is_some_and(|there| !there.is_null()) {
            continue;
        }
        let found = others.iter().find_map(|other| handler(container.get(other)?));
        let found = found.or_else(|| socket(container));
        let found = found.or_else(|| if alone { served(request) } else { None });
        let mut new = found.ok_or_else(|| {
            format!(
                "nothing in the manifests tells how to ask the container `{}` whether it works: \
                 it declares no port and has no other probe",
                name_of(container)
            )
        })?;
        // A restart is the harder answer, so that it comes later.
        let (delay, period) = if probe == "livenessProbe" { (15, 20) } else { (5, 10) };
        new.insert("initialDelaySeconds".to_owned(), json!(delay));
        new.insert("periodSeconds".to_owned(), json!(period));
        edits.push(Edit::Set(below(&path, probe), Value::Object(new)));
    }
    Ok(Plan::Edits(edits))
}

/// What another probe asks.
fn handler(probe: &Value) -> Option<Map<String, Value>> {
    let one = HANDLERS.iter().find_map(|name| Some((name, probe.get(name)?)))?;
    Some(Map::from_iter([((*one.0).to_owned(), one.1.clone())]))
}

/// A connection to the first port that the container declares.
fn socket(container: &Value) -> Option<Map<String, Value>> {
    let ports = container.get("ports")?.as_array()?;
    let port = ports.iter().find(|port| tcp(port))?.get("containerPort")?;
    port.as_u64()?;
    Some(connect(port))
}

/// A connection to the port that a Service sends its traffic to.
fn served(request: &Request<'_>) -> Option<Map<String, Value>> {
    let labels = request.object.pod_labels();
    request.manifests.objects().find_map(|(file, object)| {
        let selector = object.data.get("spec")?.get("selector")?.as_object()?;
        let ours =
            object.kind == "Service" && together(file, request.file) && covers(selector, &labels);
        let ports = object.data.get("spec")?.get("ports")?.as_array().filter(|_| ours)?;
        let port = ports.iter().find(|port| tcp(port))?;
        let port = port.get("targetPort").or_else(|| port.get("port"))?;
        port.as_u64()?;
        Some(connect(port))
    })
}

fn tcp(port: &Value) -> bool {
    port.get("protocol").and_then(Value::as_str).is_none_or(|protocol| protocol == "TCP")
}

fn connect(port: &Value) -> Map<String, Value> {
    Map::from_iter([("tcpSocket".to_owned(), json!({ "port": port }))])
}
