//! The resources of a finding as assets.

use quell_model::{Asset, AssetId, Untrusted};

use super::wire::{Finding, Resource};
use crate::aws::{Place, account, asset};
use crate::wire::{Text, tags_of};

const NAME_BYTES: usize = 512;
/// Resources that are kept of one finding; the format allows 10.
const MOST_RESOURCES: usize = 64;

/// Every resource of a finding; its account where it names none.
pub(super) fn assets(finding: &Finding<'_>) -> Vec<Asset> {
    let owner = [&finding.account_id, &finding.account].into_iter().find_map(Text::get);
    let arn = finding.finding_arn.or_empty();
    let of_arn = |at: usize| arn.split(':').nth(at).unwrap_or_default();
    let place = Place {
        partition: of_arn(1),
        account: owner.unwrap_or_else(|| of_arn(4)),
        region: finding.region.get().unwrap_or_else(|| of_arn(3)),
    };
    let listed = finding.resources.iter().filter(|r| r.id.get().is_some()).take(MOST_RESOURCES);
    let mut assets: Vec<Asset> = listed.map(|r| of(r, &place)).collect();
    if assets.is_empty() {
        assets.extend(account(&place));
    }
    assets
}

fn of(resource: &Resource<'_>, place: &Place<'_>) -> Asset {
    let place = Place { region: resource.region.get().unwrap_or(place.region), ..*place };
    let kind = resource.kind.or_empty();
    let mut asset = asset(resource.id.or_empty(), kind, &place);
    let details = &resource.details;
    if kind == "CODE_REPOSITORY" {
        // The same repository has another ARN in each integration.
        let project = details.repository.project_name.get();
        let target = project.unwrap_or_else(|| resource.id.or_empty());
        asset.id = AssetId::code(target, "");
        asset.name = Untrusted::from(target).capped(NAME_BYTES);
    }
    asset.tags = tags_of(&resource.tags);
    let image = &details.image;
    let tag = image.image_tags.iter().find_map(Text::get);
    let own = asset.tags.get("Name").filter(|name| !name.is_empty()).map(Untrusted::raw);
    let name = match (own, image.repository_name.get(), tag) {
        (Some(own), _, _) => Some(own.to_owned()),
        (None, Some(repository), Some(tag)) => Some(format!("{repository}:{tag}")),
        (None, Some(repository), None) => Some(repository.to_owned()),
        (None, None, _) => details.lambda.function_name.get().map(str::to_owned),
    };
    if let Some(name) = name {
        asset.name = Untrusted::from(name).capped(NAME_BYTES);
    }
    asset
}
