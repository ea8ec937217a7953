//! Tenants, and what holds for the whole server.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::state::micros;
use crate::{ServerStore, StoreError};

impl ServerStore {
    /// Adds a tenant; one that is there stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tenant_add(&mut self, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR IGNORE INTO tenants (id, made_at) VALUES (?1, ?2)",
            params![tenant.as_str(), micros(now)],
        )?;
        Ok(())
    }

    /// Every tenant, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT id FROM tenants ORDER BY id")?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|id| {
            id?.parse().map_err(|_| StoreError::Damaged("a tenant has an odd name".to_owned()))
        })
        .collect()
    }

    /// A setting of the whole server.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Sets a setting of the whole server.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn setting_set(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)",
            params![name, value],
        )?;
        Ok(())
    }
}
