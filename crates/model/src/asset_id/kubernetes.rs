//! Kubernetes objects: `cluster / namespace / kind / name`.

use std::borrow::Cow;

use super::{Hints, Parts, Provider, joined};

/// Kinds that are told apart from other words. A container is none: its name is unique only in
/// its pod.
const KINDS: &[&str] = &[
    "configmap",
    "cronjob",
    "daemonset",
    "deployment",
    "endpoints",
    "horizontalpodautoscaler",
    "ingress",
    "job",
    "limitrange",
    "networkpolicy",
    "persistentvolumeclaim",
    "pod",
    "poddisruptionbudget",
    "replicaset",
    "replicationcontroller",
    "resourcequota",
    "role",
    "rolebinding",
    "secret",
    "service",
    "serviceaccount",
    "statefulset",
];

/// Kinds that live in no namespace.
const CLUSTER_KINDS: &[&str] = &[
    "clusterrole",
    "clusterrolebinding",
    "customresourcedefinition",
    "mutatingwebhookconfiguration",
    "namespace",
    "node",
    "persistentvolume",
    "podsecuritypolicy",
    "storageclass",
    "validatingwebhookconfiguration",
];

/// What a path says; `cluster` is what stands before the namespace.
struct Path<'a> {
    cluster: &'a str,
    namespace: &'a str,
    kind: &'static str,
    name: &'a str,
}

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if hints.provider != Some(Provider::Kubernetes) {
        return None;
    }
    let text = native.trim_start_matches("k8s://").trim_matches('/');
    let hinted = hints.kind.and_then(known);
    let found = api_path(text)
        .or_else(|| plain_path(text))
        .or_else(|| if hinted.is_none() { dotted(text) } else { None })
        .or_else(|| {
            let name = hints.name.filter(|n| !n.is_empty()).unwrap_or(text);
            Some(Path { cluster: "", namespace: "", kind: hinted?, name })
        })?;
    if found.name.is_empty() {
        return None;
    }
    let cluster = cluster(found.cluster, hints.account.unwrap_or_default());
    let namespace = match (CLUSTER_KINDS.contains(&found.kind), found.namespace) {
        (true, _) => "",
        (false, "") => hints.namespace.unwrap_or_default(),
        (false, namespace) => namespace,
    };
    Some(Parts {
        key: joined(&["kubernetes", &cluster, namespace, found.kind, found.name]),
        provider: Provider::Kubernetes,
        account: cluster.into_owned(),
        region: namespace.to_owned(),
        kind: found.kind.to_owned(),
        name: found.name.to_owned(),
    })
}

/// What stands before the namespace counts: two clusters can hold objects of one name.
fn cluster<'a>(of_path: &'a str, hinted: &'a str) -> Cow<'a, str> {
    match (of_path, hinted) {
        ("", cluster) | (cluster, "") => Cow::Borrowed(cluster),
        (a, b) if a == b => Cow::Borrowed(b),
        (a, b) => Cow::Owned(format!("{b}/{a}")),
    }
}

/// `apis/apps/v1/namespaces/ns/deployments/web` and `api/v1/nodes/n`.
fn api_path(text: &str) -> Option<Path<'_>> {
    let rest = match text.strip_prefix("apis/") {
        Some(rest) => rest.split_once('/')?.1,
        None => text.strip_prefix("api/")?,
    };
    let (_version, rest) = rest.split_once('/')?;
    let (namespace, rest) = match rest.strip_prefix("namespaces/").and_then(|r| r.split_once('/')) {
        Some((namespace, rest)) => (namespace, rest),
        None => ("", rest),
    };
    let (kind, name) = rest.split_once('/')?;
    (!name.contains('/')).then_some(())?;
    Some(Path { cluster: "", namespace, kind: known(kind)?, name })
}

/// `[cluster/][namespace/]Kind/name`.
fn plain_path(text: &str) -> Option<Path<'_>> {
    let (rest, name) = text.rsplit_once('/')?;
    let (rest, kind) = rest.rsplit_once('/').unwrap_or(("", rest));
    let kind = known(kind)?;
    let (cluster, namespace) = rest.rsplit_once('/').unwrap_or(("", rest));
    Some(Path { cluster, namespace, kind, name })
}

/// `Deployment.namespace.web`.
fn dotted(text: &str) -> Option<Path<'_>> {
    let mut parts = text.splitn(3, '.');
    let (kind, namespace, name) = (known(parts.next()?)?, parts.next()?, parts.next()?);
    Some(Path { cluster: "", namespace, kind, name })
}

/// `Deployments`, `deployment.apps` and `apps/Deployment` are `deployment`.
fn known(kind: &str) -> Option<&'static str> {
    let lower = kind.get(..kind.len().min(96))?.to_ascii_lowercase();
    lower.split(['.', '/']).find_map(|word| {
        let one =
            |word: &str| KINDS.iter().chain(CLUSTER_KINDS).find(|known| **known == word).copied();
        one(word)
            .or_else(|| one(word.strip_suffix('s')?))
            .or_else(|| one(word.strip_suffix("es")?))
            .or_else(|| one(&format!("{}y", word.strip_suffix("ies")?)))
    })
}
