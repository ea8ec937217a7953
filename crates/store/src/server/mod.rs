//! What a server knows beside findings: tenants, tokens, jobs, replies and sources.
//!
//! It stands in a database of its own, so that a long import never holds up a sign-in. Every
//! method that concerns a tenant asks for the tenant.

mod jobs;
mod replies;
mod sources;
mod tenants;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;

use rusqlite::Connection;

use crate::open::{self, BUSY};
use crate::{Store, StoreError};

pub use jobs::{Ended, JobFilter, JobRow, JobState, NewJob, Renewed};
pub use replies::Reply;
pub use sources::{Heard, SourceRow};
pub use tokens::TokenRow;

/// Each migration, oldest first.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/server_0001.sql")];

/// The database of a server.
#[derive(Debug)]
pub struct ServerStore {
    pub(crate) connection: Connection,
}

impl ServerStore {
    /// Opens the database below `directory`, making both where they are missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or the database is damaged, newer or held by another.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        let mut connection = Connection::open(directory.join("server.db"))?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        open::migrate(&mut connection, MIGRATIONS)?;
        Ok(Self { connection })
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

impl Store {
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
