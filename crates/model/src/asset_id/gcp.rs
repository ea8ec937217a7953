//! Google Cloud: full resource names, self links, short names, and names with what is said beside them.

use super::{Hints, Parts, Provider, joined};

/// Collections that belong to one service, where a short name does not say which.
const COLLECTIONS: &[(&str, &str)] = &[
    ("disks", "compute"),
    ("firewalls", "compute"),
    ("networks", "compute"),
    ("subnetworks", "compute"),
    ("images", "compute"),
    ("snapshots", "compute"),
    ("clusters", "container"),
    ("serviceAccounts", "iam"),
    ("cryptoKeys", "cloudkms"),
    ("keyRings", "cloudkms"),
    ("topics", "pubsub"),
    ("subscriptions", "pubsub"),
    ("datasets", "bigquery"),
    ("tables", "bigquery"),
    ("secrets", "secretmanager"),
    ("projects", "cloudresourcemanager"),
];

/// Endings of kind words (`google.compute.Instance`, `compute.googleapis.com/Instance`,
/// `google_compute_instance`), the service, and the path below the project; `Z` is the zone or region.
const KINDS: &[(&str, &str, &str)] = &[
    ("computeinstance", "compute", "zones/Z/instances/"),
    ("computedisk", "compute", "zones/Z/disks/"),
    ("computefirewall", "compute", "global/firewalls/"),
    ("computenetwork", "compute", "global/networks/"),
    ("computesubnetwork", "compute", "regions/Z/subnetworks/"),
    ("sqlinstance", "cloudsql", "instances/"),
    ("sqladmininstance", "cloudsql", "instances/"),
    ("sqldatabaseinstance", "cloudsql", "instances/"),
    ("bigquerydataset", "bigquery", "datasets/"),
    ("pubsubtopic", "pubsub", "topics/"),
];

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if let Some(rest) = native.strip_prefix("//") {
        let (host, path) = rest.split_once('/')?;
        return full(host.strip_suffix(".googleapis.com")?, path, hints);
    }
    if let Some(link) = native.strip_prefix("https://") {
        return self_link(link, hints);
    }
    if let Some(path) = native.strip_prefix("gs://") {
        return storage(path, hints);
    }
    if hints.provider != Some(Provider::Gcp) || native.is_empty() {
        return None;
    }
    if native.starts_with("projects/") { short(native, hints) } else { bare(native, hints) }
}

/// `www.googleapis.com/compute/v1/projects/…`, `compute.googleapis.com/compute/v1/projects/…`,
/// `container.googleapis.com/v1/projects/…`, and the two ways to a bucket.
fn self_link(link: &str, hints: &Hints<'_>) -> Option<Parts> {
    let (host, path) = link.split_once('/')?;
    let host = host.strip_suffix(".googleapis.com")?;
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let api = if is_version(first) {
        Some((host, rest))
    } else {
        let is_api = host == "www" || first == host || (host, first) == ("sqladmin", "sql");
        let versioned = rest.split_once('/').filter(|(v, _)| is_api && is_version(v));
        versioned.map(|(_, rest)| (if host == "www" { first } else { host }, rest))
    };
    match api {
        Some(("storage", rest)) if rest.starts_with("b/") => {
            let path = rest.get(2..)?;
            storage(&path.replacen("/o/", "/", 1), hints)
        }
        Some((service, rest)) if rest.starts_with("projects/") => full(service, rest, hints),
        Some(_) | None if host == "storage" => storage(path, hints),
        Some(_) | None => None,
    }
}

/// `v1`, `v1beta4`, `beta`.
fn is_version(word: &str) -> bool {
    let digits =
        word.strip_prefix('v').is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    word == "beta" || word == "alpha" || (digits && word.len() <= 8)
}

/// A path below its service.
fn full(service: &str, path: &str, hints: &Hints<'_>) -> Option<Parts> {
    let path = path.trim_matches('/');
    let service = match service {
        "sql" | "sqladmin" => "cloudsql",
        other => other,
    };
    if service == "storage" {
        return storage(path, hints);
    }
    if path.is_empty() {
        return None;
    }
    // An address of a service account is unique by itself; `-` stands for its project.
    if let Some((_, email)) = path.rsplit_once("/serviceAccounts/")
        && email.contains('@')
        && !email.contains('/')
    {
        return Some(service_account(path, email, hints));
    }
    let mut path = path.to_owned();
    if service == "container" {
        // A cluster's zone is its location: both paths lead to the one cluster.
        path = path.replacen("/zones/", "/locations/", 1).replacen("/regions/", "/locations/", 1);
    }
    let read = read(&path);
    let account =
        if read.account.is_empty() { hints.account.unwrap_or_default() } else { read.account };
    let region =
        if read.region.is_empty() { hints.region.unwrap_or_default() } else { read.region };
    Some(Parts {
        key: format!("gcp:{service}/{path}"),
        provider: Provider::Gcp,
        account: account.to_owned(),
        region: region.to_owned(),
        kind: format!("{service}.{}", read.kind.to_ascii_lowercase()),
        name: read.name.to_owned(),
    })
}

