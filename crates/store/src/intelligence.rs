//! Lists that a user gave in place of the bundled ones, and what the risks were judged by.

use quell_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::answer::changed;
use crate::state::micros;
use crate::{Import, Packed, Store, StoreError};

/// The list of exploited weaknesses.
pub const KEV: &str = "kev";
/// The probabilities of exploitation.
pub const EPSS: &str = "epss";

const JUDGED_BY: &str = "judged_by";

/// A list that a user gave.
#[derive(Debug, Clone)]
pub struct IntelligenceRow {
    /// Its date, as the list says.
    pub date: String,
    /// The file it was read from.
    pub path: String,
    /// How many entries it has.
    pub entries: u64,
    /// The entries, in the form that its reader chose.
    pub body: Packed,
}

impl Import<'_> {
    /// Keeps a list with the file it came in.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn intelligence(
        &mut self,
        name: &str,
        row: &IntelligenceRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        save(&self.tx, name, row, now)
    }
}

impl Store {
    /// Keeps a list.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn intelligence_save(
        &mut self,
        name: &str,
        row: &IntelligenceRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        save(&self.connection, name, row, now)
    }

    /// A list that was kept.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn intelligence_get(&self, name: &str) -> Result<Option<IntelligenceRow>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT date, path, entries, body FROM intelligence WHERE name = ?1")?;
        let row = select.query_row(params![name], |row| {
            let entries: i64 = row.get(2)?;
            Ok(IntelligenceRow {
                date: row.get(0)?,
                path: row.get(1)?,
                entries: u64::try_from(entries).unwrap_or(0),
                body: Packed::from_stored(row.get(3)?),
            })
        });
        Ok(row.optional()?)
    }

    /// The hash of the lists that the stored risks rest on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn judged_by(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(select.query_row(params![JUDGED_BY], |row| row.get(0)).optional()?)
    }

    /// Marks issues to be judged again, and notes by which lists. Both or neither, so that a
    /// crash cannot leave risks behind that rest on older lists.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn judge_again(&mut self, issues: &[i64], by: &[u8]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        for id in issues {
            tx.prepare_cached("UPDATE issues SET dirty = 1 WHERE id = ?1")?.execute(params![id])?;
        }
        tx.prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
            .execute(params![JUDGED_BY, by])?;
        changed(&tx)?;
        tx.commit()?;
        Ok(())
    }
}

fn save(
    connection: &Connection,
    name: &str,
    row: &IntelligenceRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    changed(connection)?;
    let entries = i64::try_from(row.entries).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO intelligence (name, date, path, entries, taken_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![name, row.date, row.path, entries, micros(now), row.body.as_stored()])?;
    Ok(())
}
