//! A row of a table of version 3 to 5, and of the tables that sort results by requirement.

use std::collections::BTreeMap;

use quell_model::{Untrusted, parse_timestamp};

use super::check::Check;
use crate::wire::Row;
use crate::{Output, Rejection};

/// Tags that are kept of one asset.
const MOST_TAGS: usize = 256;

pub(super) fn normalize(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(text)?;
    let id = row.needed("CHECK_ID")?;
    let status = row.needed("STATUS")?;
    let provider = row.or_empty(&["PROVIDER"]);
    let name = row.get(&["RESOURCE_NAME"]);
    let mut check = Check {
        id,
        status,
        provider,
        title: row.get(&["CHECK_TITLE"]).unwrap_or(id),
        detail: row.or_empty(&["STATUS_EXTENDED"]),
        muted: row.get(&["MUTED"]).is_some_and(|word| word.eq_ignore_ascii_case("true")),
        severity: row.or_empty(&["SEVERITY"]),
        resource_id: row.get(&["RESOURCE_UID", "RESOURCE_ARN"]).or(row.get(&["RESOURCE_ID"])),
        resource_kind: row.get(&["RESOURCE_TYPE"]),
        tags: tags(row.or_empty(&["RESOURCE_TAGS"])),
        observed: row
            .get(&["TIMESTAMP", "ASSESSMENT_START_TIME", "ASSESSMENT_DATE"])
            .and_then(parse_timestamp),
        description: row.or_empty(&["DESCRIPTION"]),
        risk: row.or_empty(&["RISK"]),
        advice: row.or_empty(&["REMEDIATION_RECOMMENDATION_TEXT"]),
        links: vec![row.get(&["RELATED_URL"]), row.get(&["REMEDIATION_RECOMMENDATION_URL"])],
        ..Check::default()
    };
    // Version 3 has the short name in RESOURCE_ID beside the ARN.
    check.resource_name = name.or(row.get(&["RESOURCE_ID"]));
    let account = ["ACCOUNT_UID", "ACCOUNT_ID", "SUBSCRIPTION", "PROJECT_ID"];
    let account = row.get(&account).or(row.get(&["SUBSCRIPTION_ID"]));
    let region = row.get(&["REGION", "LOCATION", "NAMESPACE"]);
    check.place(account, region);
    let made = requirement_uid(&row, &check, account, region);
    check.uid = row.get(&["FINDING_UID", "FINDING_UNIQUE_ID"]).or(made.as_deref());
    if made.is_some() {
        // These tables describe the requirement, not the check.
        check.description = "";
    }
    check.emit(output)
}

/// The id that the full table would give, for a table of requirements, which leaves it out.
fn requirement_uid(
    row: &Row<'_>,
    check: &Check<'_>,
    account: Option<&str>,
    region: Option<&str>,
) -> Option<String> {
    row.get(&["REQUIREMENTS_ID"])?;
    let (provider, id) = (check.provider.to_ascii_lowercase(), check.id);
    let (account, region) = (account?, region.unwrap_or_default());
    Some(format!("prowler-{provider}-{id}-{account}-{region}-{}", check.resource_name?))
}

/// `team=payments | env=prod`.
fn tags(text: &str) -> BTreeMap<String, Untrusted> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let key = key.trim();
        let value = Untrusted::from(value.trim()).capped(1024);
        (!key.is_empty()).then(|| (key.to_owned(), value))
    };
    text.split(" | ").take(MOST_TAGS).filter_map(pair).collect()
}
