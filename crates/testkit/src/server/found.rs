//! What stands in the findings of a data directory.

use std::collections::BTreeMap;
use std::path::Path;

use quell_model::TenantId;
use quell_store::{Store, StoreError};
use serde_json::Value;

/// Issues read in one go.
const PAGE: u32 = 1000;

/// The findings by the tool's own id, and how many there are of each.
pub type Found = BTreeMap<String, u32>;

/// Counts all findings of a tenant, beside a server or without one.
///
/// # Errors
/// When there is no database, or it is damaged.
pub fn found(data: &Path, tenant: &TenantId) -> Result<Found, StoreError> {
    let mut found = Found::new();
    each_finding(data, tenant, &mut |body| {
        let id = body.get("native_id").and_then(Value::as_str).unwrap_or_default();
        *found.entry(id.to_owned()).or_default() += 1;
    })?;
    Ok(found)
}

/// Reads all findings of a tenant, each as it is stored.
///
/// # Errors
/// When there is no database, or it is damaged.
pub fn each_finding(
    data: &Path,
    tenant: &TenantId,
    take: &mut dyn FnMut(&Value),
) -> Result<(), StoreError> {
    let store = Store::reader_for(data, tenant)?;
    let mut after = 0;
    loop {
        let page = store.issue_page(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for issue in &page {
            for finding in store.finding_list(issue.id)? {
                take(&serde_json::from_slice(&finding.body.unpack()?)?);
            }
        }
    }
}
