//! A row of a table of version 3 to 5, and of the tables that sort results by requirement.

use std::collections::BTreeMap;
use std::time::Duration;

use quell_model::{Untrusted, parse_timestamp};

use super::check::Check;
use crate::wire::Row;
use crate::{Output, Rejection};

/// The account, by the names that the clouds have for it.
const ACCOUNT: &[&str] = &[
    "ACCOUNT_UID",
    "ACCOUNT_ID",
    "SUBSCRIPTION_ID",
    "SUBSCRIPTION",
    "PROJECT_ID",
    "TENANT_ID",
    "ORGANIZATION_ID",
    "DOMAIN",
    "CONTEXT",
];
/// Tags that are kept of one asset.
const MOST_TAGS: usize = 256;

pub(super) fn normalize(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(text)?;
    let id = row.needed("CHECK_ID")?;
    let status = row.needed("STATUS")?;
    let requirement = row.get(&["REQUIREMENTS_ID"]);
    // A requirement without a check is a question to the account's owner, each its own.
    let question = requirement.filter(|_| id == "manual").map(|named| format!("manual:{named}"));
    let id = question.as_deref().unwrap_or(id);
    let mut check = Check {
        id,
        status,
        provider: row.or_empty(&["PROVIDER"]),
        title: row.get(&["CHECK_TITLE"]).unwrap_or(id),
        detail: row.or_empty(&["STATUS_EXTENDED"]),
        muted: row.get(&["MUTED"]).is_some_and(|word| word.eq_ignore_ascii_case("true")),
        severity: row.or_empty(&["SEVERITY"]),
        resource_kind: row.get(&["RESOURCE_TYPE"]),
        tags: tags(row.or_empty(&["RESOURCE_TAGS"])),
        observed: row
            .get(&["TIMESTAMP", "ASSESSMENT_START_TIME", "ASSESSMENT_DATE"])
            .and_then(parse_timestamp),
        risk: row.or_empty(&["RISK"]),
        advice: row.or_empty(&["REMEDIATION_RECOMMENDATION_TEXT"]),
        links: vec![row.get(&["RELATED_URL"]), row.get(&["REMEDIATION_RECOMMENDATION_URL"])],
        ..Check::default()
    };
    if question.is_none() {
        check.resource_id = row.get(&["RESOURCE_UID", "RESOURCE_ARN", "RESOURCE_ID"]);
        // Version 3 has the short name in RESOURCE_ID beside the ARN.
        check.resource_name = row.get(&["RESOURCE_NAME", "RESOURCE_ID"]);
    }
    let account = row.get(ACCOUNT);
    let region = row.get(&["REGION", "LOCATION", "NAMESPACE"]);
    check.place(account, region);
    let mut made = None;
    if requirement.is_some() {
        made = uid(&check, account, region);
        // Such a table says less than the scan's own, which has the same time. A second less lets
        // the scan's own stand whichever is read first.
        check.observed = check.observed.and_then(|at| at.checked_sub(Duration::from_secs(1)).ok());
    } else {
        check.description = row.or_empty(&["DESCRIPTION"]);
    }
    check.uid = row.get(&["FINDING_UID", "FINDING_UNIQUE_ID"]).or(made.as_deref());
    check.emit(output)
}

/// The id that the scan's own table gives, for a table of requirements, which leaves it out.
fn uid(check: &Check<'_>, account: Option<&str>, region: Option<&str>) -> Option<String> {
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
