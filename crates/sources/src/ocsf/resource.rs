//! The resources of an event as assets.

use quell_model::{Asset, AssetId, Hints, Provider};

use super::wire::{Event, Resource};
use crate::wire::{cloud_word, provider_of, tags_of};

const NAME_BYTES: usize = 512;
/// Resources that are kept of one event.
const MOST_RESOURCES: usize = 64;

/// The cloud's name in lower case, or `kubernetes`, or empty.
pub(super) fn provider_word(event: &Event<'_>) -> String {
    let word = cloud_word(event.cloud.provider.or_empty());
    if word.is_empty() && event.resources.iter().any(|r| r.namespace.get().is_some()) {
        return "kubernetes".to_owned();
    }
    word
}

fn provider(event: &Event<'_>) -> Option<Provider> {
    provider_of(&provider_word(event))
}

/// Every resource of an event; the account where it names none.
pub(super) fn assets(event: &Event<'_>) -> Vec<Asset> {
    let listed = event.resources.iter().chain(&event.resource).take(MOST_RESOURCES);
    let mut assets: Vec<Asset> = listed.map(|resource| asset(event, resource)).collect();
    if assets.is_empty() {
        assets.push(device_or_account(event));
    }
    assets
}

fn account<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    let cloud = &event.cloud;
    [&cloud.account.uid, &cloud.account_uid, &cloud.project_uid].into_iter().find_map(|t| t.get())
}

fn asset(event: &Event<'_>, resource: &Resource<'_>) -> Asset {
    let native = resource.uid.get().or(resource.name.get()).unwrap_or_default();
    let hints = Hints {
        provider: provider(event),
        account: resource.account_uid.get().or(account(event)),
        region: resource.region.get().or(event.cloud.region.get()),
        kind: resource.kind.get(),
        name: resource.name.get(),
        namespace: resource.namespace.get(),
    };
    let mut tags = tags_of(&resource.tags);
    tags.extend(tags_of(&resource.labels));
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: resource.kind.or_empty().to_owned(),
        name: resource.name.untrusted(NAME_BYTES),
        tags,
        ..Asset::default()
    }
}

fn device_or_account(event: &Event<'_>) -> Asset {
    let device = &event.device;
    let native = [&device.uid, &device.hostname, &device.name].into_iter().find_map(|t| t.get());
    let is_device = native.is_some();
    let native = native.or(account(event)).unwrap_or_default();
    let kind = if is_device { device.kind.get().unwrap_or("host") } else { "account" };
    let hints = Hints {
        provider: provider(event).or(is_device.then_some(Provider::Host)),
        account: account(event),
        region: device.region.get().or(event.cloud.region.get()),
        kind: Some(kind),
        ..Hints::default()
    };
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: device.name.untrusted(NAME_BYTES),
        ..Asset::default()
    }
}
