//! Assets: machines by their tags, images by their names, cloud resources by their ids.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};
use serde_json::Value;

use super::NAME_BYTES;
use crate::wire::tags_of;

/// Keys that the agent itself puts among a machine's tags.
const AGENT_KEYS: &[&str] = &[
    "Account",
    "AmiId",
    "ExternalIp",
    "Hostname",
    "InstanceId",
    "InstanceName",
    "InternalIp",
    "LwTokenShort",
    "NumericProjectId",
    "ProjectId",
    "ResourceGroup",
    "ResourceGroupName",
    "SubnetId",
    "SubscriptionId",
    "VmInstanceType",
    "VmProvider",
    "VpcId",
    "Zone",
    "arch",
    "lw_InternetExposure",
    "os",
];

/// The cloud, by the vendor's word.
pub(super) fn provider(word: &str) -> Option<Provider> {
    match word.to_ascii_lowercase().as_str() {
        "aws" => Some(Provider::Aws),
        "azure" => Some(Provider::Azure),
        "gcp" | "gce" | "google" => Some(Provider::Gcp),
        _ => None,
    }
}

/// The cloud that an id itself tells.
pub(super) fn provider_of_id(id: &str) -> Option<Provider> {
    if is_arn(id) {
        Some(Provider::Aws)
    } else if id.to_ascii_lowercase().starts_with("/subscriptions/") {
        Some(Provider::Azure)
    } else if id.starts_with("//") && id.contains(".googleapis.com/") {
        Some(Provider::Gcp)
    } else {
        None
    }
}

pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.matches(':').count() >= 5
}

/// An asset by the source's id of it.
pub(super) fn resource(native: &str, native_kind: &str, hints: &Hints<'_>) -> Asset {
    let name = hints.name.filter(|name| !name.is_empty()).unwrap_or(native);
    Asset {
        id: AssetId::parse(native, hints),
        native_id: native.to_owned(),
        native_kind: native_kind.to_owned(),
        name: Untrusted::from(name).capped(NAME_BYTES),
        ..Asset::default()
    }
}

/// A whole account, subscription or project.
pub(super) fn account(provider: Option<Provider>, id: &str) -> Asset {
    resource(
        id,
        "account",
        &Hints { provider, account: Some(id), kind: Some("account"), ..Hints::default() },
    )
}

/// A machine by its tags: the cloud's id of it where that is there, else its host name, else the
/// number that the vendor gave it.
pub(super) fn machine(tags: &Value, hostname: Option<&str>, mid: Option<&str>) -> Option<Asset> {
    let tag = |key: &str| tags.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let cloud = tag("VmProvider").and_then(provider);
    let hostname = hostname.or_else(|| tag("Hostname"));
    let zone = tag("Zone");
    let region = zone.map(|zone| region_of(zone, cloud));
    let name = tag("InstanceName").or(hostname);
    let google = google_instance(tag("ProjectId"), zone, tag("InstanceName"));
    let azure = azure_instance(
        tag("SubscriptionId"),
        tag("ResourceGroupName").or_else(|| tag("ResourceGroup")),
        tag("InstanceName").or_else(|| tag("Name")),
    );
    let instance = google.as_deref().or(azure.as_deref()).or_else(|| tag("InstanceId"));
    let holder = tag("Account").or_else(|| tag("ProjectId")).or_else(|| tag("SubscriptionId"));
    let mut asset = match (cloud, instance, hostname.or(mid)) {
        (Some(cloud), Some(id), _) => resource(
            id,
            "machine",
            &Hints {
                provider: Some(cloud),
                account: holder,
                region,
                kind: Some(instance_kind(cloud)),
                name,
                namespace: None,
            },
        ),
        (_, _, Some(host)) => resource(
            host,
            "machine",
            &Hints {
                provider: Some(Provider::Host),
                account: holder,
                region,
                kind: Some("host"),
                name: Some(host),
                namespace: None,
            },
        ),
        (_, _, None) => return None,
    };
    asset.tags = tags_of(tags);
    asset.tags.retain(|key, _| !AGENT_KEYS.contains(&key.as_str()));
    asset.signals.internet_exposed = tag("lw_InternetExposure").and_then(exposure);
    Some(asset)
}

/// Whether it can be reached from the internet; the vendor also says that it does not know.
pub(super) fn exposure(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" | "exposed" | "internetexposed" => Some(true),
        "no" | "false" | "notexposed" => Some(false),
        _ => None,
    }
}

/// The full name of a Google machine; the number in its tags says neither project nor zone.
fn google_instance(
    project: Option<&str>,
    zone: Option<&str>,
    name: Option<&str>,
) -> Option<String> {
    let (project, zone, name) = (project?, zone?, name?);
    Some(format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{name}"))
}

/// The resource id of a machine in Azure; the number in its tags says neither subscription nor group.
fn azure_instance(
    subscription: Option<&str>,
    group: Option<&str>,
    name: Option<&str>,
) -> Option<String> {
    let (subscription, group, name) = (subscription?, group?, name?);
    Some(format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
    ))
}

/// The region of a zone: `us-east-2c` → `us-east-2`, `us-central1-a` → `us-central1`.
fn region_of(zone: &str, cloud: Option<Provider>) -> &str {
    if cloud == Some(Provider::Gcp) {
        return zone.rsplit_once('-').map_or(zone, |(region, _)| region);
    }
    let numbered = zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    if numbered.ends_with(|digit: char| digit.is_ascii_digit()) { numbered } else { zone }
}

const fn instance_kind(provider: Provider) -> &'static str {
    match provider {
        Provider::Aws => "AWS::EC2::Instance",
        Provider::Azure => "Microsoft.Compute/virtualMachines",
        Provider::Gcp => "compute.googleapis.com/Instance",
        Provider::Kubernetes
        | Provider::Image
        | Provider::Iac
        | Provider::Code
        | Provider::Host
        | Provider::Other => "host",
    }
}

/// An image by its names: registry, repository, tag and digest. A tag may itself be a digest.
pub(super) fn image(
    registry: Option<&str>,
    repository: Option<&str>,
    tag: Option<&str>,
    digest: Option<&str>,
) -> Option<Asset> {
    let is_digest = |text: &&str| text.starts_with("sha256:");
    let digest = digest.or(tag.filter(is_digest));
    let tag = tag.filter(|tag| !is_digest(tag));
    let mut name = String::new();
    if let Some(repository) = repository {
        if let Some(registry) = registry.filter(|registry| !repository.starts_with(registry)) {
            name.push_str(registry.trim_end_matches('/'));
            name.push('/');
        }
        name.push_str(repository);
        if let Some(tag) = tag {
            name.push(':');
            name.push_str(tag);
        }
    }
    if let Some(digest) = digest {
        if !name.is_empty() {
            name.push('@');
        }
        name.push_str(digest);
    }
    (!name.is_empty()).then(|| {
        resource(
            &name,
            "image",
            &Hints {
                provider: Some(Provider::Image),
                kind: Some("image"),
                name: Some(&name),
                ..Hints::default()
            },
        )
    })
}
