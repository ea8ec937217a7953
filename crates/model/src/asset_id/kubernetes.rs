//! Kubernetes objects: `cluster / namespace / kind / name`.

use super::{Hints, Parts, Provider};

/// Kinds that are told apart from other words.
const KINDS: &[&str] = &[
    "pod",
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "job",
    "cronjob",
    "service",
    "ingress",
    "serviceaccount",
    "role",
    "rolebinding",
    "clusterrole",
    "clusterrolebinding",
    "configmap",
    "secret",
    "networkpolicy",
    "namespace",
    "node",
    "persistentvolumeclaim",
    "container",
];

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if hints.provider != Some(Provider::Kubernetes) {
        return None;
    }
    let hinted = hints.kind.map(singular).filter(|k| KINDS.contains(&k.as_str()));
    let (namespace, kind, name) = match path(native) {
        Some(parts) => parts,
        None => {
            let name = hints.name.filter(|n| !n.is_empty()).unwrap_or(native);
            (hints.namespace.unwrap_or_default(), hinted?, name)
        }
    };
    if name.is_empty() {
        return None;
    }
    let cluster = hints.account.unwrap_or_default();
    let namespace =
        if namespace.is_empty() { hints.namespace.unwrap_or_default() } else { namespace };
    Some(Parts {
        key: format!("kubernetes:{cluster}:{namespace}:{kind}:{name}"),
        provider: Provider::Kubernetes,
        account: cluster.to_owned(),
        region: namespace.to_owned(),
        kind,
        name: name.to_owned(),
    })
}

/// `…/namespace/Kind/name` and `/apis/apps/v1/namespaces/ns/deployments/web`.
fn path(native: &str) -> Option<(&str, String, &str)> {
    let mut from_end = native.trim_matches('/').rsplit('/');
    let (name, kind) = (from_end.next()?, from_end.next()?);
    let kind = Some(singular(kind)).filter(|k| KINDS.contains(&k.as_str()))?;
    let namespace = from_end.next().unwrap_or_default();
    let namespace =
        if namespace.starts_with('v') && native.contains("/apis/") { "" } else { namespace };
    Some((namespace, kind, name))
}

/// `Deployments` → `deployment`.
fn singular(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    let kind = kind.rsplit(['.', '/']).next().unwrap_or_default();
    if KINDS.contains(&kind) {
        return kind.to_owned();
    }
    match kind {
        "ingresses" => "ingress".to_owned(),
        "networkpolicies" => "networkpolicy".to_owned(),
        other => other.strip_suffix('s').unwrap_or(other).to_owned(),
    }
}
