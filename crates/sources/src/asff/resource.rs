//! The resources of a finding as assets.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};

use super::wire::{Finding, Resource};
use crate::wire::{Text, tags_of};

const NAME_BYTES: usize = 512;
const NATIVE_BYTES: usize = 2048;
/// Resources that are kept of one finding; the format allows 32.
const MOST_RESOURCES: usize = 64;

/// Every resource with an id; the account where there is none; nothing where that is not known
/// either.
pub(super) fn assets(finding: &Finding<'_>) -> Vec<Asset> {
    let account = account(finding);
    let listed = finding.resources.iter().filter(|r| r.id.get().is_some()).take(MOST_RESOURCES);
    let mut assets: Vec<Asset> = listed.map(|r| asset(finding, r, account)).collect();
    if let Some(account) = account.filter(|_| assets.is_empty()) {
        let hints = Hints {
            provider: Some(Provider::Aws),
            account: Some(account),
            kind: Some("AwsAccount"),
            ..Hints::default()
        };
        assets.push(Asset {
            id: AssetId::parse(account, &hints),
            native_id: account.to_owned(),
            native_kind: "AwsAccount".to_owned(),
            ..Asset::default()
        });
    }
    assets
}

/// The account, which some exports leave out; the ids usually say it too.
pub(super) fn account<'f>(finding: &'f Finding<'_>) -> Option<&'f str> {
    finding
        .account_id
        .get()
        .or_else(|| [&finding.id, &finding.generator_id].into_iter().find_map(|t| of_arn(t.get()?)))
}

fn of_arn(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// The region of the resource, or of the finding.
pub(super) fn region<'f>(finding: &'f Finding<'_>, resource: &'f Resource<'_>) -> Option<&'f str> {
    resource.region.get().or(finding.region.get())
}

fn asset(finding: &Finding<'_>, resource: &Resource<'_>, account: Option<&str>) -> Asset {
    let native = resource.id.untrusted(NATIVE_BYTES).raw().to_owned();
    let tags = tags_of(&resource.tags);
    let in_aws = native.starts_with("arn:") || native.starts_with("AWS::");
    let kind = resource.kind.get();
    let file = resource.details.other.get("Filename").and_then(Text::get);
    let id = if kind == Some("Container") && !in_aws {
        // Trivy writes the image with its operating system behind it.
        let image = native.split_once(" (").map_or(native.as_str(), |(image, _)| image);
        AssetId::parse(image, &Hints { provider: Some(Provider::Image), kind, ..Hints::default() })
    } else if let Some(file) = file.filter(|_| kind == Some("Other") && !in_aws) {
        AssetId::code("", file)
    } else {
        let hints = Hints {
            provider: Some(Provider::Aws),
            account,
            region: region(finding, resource),
            kind,
            ..Hints::default()
        };
        AssetId::parse(&native, &hints)
    };
    let name = tags.get("Name").map_or(id.name.as_str(), Untrusted::raw);
    let name = Untrusted::from(name).capped(NAME_BYTES);
    Asset {
        id,
        native_id: native,
        native_kind: resource.kind.untrusted(NAME_BYTES).raw().to_owned(),
        name,
        tags,
        ..Asset::default()
    }
}
