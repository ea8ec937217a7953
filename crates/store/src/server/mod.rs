//! What a server knows beside findings: tenants, tokens, jobs, replies, sources, and what language
//! models may cost and see.
//!
//! It stands in a database of its own, so that a long import never holds up a sign-in. Every
//! method that concerns a tenant asks for the tenant.

mod answers;
mod batches;
mod grants;
mod jobs;
mod platforms;
mod replies;
mod sessions;
mod sources;
mod spend;
mod tenants;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

use std::cell::RefCell;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::open::{self, BUSY};
use crate::{Store, StoreError, seal};

pub use answers::{AnswerCap, NewAnswer};
pub use batches::{BatchId, BatchItem, BatchRow, NewBatch};
pub use grants::{GrantFault, GrantKind, GrantRow, MOST_GRANT_DAYS, NewGrant};
pub use jobs::{Ended, JobFilter, JobRow, JobState, NewJob, Renewed};
pub use platforms::{Fence, PlatformKey, PlatformRow, QuarantineRow, StreamRow};
pub use replies::Reply;
pub use sessions::SessionRow;
pub use sources::{Heard, SourceRow};
pub use spend::{
    Reserved, SpendAsk, SpendBy, SpendId, SpendLeft, SpendLimits, SpendMost, SpendOver, SpendRow,
    SpendScope, SpendSwept, SpendUsed, SpendWhat,
};
pub use tokens::TokenRow;
pub use users::{GroupRow, UserRow};

/// Each migration, oldest first.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/server_0001.sql"),
    include_str!("../migrations/server_0002.sql"),
    include_str!("../migrations/server_0003.sql"),
    include_str!("../migrations/server_0004.sql"),
    include_str!("../migrations/server_0005.sql"),
    include_str!("../migrations/server_0006.sql"),
    include_str!("../migrations/server_0007.sql"),
];

/// The database of a server.
#[derive(Debug)]
pub struct ServerStore {
    pub(crate) connection: Connection,
    /// Whether it was, when it was opened, what had been written down.
    sealed: bool,
}

impl ServerStore {
    /// Opens the database below `directory`, making both where they are missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or the database is damaged, newer or held by another.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        open::make_directory(directory)?;
        crate::backup::refuse_half(directory)?;
        let path = directory.join("server.db");
        Self::open_file(&path).map_err(|error| error.of(&path))
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        let sealed = seal::check(path)?;
        seal::open(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        open::migrate(&mut connection, MIGRATIONS)?;
        Ok(Self { connection, sealed })
    }

    /// Folds the log, and writes down what the database holds, as [`Store::seal`] does.
    ///
    /// # Errors
    /// When the database refuses, or the list cannot be written.
    pub fn seal(&mut self) -> Result<(), StoreError> {
        seal::seal(&self.connection)
    }

    /// Looks whether the pages of the database hold together, as [`Store::look_over`] does.
    ///
    /// # Errors
    /// When they do not, or the database refuses.
    pub fn look_over(&self) -> Result<(), StoreError> {
        if self.sealed { Ok(()) } else { open::look_over(&self.connection) }
    }
}

/// The folder of a tenant's findings below the data directory.
#[must_use]
pub fn tenant_folder(directory: &Path, tenant: &quell_model::TenantId) -> std::path::PathBuf {
    if tenant.is_default() {
        directory.to_owned()
    } else {
        directory.join("tenants").join(tenant.as_str())
    }
}

/// How much of a server's log waits before it is folded.
const LEAST_FOLDED_BYTES: u64 = 64 << 20;

/// Memory for pages of a connection that writes.
const WRITER_CACHE_KIB: i32 = 32_768;

/// Memory for pages of a connection that only reads.
const READER_CACHE_KIB: i32 = 2_048;

impl Store {
    /// Opens the findings of a tenant beside its writer, to be read only.
    ///
    /// # Errors
    /// When the tenant has no database yet, or it is damaged.
    pub fn reader_for(
        directory: &Path,
        tenant: &quell_model::TenantId,
    ) -> Result<Self, StoreError> {
        let path = tenant_folder(directory, tenant).join("quell.db");
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(64);
        let (cache, fold) = (crate::block::Cache::default(), open::Fold::default());
        Ok(Self { connection, cache, fold, sealed: false, hidden: RefCell::default() })
    }

    /// From here on a commit is not flushed by itself: [`Store::sync`] flushes all before it. A
    /// crash of the system may lose the last commits, but never one and keep a later one. The log
    /// is folded less often too: many small commits write the same pages.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relax(&self) -> Result<(), StoreError> {
        self.fold.least_bytes.set(LEAST_FOLDED_BYTES);
        self.connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        Ok(self.connection.pragma_update(None, "synchronous", "NORMAL")?)
    }

    /// Flushes every commit until here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let number = self.mark("synced")?.and_then(|mark| mark.try_into().ok());
        let number = u64::from_le_bytes(number.unwrap_or_default()).wrapping_add(1);
        // A commit flushes the log, and with it all commits before.
        let done = self.mark_set("synced", &number.to_le_bytes());
        self.relax()?;
        done
    }

    /// Opens the findings of a tenant, and no others: the database names its tenant.
    ///
    /// # Errors
    /// As [`Store::open`]; and when the database is another tenant's.
    pub fn open_for(directory: &Path, tenant: &quell_model::TenantId) -> Result<Self, StoreError> {
        let mut store = Self::open(&tenant_folder(directory, tenant))?;
        match store.mark("tenant")? {
            None => store.mark_set("tenant", tenant.as_str().as_bytes())?,
            Some(found) if found == tenant.as_str().as_bytes() => {}
            Some(found) => {
                return Err(StoreError::Tenant {
                    found: String::from_utf8_lossy(&found).into_owned(),
                    wanted: tenant.clone(),
                });
            }
        }
        Ok(store)
    }
}
