//! Each tenant's log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quell_audit::{Action, Actor, AuditError, Committed, Leaf, Log, Outcome, Place, Stage};
use quell_model::{TenantId, Timestamp};

use crate::data::locked;

/// The logs of a data directory.
#[derive(Debug)]
pub(crate) struct Books {
    data: PathBuf,
    open: Mutex<BTreeMap<TenantId, Arc<Log>>>,
    /// Why nothing is written, where a checkpoint from outside says that a log is older.
    refused: Mutex<BTreeMap<TenantId, Arc<str>>>,
}

/// Something that may be done now, since the log says that it is about to be.
#[derive(Debug)]
pub(crate) struct Begun {
    log: Arc<Log>,
    leaf: Leaf,
    committed: Committed,
}

impl Begun {
    /// The record of the beginning.
    pub(crate) const fn committed(&self) -> Committed {
        self.committed
    }

    /// Says what came of it. It has happened already, so a log that fails now is only reported.
    pub(crate) fn end(self, now: Timestamp, outcome: Outcome, more: impl FnOnce(Leaf) -> Leaf) {
        let leaf = more(self.leaf.ended(self.committed.index(), now, outcome));
        if let Err(error) = self.log.append_later(leaf) {
            tracing::error!(%error, index = self.committed.index(), "the end of a change is not in the audit log");
        }
    }
}

/// Where a tenant's log is.
pub(crate) fn place(data: &Path, tenant: &TenantId) -> Place {
    Place {
        folder: quell_store::tenant_folder(data, tenant).join("audit"),
        name: tenant.to_string(),
    }
}

impl Books {
    pub(crate) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), open: Mutex::default(), refused: Mutex::default() }
    }

    /// Where a tenant's log is.
    pub(crate) fn folder(&self, tenant: &TenantId) -> PathBuf {
        place(&self.data, tenant).folder
    }

    /// A tenant's log, opened where it is not yet. One that could not be is tried anew.
    ///
    /// # Errors
    /// When it takes nothing; then nothing is to be changed.
    pub(crate) fn of(&self, tenant: &TenantId) -> Result<Arc<Log>, AuditError> {
        if let Some(reason) = locked(&self.refused).get(tenant) {
            return Err(AuditError::Refused(Arc::clone(reason)));
        }
        let mut open = locked(&self.open);
        if let Some(known) = open.get(tenant) {
            return Ok(Arc::clone(known));
        }
        let log = Arc::new(Log::open(&place(&self.data, tenant))?);
        open.insert(tenant.clone(), Arc::clone(&log));
        Ok(log)
    }

    /// Takes nothing more for a tenant.
    pub(crate) fn refuse(&self, tenant: &TenantId, reason: &str) {
        locked(&self.refused).insert(tenant.clone(), reason.into());
    }

    /// Why nothing is written for a tenant; `None` where all is well.
    pub(crate) fn trouble(&self, tenant: &TenantId) -> Option<String> {
        self.of(tenant).err().map(|error| error.to_string())
    }

    /// Says that something is about to happen. Without what this returns it must not.
    ///
    /// # Errors
    /// When that is not on the disk.
    pub(crate) fn begin(&self, leaf: Leaf) -> Result<Begun, AuditError> {
        let log = self.of(leaf.tenant())?;
        let committed = log.append(leaf.clone())?;
        Ok(Begun { log, leaf, committed })
    }

    /// Says that something happens which is one step.
    ///
    /// # Errors
    /// When that is not on the disk.
    pub(crate) fn note(&self, leaf: Leaf) -> Result<Committed, AuditError> {
        self.of(leaf.tenant())?.append(leaf)
    }

    /// Signs what waits, so that readers see it.
    pub(crate) fn settle(&self, tenant: &TenantId) {
        let known = locked(&self.open).get(tenant).map(Arc::clone);
        if let Some(Err(error)) = known.map(|log| log.settle()) {
            tracing::warn!(%error, %tenant, "the audit log is not signed");
        }
    }

    /// The tenants whose logs are open.
    pub(crate) fn tenants(&self) -> Vec<TenantId> {
        locked(&self.open).keys().cloned().collect()
    }

    /// Writes what waits, signs it and lets go.
    pub(crate) fn close(&self) {
        let all = std::mem::take(&mut *locked(&self.open));
        all.values().for_each(|log| log.close());
    }
}

/// A record of what the server does by itself.
pub(crate) fn by_server(
    (action, stage): (Action, Stage),
    tenant: &TenantId,
    now: Timestamp,
) -> Leaf {
    Leaf::new((action, stage), &Actor::server(), tenant, now)
}
