//! Whether the databases of a data directory are of one time.
//!
//! Each opening is counted on both sides: in a tenant's findings, and for that tenant in what the
//! server knows beside them. And a server that ends in order writes down how often the findings
//! had changed. A file that was put back alone, from an older copy, then says so.

use quell_model::TenantId;
use quell_store::{ServerStore, Store, StoreError};

use super::Findings;

/// The count of openings in the findings, and in the server's settings before the tenant.
const OPENED: &str = "opened";
/// How often the findings had changed when they were last closed.
const CHANGES: &str = "closed at";

/// Refuses findings that are older than what the server knows of them, or much newer; then counts
/// this opening.
///
/// # Errors
/// When they are of another time, or a database refuses.
pub(crate) fn check_order(office: &mut ServerStore, findings: &Findings) -> Result<(), StoreError> {
    let tenant = &findings.tenant;
    let known = number(office.setting(&of(OPENED, tenant))?);
    let closed = number(office.setting(&of(CHANGES, tenant))?);
    let (own, changes) = findings.write(|store| {
        let own = number(store.mark(OPENED)?);
        Ok::<_, StoreError>((own, store.changes()?))
    })?;
    if own < known || changes < closed {
        return Err(StoreError::OlderCopy { older: "quell.db", newer: "server.db" });
    }
    // One more is an opening that was cut off in between.
    if own > known.saturating_add(1) {
        return Err(StoreError::OlderCopy { older: "server.db", newer: "quell.db" });
    }
    let next = own.saturating_add(1).to_le_bytes();
    findings.write(|store| {
        store.mark_set(OPENED, &next)?;
        store.sync()
    })?;
    office.setting_set(&of(OPENED, tenant), &next)
}

/// Notes how often findings had changed that nobody writes to any more.
pub(crate) fn note_order(
    office: &mut ServerStore,
    tenant: &TenantId,
    store: &Store,
) -> Result<(), StoreError> {
    office.setting_set(&of(CHANGES, tenant), &store.changes()?.to_le_bytes())
}

fn of(what: &str, tenant: &TenantId) -> String {
    format!("{what} {tenant}")
}

fn number(bytes: Option<Vec<u8>>) -> i64 {
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_le_bytes)
}
