//! What somebody says of weaknesses: written with its file, newer words first, read by weakness.

use std::collections::HashSet;

use quell_model::{IssueKey, Outcome, StatementKey, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::import::NEWEST;
use crate::state::{micros, time};
use crate::{Body, IdSet, Import, Packed, Store, StoreError};

/// The setting that counts changes of statements.
const VERSION: &str = "statements_version";

/// A statement, ready to be written.
#[derive(Debug)]
pub struct PreparedStatement<'a> {
    /// Its identity.
    pub key: StatementKey,
    /// Every id of the weakness, in upper case.
    pub weaknesses: &'a [String],
    /// A hash of all that is said.
    pub content_hash: i64,
    /// When it was said.
    pub observed: Timestamp,
    /// The statement as JSON.
    pub body: &'a Packed,
}

impl Import<'_> {
    /// Writes one statement; older words never replace newer ones.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn statement(&mut self, new: &PreparedStatement<'_>) -> Result<Outcome, StoreError> {
        let at = micros(new.observed);
        let known: Option<(i64, (i64, i64, i64))> = self
            .tx
            .prepare_cached(
                "SELECT id, content_hash, observed, import FROM statements WHERE key = ?1",
            )?
            .query_row(params![new.key.as_bytes()], |row| {
                Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))
            })
            .optional()?;
        let (outcome, newer) = self.settle(known.map(|(_, known)| known), at, new.content_hash);
        if !newer {
            return Ok(outcome);
        }
        let id = match known {
            Some((id, _)) => {
                self.tx
                    .prepare_cached(
                        "UPDATE statements SET content_hash = ?2, observed = ?3, import = ?4, body = ?5
                         WHERE id = ?1",
                    )?
                    .execute(params![id, new.content_hash, at, self.id, new.body.as_stored()])?;
                self.tx
                    .prepare_cached("DELETE FROM statement_weaknesses WHERE statement = ?1")?
                    .execute(params![id])?;
                id
            }
            None => self
                .tx
                .prepare_cached(
                    "INSERT INTO statements (key, content_hash, observed, import, body)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .insert(params![
                    new.key.as_bytes(),
                    new.content_hash,
                    at,
                    self.id,
                    new.body.as_stored()
                ])?,
        };
        for weakness in new.weaknesses {
            self.tx
                .prepare_cached("INSERT OR IGNORE INTO statement_weaknesses VALUES (?1, ?2)")?
                .execute(params![weakness, id])?;
        }
        self.tx
            .prepare_cached(
                "INSERT INTO settings (name, value) VALUES (?1, 1)
                 ON CONFLICT DO UPDATE SET value = value + 1",
            )?
            .execute([VERSION])?;
        Ok(outcome)
    }
}

impl Store {
    /// How often statements have changed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn statement_version(&self) -> Result<i64, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(select.query_row([VERSION], |row| row.get(0)).optional()?.unwrap_or_default())
    }

    /// How many statements are known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn statement_count(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.connection.query_row("SELECT count(*) FROM statements", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Every weakness that a statement speaks of, in upper case.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn statement_weaknesses(&self) -> Result<HashSet<String>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT DISTINCT weakness FROM statement_weaknesses")?;
        let rows = select.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The statements about one weakness, in the order of their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn statement_list(&self, weakness: &str) -> Result<Vec<Packed>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT s.body FROM statement_weaknesses w JOIN statements s ON s.id = w.statement
             WHERE w.weakness = ?1 ORDER BY s.key",
        )?;
        let rows =
            select.query_map(params![weakness], |row| Ok(Packed::from_stored(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Issues of which one finding or more is hidden by its source.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_list_hidden(&self) -> Result<Vec<IssueKey>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT DISTINCT i.key FROM findings f JOIN issues i ON i.id = f.issue
             WHERE f.reported = 2 AND f.gone_by = 0",
        )?;
        let rows = select.query_map([], |row| Ok(IssueKey::from_bytes(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When any finding was last seen.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_newest(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        let newest: Option<i64> = select.query_row([NEWEST], |row| row.get(0)).optional()?;
        Ok(newest.and_then(time))
    }

    /// Findings that their source hides and that are not gone, with their issues: those among
    /// some, or all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_list_suppressed(
        &self,
        among: Option<&IdSet>,
    ) -> Result<Vec<(IssueKey, Body)>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT f.id, i.key, f.block, f.slot, f.body
               FROM findings f JOIN issues i ON i.id = f.issue
             WHERE f.reported = 2 AND f.gone_by = 0 ORDER BY i.key, f.key",
        )?;
        let mut rows = select.query([])?;
        let mut hidden = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if among.is_some_and(|among| !among.contains(id)) {
                continue;
            }
            let place = (row.get(2)?, row.get(3)?, row.get(4)?);
            if let Some(body) = self.cache.body(&self.connection, place)? {
                hidden.push((IssueKey::from_bytes(row.get(1)?), body));
            }
        }
        Ok(hidden)
    }
}
