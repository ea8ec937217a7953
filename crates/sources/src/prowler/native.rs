//! A result of version 3 as JSON.

use serde::Deserialize;
use serde_json::Value;

use super::check::Check;
use crate::wire::{Text, or_default, tags_of};
use crate::{Output, Rejection};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Native<'a> {
    #[serde(borrow)]
    assessment_start_time: Text<'a>,
    finding_unique_id: Text<'a>,
    provider: Text<'a>,
    #[serde(rename = "CheckID")]
    check_id: Text<'a>,
    check_title: Text<'a>,
    status: Text<'a>,
    status_extended: Text<'a>,
    muted: Text<'a>,
    severity: Text<'a>,
    resource_type: Text<'a>,
    description: Text<'a>,
    risk: Text<'a>,
    related_url: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    remediation: Remediation<'a>,
    account_id: Text<'a>,
    subscription: Text<'a>,
    project_id: Text<'a>,
    region: Text<'a>,
    location: Text<'a>,
    namespace: Text<'a>,
    resource_id: Text<'a>,
    resource_arn: Text<'a>,
    resource_name: Text<'a>,
    resource_tags: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Remediation<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    recommendation: Recommendation<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Recommendation<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    url: Text<'a>,
}

pub(super) fn normalize(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let wire: Native<'_> = serde_json::from_str(text)?;
    let id = wire.check_id.get().ok_or_else(|| Rejection::new("no check at $.CheckID"))?;
    let status = wire.status.get().ok_or_else(|| Rejection::new("no result at $.Status"))?;
    let advice = &wire.remediation.recommendation;
    let accounts = [&wire.account_id, &wire.subscription, &wire.project_id];
    let regions = [&wire.region, &wire.location, &wire.namespace];
    let mut check = Check {
        uid: wire.finding_unique_id.get(),
        id,
        title: wire.check_title.get().unwrap_or(id),
        status,
        detail: wire.status_extended.or_empty(),
        muted: wire.muted.is_true(),
        severity: wire.severity.or_empty(),
        provider: wire.provider.or_empty(),
        resource_id: wire.resource_arn.get().or(wire.resource_id.get()),
        resource_name: wire.resource_name.get().or(wire.resource_id.get()),
        resource_kind: wire.resource_type.get(),
        tags: tags_of(&wire.resource_tags),
        observed: wire.assessment_start_time.time(),
        description: wire.description.or_empty(),
        risk: wire.risk.or_empty(),
        advice: advice.text.or_empty(),
        links: vec![wire.related_url.get(), advice.url.get()],
        ..Check::default()
    };
    check.place(accounts.iter().find_map(|t| t.get()), regions.iter().find_map(|t| t.get()));
    check.emit(output)
}
