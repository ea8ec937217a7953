//! Assets of Orca records: the cloud's own id before the one that Orca made.

use std::collections::BTreeMap;

use quell_model::{Asset, AssetId, Hints, Provider, Signals, Untrusted};
use serde_json::Value;

use super::wire::{CloudAccount, Fields, FlatAsset, Inventory, Text, texts};
use crate::wire::tags_of;

/// The asset of a flat record, or `None` where nothing names it.
pub(super) fn flat(wire: &FlatAsset<'_>) -> Option<Asset> {
    let model_name = wire.model.get("name").and_then(Value::as_str);
    let kind = wire
        .asset_type
        .get()
        .or_else(|| wire.model.get("type").and_then(Value::as_str))
        .or_else(|| wire.subject_type.get());
    let name = wire.asset_name.get();
    if kind == Some("cisource") {
        return name.map(repository);
    }
    // Only one that is an id in the cloud says more than Orca's own.
    let native = wire
        .asset_vendor_id
        .get()
        .or_else(|| wire.vm_id.get())
        .or_else(|| machine_id(wire))
        .or(model_name)
        .or_else(|| bare_name(kind, name))
        .or_else(|| wire.asset_unique_id.get())
        .or(name)
        .or_else(|| wire.type_key.get())?;
    let regions = match texts(&wire.asset_regions).first() {
        Some(region) => Some(*region),
        None => texts(&wire.compute.regions).first().copied(),
    };
    let hints = Hints {
        provider: provider(wire.cloud_provider.or_empty())
            .or_else(|| kind.and_then(provider_of_kind)),
        account: wire.cloud_vendor_id.get().or_else(|| wire.cloud_provider_id.get()),
        region: regions,
        kind: kind.map(kind_word),
        name,
        ..Hints::default()
    };
    let exposed = texts(&wire.asset_labels)
        .iter()
        .any(|label| matches!(*label, "internet_facing" | "public_facing"));
    let said = wire.internet_facing.get().map(|_| wire.internet_facing.is_true());
    Some(Asset {
        tags: tags(if wire.asset_tags_info_list.is_null() {
            &wire.tags_info_list
        } else {
            &wire.asset_tags_info_list
        }),
        signals: Signals {
            internet_exposed: if exposed { Some(true) } else { said },
            ..Signals::default()
        },
        ..made(native, kind.unwrap_or_default(), &hints)
    })
}

/// Whether a flat record names the asset by the cloud's own id, as all tools do. Where it does not,
/// the inventory may.
pub(super) fn has_own_id(wire: &FlatAsset<'_>) -> bool {
    let kind = wire.asset_type.get().or_else(|| wire.subject_type.get());
    let of_word = provider(wire.cloud_provider.or_empty());
    let aws = of_word.or_else(|| kind.and_then(provider_of_kind)) == Some(Provider::Aws);
    let ids = [wire.asset_vendor_id.get(), wire.vm_id.get(), machine_id(wire)];
    let id = ids.into_iter().flatten().next();
    kind == Some("cisource") || (aws && (id.or(bare_name(kind, wire.asset_name.get())).is_some()))
}

/// The instance that stands at the end of Orca's own id of a machine (`vm_111122223333_i-0abc`).
fn machine_id<'a>(wire: &'a FlatAsset<'_>) -> Option<&'a str> {
    let (_, id) = wire.asset_unique_id.get()?.strip_prefix("vm_")?.rsplit_once('_')?;
    id.starts_with("i-").then_some(id)
}

/// The asset of a serving layer record: by what is told in every channel where that is the cloud's
/// own id, else by the inventory.
pub(super) fn served(fields: &Fields<'_>, unique_id: &Text<'_>) -> Option<Asset> {
    let told = &fields.asset_data.0;
    let known = &fields.inventory.0;
    let listed = inventory(known, &fields.cloud_account.0);
    let is_named = known.arn.0.get().or_else(|| known.ui_unique_field.0.get()).is_some();
    let first = flat(told);
    let chosen = match (first, listed) {
        (Some(first), Some(listed)) if is_named && !has_own_id(told) => Some(with(listed, first)),
        (Some(first), Some(listed)) => Some(with(first, listed)),
        (first, listed) => first.or(listed),
    };
    if chosen.is_some() {
        return chosen;
    }
    let unique = unique_id.get()?;
    let account = account_of(&fields.cloud_account.0);
    let hints = Hints { account, kind: unique.split('_').next(), ..Hints::default() };
    Some(made(unique, "", &hints))
}

