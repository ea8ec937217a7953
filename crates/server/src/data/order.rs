//! Whether the databases of a data directory are of one time.
//!
//! Each opening is counted on both sides: in a tenant's findings, and for that tenant in what the
//! server knows beside them. And a server that ends in order writes down how often the findings
//! had changed. A file that was put back alone, from an older copy, then says so.

use std::path::Path;
use std::sync::Arc;

use quell_model::TenantId;
use quell_store::{ServerStore, Store, StoreError};

use super::Findings;

/// The count of openings in the findings, and in the server's settings before the tenant.
const OPENED: &str = "opened";
/// How often the findings had changed when they were last closed.
const CHANGES: &str = "closed at";
/// The count of openings of what is delivered, on the server's side.
const OUTBOX_OPENED: &str = "outbox opened";
/// Put into the data directory by who means an older copy to be used.
const MEANT: &str = "accept-older-copy";

/// Refuses findings that are older than what the server knows of them, or much newer, unless
/// somebody means that; then counts this opening.
///
/// # Errors
/// When some are of another time, or a database refuses.
pub(crate) fn check_order(
    data: &Path,
    office: &mut ServerStore,
    all: &[Arc<Findings>],
) -> Result<(), StoreError> {
    let mark = data.join(MEANT);
    let meant = mark.exists();
    for findings in all {
        let (own, known) = (own_count(findings)?, known_count(office, findings)?);
        match compare(office, findings, (own, known)) {
            Err(StoreError::OlderCopy { older, newer }) if meant => {
                tracing::warn!(older, newer, tenant = %findings.tenant, "an older copy is accepted");
                findings.write(|store| note_order(office, &findings.tenant, store))?;
            }
            other => other?,
        }
        check_outbox(office, findings, meant)?;
        count(office, findings, own.max(known))?;
    }
    if meant {
        let removed = std::fs::remove_file(&mark);
        removed.map_err(|source| StoreError::Directory { path: mark, source })?;
    }
    Ok(())
}

fn compare(
    office: &ServerStore,
    findings: &Findings,
    (own, known): (i64, i64),
) -> Result<(), StoreError> {
    let closed = number(office.setting(&of(CHANGES, &findings.tenant))?);
    let changes = findings.write(|store| store.changes())?;
    if own < known || changes < closed {
        return Err(StoreError::OlderCopy { older: "quell.db", newer: "server.db" });
    }
    // One more is an opening that was cut off in between.
    if own > known.saturating_add(1) {
        return Err(StoreError::OlderCopy { older: "server.db", newer: "quell.db" });
    }
    Ok(())
}

/// The same for what is delivered, which stands in a file of its own. An older copy that is meant
/// does not know what was sent since: that is looked for before anything is made again.
fn check_outbox(
    office: &mut ServerStore,
    findings: &Findings,
    meant: bool,
) -> Result<(), StoreError> {
    let setting = of(OUTBOX_OPENED, &findings.tenant);
    let known = number(office.setting(&setting)?);
    let own = number(findings.outbox(|outbox| outbox.mark(OPENED))?);
    if own < known && !meant {
        return Err(StoreError::OlderCopy { older: "outbox.db", newer: "server.db" });
    }
    if own > known.saturating_add(1) && !meant {
        return Err(StoreError::OlderCopy { older: "server.db", newer: "outbox.db" });
    }
    if own < known {
        findings.outbox(|outbox| outbox.note_restored())?;
    }
    let next = own.max(known).saturating_add(1).to_le_bytes();
    findings.outbox(|outbox| {
        outbox.mark_set(OPENED, &next)?;
        outbox.sync()
    })?;
    office.setting_set(&setting, &next)
}

fn own_count(findings: &Findings) -> Result<i64, StoreError> {
    Ok(number(findings.write(|store| store.mark(OPENED))?))
}

fn known_count(office: &ServerStore, findings: &Findings) -> Result<i64, StoreError> {
    Ok(number(office.setting(&of(OPENED, &findings.tenant))?))
}

/// Counts an opening on both sides.
fn count(office: &mut ServerStore, findings: &Findings, before: i64) -> Result<(), StoreError> {
    let next = before.saturating_add(1).to_le_bytes();
    findings.write(|store| {
        store.mark_set(OPENED, &next)?;
        store.sync()
    })?;
    office.setting_set(&of(OPENED, &findings.tenant), &next)
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
