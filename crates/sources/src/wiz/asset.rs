//! Assets of Wiz records: the cloud's own id before any id that Wiz made.

use std::borrow::Cow;

use quell_model::{Asset, AssetId, Hints, Provider, Signals, Untrusted};

use super::wire::{Account, Entity, Text};
use crate::wire::tags_of;

/// What a record says about the asset beside the entity itself.
#[derive(Default)]
pub(super) struct Beside<'a> {
    pub(super) ids: &'a [&'a Text<'a>],
    pub(super) account: Option<&'a Account<'a>>,
}

/// The asset, or `None` where nothing names it.
pub(super) fn asset(entity: &Entity<'_>, beside: &Beside<'_>) -> Option<Asset> {
    let own = [&entity.provider_unique_id, &entity.provider_id, &entity.external_id];
    let ids = || own.into_iter().chain(beside.ids.iter().copied()).filter_map(Text::get);
    let native = ids()
        .find_map(cloud_id)
        .or_else(|| ids().next())
        .or_else(|| entity.id.get())
        .or_else(|| entity.name.get())?;
    let accounts = || [entity.subscription.as_ref(), entity.cloud_account.as_ref(), beside.account];
    let account = entity
        .subscription_external_id
        .get()
        .or_else(|| entity.subscription_id.get())
        .or_else(|| accounts().into_iter().flatten().find_map(|a| a.external_id.get()));
    let platform = entity.cloud_platform.get().or_else(|| {
        accounts()
            .into_iter()
            .flatten()
            .find_map(|a| a.cloud_platform.get().or_else(|| a.cloud_provider.get()))
    });
    let account = account.map(|account| whole_account(account, platform.and_then(provider)));
    let account = account.as_deref();
    let kind = entity.native_type.get().or_else(|| entity.kind.get());
    let hints = Hints {
        provider: platform.and_then(provider),
        account,
        region: entity.region.get(),
        kind,
        name: entity.name.get(),
        ..Hints::default()
    };
    let object = object_path(native);
    Some(Asset {
        id: AssetId::parse(object.as_deref().unwrap_or(native), &hints),
        native_id: native.to_owned(),
        native_kind: kind.unwrap_or_default().to_owned(),
        name: Untrusted::from(entity.name.get().unwrap_or(native)).capped(1024),
        tags: tags_of(&entity.tags),
        signals: signals(entity),
        ..Asset::default()
    })
}

/// The part of an id, or of a composite joined by `##`, that the cloud itself gave.
pub(super) fn cloud_id(id: &str) -> Option<&str> {
    let ours = |part: &&str| {
        ["arn:", "/subscriptions/", "//", "projects/", "https://www.googleapis.com/"]
            .iter()
            .any(|start| part.get(..start.len()).is_some_and(|p| p.eq_ignore_ascii_case(start)))
    };
    id.split("##").find(ours)
}

/// An account's id of AWS has twelve digits. Where it came as a number, zeros at its start are lost.
fn whole_account(account: &str, provider: Option<Provider>) -> Cow<'_, str> {
    let digits = account.bytes().all(|byte| byte.is_ascii_digit());
    if provider == Some(Provider::Aws) && digits && (9..12).contains(&account.len()) {
        return Cow::Owned(format!("{account:0>12}"));
    }
    Cow::Borrowed(account)
}

/// The path of a cluster's object that Wiz writes as `k8s/deployment/<cluster>/<namespace>/<name>`.
/// One account may hold many clusters with objects of one name.
fn object_path(id: &str) -> Option<String> {
    let mut parts = id.strip_prefix("k8s/")?.splitn(4, '/');
    let (kind, cluster, third) = (parts.next()?, parts.next()?, parts.next()?);
    let (namespace, name) = parts.next().map_or(("", third), |name| (third, name));
    let is_object = !matches!(kind, "user" | "group") && !name.contains('/');
    is_object.then(|| format!("{cluster}/{namespace}/{kind}/{name}"))
}

fn provider(platform: &str) -> Option<Provider> {
    match platform.to_ascii_lowercase().as_str() {
        "aws" => Some(Provider::Aws),
        "azure" | "azuread" | "entra" => Some(Provider::Azure),
        "gcp" => Some(Provider::Gcp),
        "kubernetes" | "eks" | "aks" | "gke" | "oke" => Some(Provider::Kubernetes),
        _ => None,
    }
}

fn signals(entity: &Entity<'_>) -> Signals {
    Signals {
        internet_exposed: either([
            &entity.has_wide_internet_exposure,
            &entity.is_accessible_from_internet,
            &entity.is_open_to_all_internet,
        ]),
        sensitive_data: either([&entity.has_sensitive_data, &entity.has_access_to_sensitive_data]),
        high_privilege: either([&entity.has_admin_privileges, &entity.has_high_privileges]),
    }
}

/// True where one says so, false where one denies and none affirms.
fn either<const N: usize>(flags: [&Text<'_>; N]) -> Option<bool> {
    flags.iter().filter_map(|flag| flag.flag()).reduce(|a, b| a || b)
}