/// An asset, with what another record of it says beside.
fn with(mut asset: Asset, other: Asset) -> Asset {
    let signals = &mut asset.signals;
    signals.internet_exposed = signals.internet_exposed.or(other.signals.internet_exposed);
    if asset.tags.is_empty() {
        asset.tags = other.tags;
    }
    asset
}

/// The asset of an inventory record.
pub(super) fn inventory(wire: &Inventory<'_>, beside: &CloudAccount<'_>) -> Option<Asset> {
    let (name, kind) = (wire.name.0.get(), wire.kind.0.get());
    let native = wire
        .arn
        .0
        .get()
        .or_else(|| wire.ui_unique_field.0.get())
        .or_else(|| bare_name(kind, name))
        .or_else(|| wire.asset_unique_id.0.get())
        .or(name)?;
    let cloud_account = &wire.cloud_account.0;
    let word = [cloud_account, beside].into_iter().find_map(|a| a.cloud_provider.0.get());
    let regions = texts(&wire.regions.0);
    let hints = Hints {
        provider: word.and_then(provider).or_else(|| kind.and_then(provider_of_kind)),
        account: account_of(cloud_account).or_else(|| account_of(beside)),
        region: wire.region.0.get().or_else(|| regions.first().copied()),
        kind: kind.map(kind_word),
        name,
        ..Hints::default()
    };
    let exposed = wire.is_internet_facing.0.get().map(|_| wire.is_internet_facing.0.is_true());
    Some(Asset {
        tags: tags(&wire.tags.0),
        signals: Signals { internet_exposed: exposed, ..Signals::default() },
        ..made(native, kind.unwrap_or_default(), &hints)
    })
}

fn account_of<'a>(wire: &'a CloudAccount<'_>) -> Option<&'a str> {
    let ids = [&wire.cloud_vendor_id, &wire.cloud_provider_id, &wire.name];
    ids.into_iter().find_map(|id| id.0.get())
}

fn made(native: &str, kind: &str, hints: &Hints<'_>) -> Asset {
    Asset {
        id: AssetId::parse(native, hints),
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(hints.name.unwrap_or(native)).capped(1024),
        ..Asset::default()
    }
}

/// A source code repository, `organization/name`.
pub(super) fn repository(name: &str) -> Asset {
    Asset {
        id: AssetId::code(name, ""),
        native_id: name.to_owned(),
        native_kind: "CodeRepository".to_owned(),
        name: Untrusted::from(name).capped(1024),
        ..Asset::default()
    }
}

/// The name, for the kinds whose name is their id within the account.
fn bare_name<'a>(kind: Option<&str>, name: Option<&'a str>) -> Option<&'a str> {
    name.filter(|_| kind.is_some_and(|k| k.starts_with("Aws")))
}

/// Orca's word for a kind, where it is another than the cloud's.
fn kind_word(kind: &str) -> &str {
    match kind {
        "AwsEc2Elb" => "ElbLoadBalancer",
        "AwsEc2Elbv2" | "AwsEc2ElbV2" => "ElbV2LoadBalancer",
        other => other,
    }
}

fn provider_of_kind(kind: &str) -> Option<Provider> {
    let starts = |prefix| kind.starts_with(prefix);
    match kind {
        _ if starts("Aws") => Some(Provider::Aws),
        _ if starts("Azure") => Some(Provider::Azure),
        _ if starts("Gcp") => Some(Provider::Gcp),
        _ if starts("K8s") => Some(Provider::Kubernetes),
        _ => None,
    }
}

fn provider(word: &str) -> Option<Provider> {
    match word.to_ascii_lowercase().as_str() {
        "aws" => Some(Provider::Aws),
        "azure" => Some(Provider::Azure),
        "gcp" => Some(Provider::Gcp),
        "kubernetes" | "k8s" => Some(Provider::Kubernetes),
        _ => None,
    }
}

/// Tags, which the flat form writes as `key|value`.
fn tags(value: &Value) -> BTreeMap<String, Untrusted> {
    let listed = texts(value);
    if listed.is_empty() {
        return tags_of(value);
    }
    let pair = |text: &&str| {
        let (key, value) = text.split_once('|').or_else(|| text.split_once(':'))?;
        Some((key.to_owned(), Untrusted::from(value).capped(1024)))
    };
    listed.iter().take(256).filter_map(pair).collect()
}
