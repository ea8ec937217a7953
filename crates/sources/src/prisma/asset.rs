//! Assets of the workload side: hosts, images, containers and functions.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};

use super::TITLE_BYTES;
use crate::wire::Text;

/// The cloud, by the vendor's word.
pub(super) fn provider(word: &str) -> Option<Provider> {
    match word.to_ascii_lowercase().as_str() {
        "aws" => Some(Provider::Aws),
        "azure" => Some(Provider::Azure),
        "gcp" => Some(Provider::Gcp),
        "alibaba" | "alibaba_cloud" | "oci" | "ibm" => Some(Provider::Other),
        _ => None,
    }
}

/// The account, where it is one: the vendor also writes `Non-onboarded cloud accounts`.
pub(super) fn account<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    text.get().filter(|account| !account.contains(' '))
}

/// Where a workload runs, as a record states it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) provider: Option<Provider>,
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) cluster: Option<&'a str>,
    pub(super) namespace: Option<&'a str>,
}

/// A machine: by its id in the cloud where that is known, else by its host name.
pub(super) fn host(hostname: &str, cloud_id: Option<&str>, place: &Place<'_>) -> Option<Asset> {
    let cloud = place.provider.filter(|provider| *provider != Provider::Other);
    let known = cloud.zip(cloud_id.filter(|id| !id.is_empty()));
    let (native, provider, kind) = match known {
        Some((provider, id)) => (id, provider, instance_kind(provider)),
        None => (hostname, Provider::Host, "host"),
    };
    if native.is_empty() {
        return None;
    }
    let name = if hostname.is_empty() { native } else { hostname };
    Some(make(
        native,
        name,
        &Hints {
            provider: Some(provider),
            account: place.account,
            region: place.region,
            kind: Some(kind),
            name: Some(name),
            namespace: None,
        },
    ))
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

/// An image, by the reference that names it best.
pub(super) fn image(reference: &str) -> Option<Asset> {
    (!reference.is_empty()).then(|| {
        make(
            reference,
            reference,
            &Hints {
                provider: Some(Provider::Image),
                kind: Some("image"),
                name: Some(reference),
                ..Hints::default()
            },
        )
    })
}

/// A pod; its namespace must be known.
pub(super) fn pod(name: &str, place: &Place<'_>) -> Option<Asset> {
    let namespace = place.namespace.filter(|_| !name.is_empty())?;
    Some(object("Pod", name, Some(namespace), place))
}

/// Any object of a cluster.
pub(super) fn object(kind: &str, name: &str, namespace: Option<&str>, place: &Place<'_>) -> Asset {
    let cluster = place.cluster.unwrap_or_default();
    let parts = [cluster, namespace.unwrap_or_default(), kind, name];
    let native: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    make(
        &native.join("/"),
        name,
        &Hints {
            provider: Some(Provider::Kubernetes),
            account: place.cluster,
            region: None,
            kind: Some(kind),
            name: Some(name),
            namespace,
        },
    )
}

/// A repository of source code.
pub(super) fn repository(name: &str) -> Asset {
    Asset {
        id: AssetId::code(name, ""),
        native_id: name.to_owned(),
        native_kind: "repository".to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}

/// A serverless function: by its full id in the cloud where that is known.
pub(super) fn function(name: &str, id: Option<&str>, place: &Place<'_>) -> Option<Asset> {
    let native = id.filter(|id| !id.is_empty()).unwrap_or(name);
    if native.is_empty() {
        return None;
    }
    let kind = match place.provider {
        Some(Provider::Aws) => "AWS::Lambda::Function",
        Some(Provider::Azure) => "Microsoft.Web/sites",
        Some(Provider::Gcp) => "cloudfunctions.googleapis.com/Function",
        Some(
            Provider::Kubernetes
            | Provider::Image
            | Provider::Iac
            | Provider::Code
            | Provider::Host
            | Provider::Other,
        )
        | None => "function",
    };
    Some(make(
        native,
        if name.is_empty() { native } else { name },
        &Hints {
            provider: place.provider,
            account: place.account,
            region: place.region,
            kind: Some(kind),
            name: Some(name).filter(|name| !name.is_empty()),
            namespace: None,
        },
    ))
}

/// An application with the vendor's agent inside it (a Fargate task, an app service).
pub(super) fn application(id: &str, place: &Place<'_>) -> Option<Asset> {
    (!id.is_empty()).then(|| {
        make(
            id,
            id,
            &Hints {
                provider: place.provider,
                account: place.account,
                region: place.region,
                kind: Some("application"),
                name: Some(id),
                namespace: None,
            },
        )
    })
}

fn make(native: &str, name: &str, hints: &Hints<'_>) -> Asset {
    Asset {
        id: AssetId::parse(native, hints),
        native_id: native.to_owned(),
        native_kind: hints.kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}
