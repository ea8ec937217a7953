//! Microsoft Azure: resource ids, which are compared without regard to case.

use super::{Hints, Parts, Provider};

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    if let Some(id) = bare_subscription(native, hints) {
        return Some(whole(&format!("/subscriptions/{id}"), native, hints));
    }
    let lower = native.to_ascii_lowercase();
    let is_azure = hints.provider == Some(Provider::Azure);
    let is_whole = (is_azure && lower.starts_with("subscriptions/"))
        || lower.starts_with("/providers/microsoft.");
    let start = if is_whole { 0 } else { lower.find("/subscriptions/")? };
    let scheme = lower.get(..start)?;
    if !(scheme.is_empty() || scheme.starts_with("https://") || scheme.starts_with("azure:")) {
        return None;
    }
    let id = native.get(start..)?;
    let id = id.split(['?', '#']).next().unwrap_or(id);
    let segments: Vec<&str> = id.split('/').filter(|s| !s.is_empty()).collect();
    if segments.len() < 2 {
        return None;
    }
    let name = segments.last().copied().unwrap_or_default();
    Some(whole(&format!("/{}", segments.join("/")), name, hints))
}

/// A subscription's own id, where the record says that it is one.
fn bare_subscription(native: &str, hints: &Hints<'_>) -> Option<String> {
    let is_subscription = hints.provider == Some(Provider::Azure)
        && hints.kind.is_some_and(|kind| {
            let kind = kind.to_ascii_lowercase();
            kind == "account" || kind == "subscription" || kind.ends_with(".subscription")
        });
    let is_uuid = native.len() == 36
        && native.bytes().filter(|b| *b == b'-').count() == 4
        && native.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    (is_subscription && is_uuid).then(|| native.to_ascii_lowercase())
}

fn whole(path: &str, name: &str, hints: &Hints<'_>) -> Parts {
    let id = path.to_lowercase();
    let subscription = id
        .strip_prefix("/subscriptions/")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_else(|| hints.account.unwrap_or_default());
    Parts {
        key: format!("azure:{id}"),
        provider: Provider::Azure,
        account: subscription.to_owned(),
        region: hints.region.unwrap_or_default().to_owned(),
        kind: kind(&id),
        name: name.to_owned(),
    }
}

/// `microsoft.compute/virtualmachines/x/extensions/y` → `compute.virtualmachines.extensions`.
fn kind(id: &str) -> String {
    let Some((_, resource)) = id.rsplit_once("/providers/") else {
        return if id.contains("/resourcegroups/") { "resourcegroup" } else { "subscription" }
            .to_owned();
    };
    let mut segments = resource.split('/');
    let namespace = segments.next().unwrap_or_default();
    let namespace = namespace.strip_prefix("microsoft.").unwrap_or(namespace);
    let types: Vec<&str> = segments.step_by(2).take(8).collect();
    format!("{namespace}.{}", types.join("."))
}
