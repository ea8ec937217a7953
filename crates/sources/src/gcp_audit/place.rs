//! Which resource an entry is about: a service's own name for it, or the labels of the entry.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};

use crate::wire::Tree;

/// What an audit entry's method was called on.
pub(super) fn of_audit(entry: &Tree<'_>, payload: &Tree<'_>) -> Option<Asset> {
    let service = payload.text(&["serviceName"]);
    let named = payload.first(&["resourceName"]);
    let kind = entry.first(&["resource.type"]);
    let is_cluster = service == "k8s.io" || kind == Some("k8s_cluster");
    match named {
        Some(path) if is_cluster => Some(object(entry, path)),
        Some(path) => Some(resource(entry, &full_name(service, path), kind)),
        None => of_project(entry),
    }
}

/// The project that an entry was written in.
pub(super) fn of_project(entry: &Tree<'_>) -> Option<Asset> {
    let project = project(entry)?;
    let name = format!("//cloudresourcemanager.googleapis.com/projects/{project}");
    Some(resource(entry, &name, Some("project")))
}

/// A machine by the names that flows have of it.
pub(super) fn machine(entry: &Tree<'_>, wire: &Tree<'_>) -> Option<Asset> {
    let (project, zone) = (wire.first(&["project_id"])?, wire.first(&["zone"])?);
    let name = wire.first(&["vm_name"])?;
    let path = format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{name}");
    Some(resource(entry, &path, Some("gce_instance")))
}

/// A subnetwork by the labels of its entry.
pub(super) fn subnetwork(entry: &Tree<'_>) -> Option<Asset> {
    let labels = entry.at("resource.labels");
    let name = labels.first(&["subnetwork_name"])?;
    let (project, place) = (labels.first(&["project_id"])?, labels.first(&["location"])?);
    // The label holds the zone of the card; a subnetwork lives in the region.
    let region = match place.rsplit_once('-') {
        Some((region, zone)) if zone.len() == 1 => region,
        _ => place,
    };
    let path =
        format!("//compute.googleapis.com/projects/{project}/regions/{region}/subnetworks/{name}");
    Some(resource(entry, &path, Some("gce_subnetwork")))
}

fn project<'t>(entry: &'t Tree<'_>) -> Option<&'t str> {
    let of_log = || {
        let rest = entry.text(&["logName"]).strip_prefix("projects/")?;
        rest.split('/').next()
    };
    entry.first(&["resource.labels.project_id"]).or_else(of_log)
}

/// `projects/p/zones/z/instances/i` of `compute.googleapis.com` → its full name. A project, a
/// folder or an organization is the same thing for every service.
fn full_name(service: &str, path: &str) -> String {
    let path = path.trim_start_matches('/');
    let is_relative =
        ["projects/", "organizations/", "folders/"].iter().any(|s| path.starts_with(s));
    if !is_relative || path.contains("googleapis.com/") {
        return match path.contains("googleapis.com/") {
            true => format!("//{path}"),
            false => path.to_owned(),
        };
    }
    let service = match path.split('/').count() {
        2 => "cloudresourcemanager.googleapis.com",
        _ if path.contains("/serviceAccounts/") => "iam.googleapis.com",
        _ if path.contains("/buckets/") => "storage.googleapis.com",
        _ => service,
    };
    if service.is_empty() { path.to_owned() } else { format!("//{service}/{path}") }
}

fn resource(entry: &Tree<'_>, native: &str, kind: Option<&str>) -> Asset {
    let labels = entry.at("resource.labels");
    let hints = Hints {
        provider: Some(Provider::Gcp),
        account: project(entry),
        region: labels.first(&["zone", "location", "region"]),
        kind,
        ..Hints::default()
    };
    let id = AssetId::parse(native, &hints);
    let name = if id.name.is_empty() { native.to_owned() } else { id.name.clone() };
    Asset {
        id,
        native_id: native.to_owned(),
        native_kind: kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(name).capped(1024),
        ..Asset::default()
    }
}

/// `core/v1/namespaces/shop/pods/web` of a cluster.
fn object(entry: &Tree<'_>, path: &str) -> Asset {
    let labels = entry.at("resource.labels");
    let cluster = labels.first(&["cluster_name"]);
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let at = segments.iter().position(|part| *part == "namespaces");
    let namespace = at.and_then(|at| segments.get(at + 1)).copied();
    // Behind the namespace, else behind the group and its version.
    let rest = match at {
        Some(at) if segments.len() > at + 2 => segments.get(at + 2..),
        Some(at) => segments.get(at..),
        None => segments.get(2..),
    };
    let rest = rest.unwrap_or_default();
    let kind = rest.first().map(|kind| singular(kind));
    let name = rest.get(1).copied();
    let hints = Hints {
        provider: Some(Provider::Kubernetes),
        account: cluster,
        region: labels.first(&["location"]),
        kind,
        name: name.or(Some(path)),
        namespace: namespace.filter(|_| kind != Some("namespace")),
    };
    let native = match (hints.namespace, kind, name) {
        (Some(namespace), Some(kind), Some(name)) => format!("{namespace}/{kind}/{name}"),
        (None, Some(kind), Some(name)) => format!("{kind}/{name}"),
        (_, _, _) => path.to_owned(),
    };
    Asset {
        id: AssetId::parse(&native, &hints),
        native_id: path.to_owned(),
        native_kind: kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(name.unwrap_or(path)).capped(1024),
        ..Asset::default()
    }
}

fn singular(kind: &str) -> &str {
    match kind {
        "endpoints" => kind,
        "networkpolicies" => "networkpolicy",
        "podsecuritypolicies" => "podsecuritypolicy",
        "ingresses" => "ingress",
        "storageclasses" => "storageclass",
        _ => kind.strip_suffix('s').unwrap_or(kind),
    }
}

/// An asset by its full name.
pub(super) fn of_path(entry: &Tree<'_>, path: &str) -> Asset {
    resource(entry, path, None)
}

/// A forwarding rule or a backend by the labels of its entry, else the project.
pub(super) fn of_labels(entry: &Tree<'_>) -> Option<Asset> {
    let named = || {
        let rule = entry.first(&["resource.labels.forwarding_rule_name"])?;
        let path = format!(
            "//compute.googleapis.com/projects/{}/global/forwardingRules/{rule}",
            project(entry)?
        );
        Some(resource(entry, &path, entry.first(&["resource.type"])))
    };
    named().or_else(|| of_project(entry))
}
