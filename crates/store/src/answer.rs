//! Answers that take long to find, kept until anything changes.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{Packed, Store, StoreError};

/// The setting that counts changes. Every method that writes findings, issues, statements or
/// intelligence adds to it.
const CHANGES: &str = "changes";

/// Notes within a transaction that answers may no longer hold.
pub(crate) fn changed(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO settings (name, value) VALUES (?1, 1)
             ON CONFLICT DO UPDATE SET value = value + 1",
        )?
        .execute([CHANGES])?;
    Ok(())
}

fn changes(connection: &Connection) -> Result<i64, StoreError> {
    let mut select = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(select.query_row([CHANGES], |row| row.get(0)).optional()?.unwrap_or_default())
}

impl Store {
    /// A kept answer, if nothing has changed since. The name says who asked what.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn answer_get(&self, name: &[u8; 32]) -> Result<Option<Packed>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT body FROM answers WHERE name = ?1 AND changes = ?2")?;
        let row = select.query_row(params![name.as_slice(), changes(&self.connection)?], |row| {
            Ok(Packed::from_stored(row.get(0)?))
        });
        Ok(row.optional()?)
    }

    /// How often the store has changed. Taken before an answer is found, it tells whether
    /// another process changed the store meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn changes(&self) -> Result<i64, StoreError> {
        changes(&self.connection)
    }

    /// Keeps an answer that was found when the store had changed so often; older ones go.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn answer_save(
        &mut self,
        name: &[u8; 32],
        changes: i64,
        body: &Packed,
    ) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        tx.execute("DELETE FROM answers WHERE changes <> ?1", params![changes])?;
        tx.execute(
            "INSERT OR REPLACE INTO answers (name, changes, body) VALUES (?1, ?2, ?3)",
            params![name.as_slice(), changes, body.as_stored()],
        )?;
        tx.commit()?;
        Ok(())
    }
}
