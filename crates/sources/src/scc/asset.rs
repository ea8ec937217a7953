//! Assets of findings: the full resource name, with the project that stands beside it.

use std::collections::BTreeMap;

use quell_model::{Asset, AssetId, Hints, Provider, Signals, Untrusted};

use crate::wire::{Tree, tags_of};

/// The asset that a finding is about, or `None` where nothing names it.
pub(super) fn of_finding(finding: &Tree<'_>, resource: &Tree<'_>) -> Option<Asset> {
    let native = finding
        .first(&["resourceName"])
        .or_else(|| resource.first(&["name", "resourcePathString"]))?;
    let cloud = resource.first(&["cloudProvider"]).or_else(|| finding.first(&["cloudProvider"]));
    let account = resource.first(&[
        "awsMetadata.account.id",
        "azureMetadata.subscription.id",
        "gcpMetadata.projectDisplayName",
        "projectDisplayName",
    ]);
    let account = account
        .or_else(|| finding.first(&["sourceProperties.ProjectId"]))
        .or_else(|| project(resource.first(&["gcpMetadata.project", "projectName"])?));
    let kind = resource.first(&["type"]);
    let name = resource.first(&["displayName"]).or_else(|| finding.first(&["assetDisplayName"]));
    let hints = Hints {
        provider: provider(cloud.unwrap_or_default()),
        account,
        region: resource.first(&["location"]),
        kind,
        name,
        ..Hints::default()
    };
    let id = AssetId::parse(native, &hints);
    let name = name.map_or_else(|| short(&id, native), str::to_owned);
    Some(Asset {
        id,
        native_id: native.to_owned(),
        native_kind: kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(name).capped(1024),
        tags: labels(resource),
        signals: signals(finding),
        ..Asset::default()
    })
}

/// The asset of a log entry: what it names as affected, else the project it was written in.
pub(super) fn of_log_entry(entry: &Tree<'_>) -> Option<Asset> {
    let payload = entry.key("jsonPayload");
    let affected = payload.key("affectedResources").list();
    let named = affected.iter().find_map(|resource| resource.first(&["gcpResourceName"]));
    let of_log = || {
        let rest = entry.text(&["logName"]).strip_prefix("projects/")?;
        rest.split('/').next()
    };
    let told = ["properties.projectId", "properties.project_id", "properties.network.project"];
    let project = entry
        .first(&["resource.labels.project_id"])
        .or_else(|| payload.first(&told))
        .or_else(of_log);
    let own = project.map(|id| format!("//cloudresourcemanager.googleapis.com/projects/{id}"));
    let native = named.map(str::to_owned).or(own)?;
    let hints = Hints { provider: Some(Provider::Gcp), account: project, ..Hints::default() };
    let id = AssetId::parse(&native, &hints);
    let name = Untrusted::from(short(&id, &native)).capped(1024);
    Some(Asset { id, native_id: native, name, ..Asset::default() })
}

/// An asset that took part in what a finding tells.
pub(super) fn involved(native: &str) -> Asset {
    let hints = Hints { provider: Some(Provider::Gcp), ..Hints::default() };
    let id = AssetId::parse(native, &hints);
    let name = Untrusted::from(short(&id, native)).capped(1024);
    Asset { id, native_id: native.to_owned(), name, ..Asset::default() }
}

fn short(id: &AssetId, native: &str) -> String {
    if id.name.is_empty() { native.to_owned() } else { id.name.clone() }
}

/// The last part of `//cloudresourcemanager.googleapis.com/projects/x` or of `projects/x`.
fn project(name: &str) -> Option<&str> {
    name.rsplit('/').next().filter(|id| !id.is_empty())
}

/// The product watches other clouds too; a resource without a cloud is one of Google's.
fn provider(cloud: &str) -> Option<Provider> {
    match cloud.to_ascii_uppercase().as_str() {
        "AMAZON_WEB_SERVICES" => Some(Provider::Aws),
        "MICROSOFT_AZURE" => Some(Provider::Azure),
        "" | "GOOGLE_CLOUD_PLATFORM" | "CLOUD_PROVIDER_UNSPECIFIED" => Some(Provider::Gcp),
        _ => None,
    }
}

fn labels(resource: &Tree<'_>) -> BTreeMap<String, Untrusted> {
    let fields = resource.key("labels").fields();
    let map =
        fields.filter_map(|(key, value)| Some((key.to_owned(), value.get()?.into()))).collect();
    tags_of(&serde_json::Value::Object(map))
}

/// Some categories say by their name that anybody can reach the resource.
fn signals(finding: &Tree<'_>) -> Signals {
    let category = finding.text(&["category"]);
    let is_public = category.starts_with("PUBLIC_") || category == "SQL_PUBLIC_IP";
    let is_there = !finding.text(&["state"]).eq_ignore_ascii_case("INACTIVE");
    Signals { internet_exposed: (is_public && is_there).then_some(true), ..Signals::default() }
}