/// What the collections of a path say.
#[derive(Default)]
struct Read<'a> {
    account: &'a str,
    region: &'a str,
    kind: &'a str,
    name: &'a str,
}

fn read(path: &str) -> Read<'_> {
    let mut read = Read::default();
    let mut segments = path.split('/');
    while let Some(mut collection) = segments.next() {
        if collection == "global" {
            // `global/firewalls/x`: the word stands alone, so what follows is a collection.
            let Some(next) = segments.next() else { break };
            collection = next;
        }
        read.kind = collection;
        read.name = segments.next().unwrap_or_default();
        match collection {
            "projects" | "organizations" | "folders" => read.account = read.name,
            "zones" | "regions" | "locations" => read.region = read.name,
            _ => {}
        }
    }
    read
}

fn service_account(path: &str, email: &str, hints: &Hints<'_>) -> Parts {
    let project = read(path).account;
    let project = if project == "-" { "" } else { project };
    let of_email = email.split_once('@').and_then(|(_, host)| host.split_once(".iam."));
    let of_email = of_email.map_or("", |(project, _)| project);
    let hinted = hints.account.unwrap_or_default();
    let account = [project, of_email, hinted].into_iter().find(|p| !p.is_empty());
    Parts {
        key: format!("gcp:iam/serviceAccounts/{}", email.to_ascii_lowercase()),
        provider: Provider::Gcp,
        account: account.unwrap_or_default().to_owned(),
        region: String::new(),
        kind: "iam.serviceaccounts".to_owned(),
        name: email.to_owned(),
    }
}

/// A bucket, or an object in one. Buckets have one name in the whole world.
fn storage(path: &str, hints: &Hints<'_>) -> Option<Parts> {
    let below = path.strip_prefix("projects/").and_then(|rest| rest.split_once("/buckets/"));
    let (bucket, object) = match below.filter(|(project, _)| !project.contains('/')) {
        Some((_, rest)) => {
            let (bucket, object) = rest.split_once('/').unwrap_or((rest, ""));
            (bucket, object.strip_prefix("objects/").unwrap_or(object))
        }
        None => path.split_once('/').unwrap_or((path, "")),
    };
    if bucket.is_empty() {
        return None;
    }
    let (key, kind, name) = if object.is_empty() {
        (
            joined(&["gcp", &format!("storage/buckets/{bucket}")]),
            "storage.buckets",
            bucket.to_owned(),
        )
    } else {
        let name = format!("{bucket}/{object}");
        (joined(&["gcp", &format!("storage/objects/{name}")]), "storage.objects", name)
    };
    Some(Parts {
        key,
        provider: Provider::Gcp,
        account: hints.account.unwrap_or_default().to_owned(),
        region: hints.region.unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        name,
    })
}

/// `projects/p/zones/z/instances/i`: the service is in the hints, or the collection has only one.
fn short(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let path = native.trim_matches('/');
    if path.split('/').nth(2) == Some("buckets") {
        return storage(path, hints);
    }
    let collection = path.split('/').nth_back(1)?;
    let implied = match collection {
        "instances" if path.contains("/zones/") => Some("compute"),
        _ => {
            COLLECTIONS.iter().find(|(known, _)| *known == collection).map(|(_, service)| *service)
        }
    };
    let said = hints.kind.and_then(|kind| kind.split_once(".googleapis.com/")).map(|(s, _)| s);
    full(implied.or(said)?, path, hints)
}

/// A name alone, where the kind, the project and the zone make it whole.
fn bare(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let kind = hints.kind.unwrap_or_default().replace(".googleapis.com", "");
    let kind: String = kind
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(96)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if native.contains('/') {
        return None;
    }
    if ["bucket", "storagebucket", "googlestoragebucket", "googlecloudstoragebucket"]
        .contains(&kind.as_str())
    {
        return storage(native, hints);
    }
    if ["project", "googleproject", "cloudresourcemanagerproject"].contains(&kind.as_str()) {
        return full("cloudresourcemanager", &format!("projects/{native}"), hints);
    }
    let (_, service, below) = KINDS.iter().find(|(ending, _, _)| kind.ends_with(ending))?;
    let project = hints.account.filter(|p| !p.is_empty())?;
    let place = hints.region.unwrap_or_default();
    // A zone is `europe-west1-b`, its region `europe-west1`: one does not stand for the other.
    let dashes = place.matches('-').count();
    let is_whole = match below.split('/').next() {
        Some("zones") => dashes == 2,
        Some("regions") => dashes == 1,
        Some(_) | None => true,
    };
    let below = below.replace('Z', place);
    is_whole.then(|| full(service, &format!("projects/{project}/{below}{native}"), hints)).flatten()
}
