//! What was answered to a request with an idempotency key, so that it is done once.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::state::micros;
use crate::{ServerStore, StoreError};

/// What is known of a request that may come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is new, and now being answered.
    New,
    /// It is being answered, or was when the server stopped.
    Pending,
    /// Its key was used for another request.
    Other,
    /// It was answered so.
    Known {
        /// The status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
}

impl ServerStore {
    /// Begins to answer a request, or says what is known of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reply_begin(
        &mut self,
        tenant: &TenantId,
        (name, request): (&[u8; 32], &[u8; 32]),
        now: Timestamp,
    ) -> Result<Reply, StoreError> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO replies (tenant, name, request, made_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![tenant.as_str(), name.as_slice(), request.as_slice(), micros(now)])?;
        if added > 0 {
            return Ok(Reply::New);
        }
        type Row = (Vec<u8>, Option<u16>, Option<Vec<u8>>);
        let known: Option<Row> = self
            .connection
            .prepare_cached(
                "SELECT request, status, body FROM replies WHERE tenant = ?1 AND name = ?2",
            )?
            .query_row(params![tenant.as_str(), name.as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        Ok(match known {
            Some((asked, ..)) if asked != request => Reply::Other,
            Some((_, Some(status), Some(body))) => Reply::Known { status, body },
            Some(_) | None => Reply::Pending,
        })
    }

    /// Keeps the answer.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reply_keep(
        &mut self,
        tenant: &TenantId,
        name: &[u8; 32],
        (status, body): (u16, &[u8]),
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE replies SET status = ?3, body = ?4 WHERE tenant = ?1 AND name = ?2",
            )?
            .execute(params![tenant.as_str(), name.as_slice(), status, body])?;
        Ok(())
    }

    /// Forgets a request that was not answered, so that it can be made again.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reply_forget(&mut self, tenant: &TenantId, name: &[u8; 32]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM replies WHERE tenant = ?1 AND name = ?2 AND status IS NULL",
            )?
            .execute(params![tenant.as_str(), name.as_slice()])?;
        Ok(())
    }

    /// Forgets what was answered before a moment, and what was never answered.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reply_sweep(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        Ok(self
            .connection
            .execute("DELETE FROM replies WHERE made_at < ?1", params![micros(before)])?)
    }
}
