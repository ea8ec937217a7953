//! Microsoft Azure: resource ids, which are compared without regard to case.

use super::{Hints, Parts, Provider};

pub(super) fn parse(native: &str, hints: &Hints<'_>) -> Option<Parts> {
    let lower = native.to_lowercase();
    let start = lower.find("/subscriptions/")?;
    let scheme = lower.get(..start).unwrap_or_default();
    if !(scheme.is_empty() || scheme.starts_with("https://") || scheme.starts_with("azure:")) {
        return None;
    }
    let id = lower.get(start..)?.trim_end_matches('/');
    let mut segments = id.split('/').skip(2);
    let subscription = segments.next().filter(|s| !s.is_empty())?.to_owned();
    let kind = kind(id);
    let name = native.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    Some(Parts {
        key: format!("azure:{id}"),
        provider: Provider::Azure,
        account: subscription,
        region: hints.region.unwrap_or_default().to_owned(),
        kind,
        name,
    })
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
    let types: Vec<&str> = segments.step_by(2).collect();
    format!("{namespace}.{}", types.join("."))
}
