//! `network_policy`: a policy beside the object lets in only what its pods declare.
//!
//! Traffic in is allowed to the declared ports alone; from pods of the same namespace where no
//! Service or Ingress of the repository leads in from outside, else from anywhere. Pods without a
//! port let nothing in. A pod without labels gets one, so that the policy can select it. Traffic out
//! stays as it is: what a program reaches is not in its manifest.

use serde_json::{Value, json};

use super::{Companion, Plan, Recipe, Request};
use crate::kubernetes::judge::{covers, together};
use crate::kubernetes::object::{Object, text_at};
use crate::yaml::{Edit, Step};

/// The label that Kubernetes recommends for the name of a program.
const LABEL: &str = "app.kubernetes.io/name";

pub(super) const RECIPE: Recipe = Recipe { name: "network_policy", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    request.whole_object()?;
    let object = request.object;
    // Labels that are given are known to every tool, those that Kubernetes adds to few.
    let given = Some(object.given_labels()).filter(|labels| !labels.is_empty());
    let labels = selector(object).cloned().or(given);
    let mut labels = labels.unwrap_or_else(|| object.pod_labels());
    let mut edits = Vec::new();
    if labels.is_empty() {
        let name = own_label(object).ok_or("its pods have no label that a policy could select")?;
        let pod = object.pod_path().unwrap_or_default();
        let path = pod.iter().copied().chain(["metadata", "labels", LABEL]);
        edits.push(Edit::Set(path.map(Step::from).collect(), json!(name)));
        labels.insert(LABEL.to_owned(), json!(name));
    }
    let spec = object.pod_spec().ok_or("it has no pod")?;
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        return Err("its pods share the node's network, where policies do not reach them".into());
    }
    if object.name.is_empty() {
        return Err("it has no name that the policy could be called by".into());
    }
    let there = |other: &Object| other.kind == "NetworkPolicy" && other.name == object.name;
    if request.file.objects.iter().any(|other| there(other)) {
        return Ok(Plan::Edits(Vec::new()));
    }
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n",
        quoted(&object.name)
    );
    if let Some(namespace) = &object.namespace {
        text.push_str(&format!("  namespace: {}\n", quoted(namespace)));
    }
    text.push_str("spec:\n  podSelector:\n    matchLabels:\n");
    for (key, value) in &labels {
        let value = value.as_str().ok_or("a label of its pods is no text")?;
        text.push_str(&format!("      {}: {}\n", quoted(key), quoted(value)));
    }
    text.push_str("  policyTypes:\n    - Ingress\n");
    text.push_str(&ingress(request, object));
    let companion = Companion { address: format!("NetworkPolicy.{}", object.name), text };
    if edits.is_empty() { Ok(Plan::Beside(companion)) } else { Ok(Plan::Both(edits, companion)) }
}

/// What a label of its own can say of a pod without labels: its name, where that can be one. Pods
/// of a workload get labels only where a kustomization adds them, and in its selector with them.
fn own_label(object: &Object) -> Option<&str> {
    let name = object.name.as_str();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let fits =
        object.pod().is_some() && !name.is_empty() && name.len() <= 63 && name.chars().all(plain);
    let ends = |name: &str| name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let back: String = name.chars().rev().take(1).collect();
    (fits && ends(name) && ends(&back)).then_some(name)
}

/// The labels by which the object finds its own pods, which are fewer and do not change.
fn selector(object: &Object) -> Option<&serde_json::Map<String, Value>> {
    let labels = object.data.get("spec")?.get("selector")?.get("matchLabels")?.as_object();
    labels.filter(|labels| covers(labels, &object.pod_labels()))
}

fn ingress(request: &Request<'_>, object: &Object) -> String {
    let ports = ports(object);
    if ports.is_empty() {
        return "  ingress: []\n".to_owned();
    }
    let from_outside = led_to(request, object);
    let mut text = "  ingress:\n".to_owned();
    let mut dash = "- ";
    if !from_outside {
        text.push_str("    - from:\n        - podSelector: {}\n");
        dash = "  ";
    }
    text.push_str(&format!("    {dash}ports:\n"));
    for (port, protocol) in ports {
        text.push_str(&format!("        - port: {port}\n          protocol: {protocol}\n"));
    }
    text
}

/// The numbers and protocols of the ports that its containers declare.
fn ports(object: &Object) -> Vec<(u64, String)> {
    let containers = object.containers(&["containers"]);
    let ports = containers.iter().filter_map(|(_, container)| container.get("ports")?.as_array());
    let mut found: Vec<(u64, String)> = ports
        .flatten()
        .filter_map(|port| {
            let protocol = text_at(port, "protocol").unwrap_or("TCP");
            let known = ["TCP", "UDP", "SCTP"].contains(&protocol);
            let number = port.get("containerPort")?.as_u64().filter(|_| known)?;
            Some((number, protocol.to_owned()))
        })
        .collect();
    found.dedup();
    found
}

/// Whether a Service of the repository that may be reached from outside leads to its pods.
fn led_to(request: &Request<'_>, object: &Object) -> bool {
    let near = || request.manifests.objects().filter(|(file, _)| together(file, request.file));
    let services = near().filter(|(_, other)| {
        let selector = || other.data.get("spec")?.get("selector")?.as_object();
        other.kind == "Service"
            && selector().is_some_and(|selector| covers(selector, &object.pod_labels()))
    });
    services.into_iter().any(|(_, service)| {
        let open = matches!(
            text_at(&service.data, "spec.type"),
            Some("LoadBalancer" | "NodePort" | "ExternalName")
        );
        let externals = service.data.get("spec").and_then(|spec| spec.get("externalIPs")).is_some();
        let routed = near().any(|(_, route)| {
            !matches!(route.kind.as_str(), "Service" | "NetworkPolicy")
                && route.pod_path().is_none()
                && ROUTES.contains(&route.kind.as_str())
                && mentions(&route.data, &service.name)
        });
        open || externals || routed
    })
}

/// Kinds that lead traffic from outside to a Service.
const ROUTES: [&str; 7] =
    ["ApisixRoute", "Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "VirtualService", "Route"];

/// Whether some text in a value is a name.
fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn quoted(text: &str) -> String {
    crate::yaml::word(text)
}
