//! Google Cloud: full resource names, self links and short names.

use super::{Hints, Parts, Provider};

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if let Some(rest) = native.strip_prefix("//") {
        let (host, path) = rest.split_once('/')?;
        return full(host.strip_suffix(".googleapis.com")?, path, hints);
    }
    if let Some(link) = native.strip_prefix("https://") {
        return self_link(link, hints);
    }
    if hints.provider != Some(Provider::Gcp) || native.is_empty() {
        return None;
    }
    short(native, hints)
}

/// `www.googleapis.com/compute/v1/projects/…` and `compute.googleapis.com/compute/v1/projects/…`.
fn self_link(link: &str, hints: &Hints<'_>) -> Option<Parts> {
    let (host, path) = link.split_once('/')?;
    let service = host.strip_suffix(".googleapis.com")?;
    let start = path.find("projects/").or_else(|| path.find("b/"))?;
    let service = if service == "www" { path.split('/').next()? } else { service };
    full(service, path.get(start..)?, hints)
}

/// A path below its service. Buckets have one name in the whole world.
fn full(service: &str, path: &str, hints: &Hints<'_>) -> Option<Parts> {
    let path = path.trim_matches('/');
    if service == "storage" {
        let bucket = path
            .strip_prefix("projects/_/buckets/")
            .or_else(|| path.strip_prefix("b/"))
            .unwrap_or(path);
        return bucket.split('/').next().filter(|b| !b.is_empty()).map(|b| self::bucket(b, hints));
    }
    let mut segments = path.split('/');
    let (mut account, mut region, mut kind) = ("", "", "");
    let mut name = "";
    while let Some(collection) = segments.next() {
        name = segments.next().unwrap_or_default();
        match collection {
            "projects" | "organizations" | "folders" => account = name,
            "zones" | "regions" | "locations" => region = name,
            "global" => {
                // `global/firewalls/x`: the word stands alone, so what follows is a collection.
                kind = name;
                name = segments.next().unwrap_or_default();
                continue;
            }
            _ => {}
        }
        kind = collection;
    }
    Some(Parts {
        key: format!("gcp:{service}/{path}"),
        provider: Provider::Gcp,
        account: if account.is_empty() { hints.account.unwrap_or_default() } else { account }
            .to_owned(),
        region: if region.is_empty() { hints.region.unwrap_or_default() } else { region }
            .to_owned(),
        kind: format!("{service}.{}", kind.to_ascii_lowercase()),
        name: name.to_owned(),
    })
}

fn bucket(name: &str, hints: &Hints<'_>) -> Parts {
    Parts {
        key: format!("gcp:storage/buckets/{name}"),
        provider: Provider::Gcp,
        account: hints.account.unwrap_or_default().to_owned(),
        region: hints.region.unwrap_or_default().to_owned(),
        kind: "storage.buckets".to_owned(),
        name: name.to_owned(),
    }
}

/// `projects/p/zones/z/instances/i`, or a bucket's bare name.
fn short(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let kind = hints.kind.unwrap_or_default().to_ascii_lowercase();
    if kind.contains("bucket") && !native.contains('/') {
        return Some(bucket(native.strip_prefix("gs://").unwrap_or(native), hints));
    }
    if let Some(name) = native.strip_prefix("gs://") {
        return Some(bucket(name.trim_end_matches('/'), hints));
    }
    if !native.starts_with("projects/") {
        return None;
    }
    let service = match native.split('/').nth_back(1)? {
        "instances" if native.contains("/zones/") => "compute",
        "disks" | "firewalls" | "networks" | "subnetworks" | "images" | "snapshots" => "compute",
        "clusters" => "container",
        "serviceAccounts" => "iam",
        "cryptoKeys" | "keyRings" => "cloudkms",
        "topics" | "subscriptions" => "pubsub",
        "datasets" | "tables" => "bigquery",
        "secrets" => "secretmanager",
        "projects" => "cloudresourcemanager",
        _ => return None,
    };
    full(service, native, hints)
}
