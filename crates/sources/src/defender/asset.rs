//! Assets of Defender's records: Azure resources, those of other clouds, images and hosts.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};

use crate::wire::Tree;

/// An asset by a resource id, of whatever cloud.
pub(super) fn by_id(native: &str, name: Option<&str>, kind: Option<&str>) -> Asset {
    let is_foreign = native.starts_with("arn:") || native.starts_with("//");
    let hints = Hints {
        provider: (!is_foreign).then_some(Provider::Azure),
        kind,
        name,
        ..Hints::default()
    };
    let id = AssetId::parse(native, &hints);
    let own = if id.name.is_empty() { native } else { &id.name };
    let name = Untrusted::from(name.unwrap_or(own)).capped(1024);
    Asset {
        id,
        native_id: native.to_owned(),
        native_kind: kind.unwrap_or_default().to_owned(),
        name,
        ..Asset::default()
    }
}

/// What an assessment is about.
pub(super) fn of_assessment(body: &Tree<'_>, record_id: &str) -> Option<Asset> {
    let details = body.key("resourceDetails");
    let provider = details.text(&["resourceProvider"]);
    let name = details.first(&["resourceName", "machineName", "connectorName"]);
    let native = details
        .first(&["nativeResourceId", "id", "resourceId", "azureResourceId"])
        .or_else(|| body.first(&["assessedResourceId", "resourceId"]))
        .or_else(|| scope(record_id));
    let Some(native) = native else { return host(name?) };
    let kind = details.first(&["resourceType"]).map(|kind| match provider {
        "" => kind.to_owned(),
        provider => format!("{provider}/{kind}"),
    });
    Some(by_id(native, name, kind.as_deref()))
}

/// The image of an assessment below a registry or a cluster.
pub(super) fn image(data: &Tree<'_>) -> Option<Asset> {
    let artifact = data.key("artifactDetails");
    let digest = artifact.first(&["digest"]).or_else(|| data.first(&["imageDigest", "digest"]))?;
    let digest = if digest.contains(':') { digest.to_owned() } else { format!("sha256:{digest}") };
    let host = artifact.first(&["registryHost"]).or_else(|| data.first(&["registryHost"]));
    let repository = artifact
        .first(&["repositoryName"])
        .or_else(|| data.first(&["repositoryName", "repo"]))
        .unwrap_or_default();
    let place: Vec<&str> =
        host.into_iter().chain(Some(repository)).filter(|p| !p.is_empty()).collect();
    let native = match place.as_slice() {
        [] => digest,
        parts => format!("{}@{digest}", parts.join("/")),
    };
    let hints =
        Hints { provider: Some(Provider::Image), kind: Some("containerimage"), ..Hints::default() };
    Some(Asset {
        id: AssetId::parse(&native, &hints),
        name: Untrusted::from(native.as_str()).capped(1024),
        native_id: native,
        native_kind: "container image".to_owned(),
        ..Asset::default()
    })
}

/// What an alert is about: the first Azure resource, else one of another cloud, else the host.
pub(super) fn of_alert(body: &Tree<'_>, entities: &[&Tree<'_>]) -> Option<Asset> {
    let identifiers = body.key("resourceIdentifiers").unwrapped();
    let listed = identifiers.list().iter().find_map(|i| i.first(&["azureResourceId"]));
    let foreign = || {
        let named = |entity: &&Tree<'_>| {
            let id = entity.first(&["amazonResourceId", "fullResourceName"])?;
            Some(by_id(id, entity.first(&["resourceName"]), entity.first(&["resourceType"])))
        };
        entities.iter().find_map(named)
    };
    let compromised = body.first(&["compromisedEntity"]);
    let whole = |id: &&str| id.starts_with('/');
    let azure = body
        .first(&["azureResourceId"])
        .or(listed)
        .or_else(|| body.first(&["resourceId"]).filter(whole))
        .or_else(|| entities.iter().find_map(|entity| entity.first(&["azureID"])))
        .or_else(|| compromised.filter(whole));
    match azure {
        Some(id) => Some(by_id(id, None, None)),
        None => foreign().or_else(|| host(compromised?)),
    }
}

fn host(name: &str) -> Option<Asset> {
    let hints = Hints {
        provider: Some(Provider::Host),
        kind: Some("host"),
        name: Some(name),
        ..Hints::default()
    };
    Some(Asset {
        id: AssetId::parse(name, &hints),
        native_id: name.to_owned(),
        native_kind: "host".to_owned(),
        name: Untrusted::from(name).capped(1024),
        ..Asset::default()
    })
}

/// The tenant, of which a score speaks as a whole.
pub(super) fn tenant(id: &str) -> Asset {
    by_id(id, None, Some("tenant"))
}

/// What a record's own id stands below.
pub(super) fn scope(record_id: &str) -> Option<&str> {
    let (scope, _) = record_id.split_once("/providers/microsoft.security/")?;
    Some(scope).filter(|scope| !scope.is_empty())
}
