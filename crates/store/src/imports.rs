//! What was imported: every file by the hash of its content, and what became of its records.

use quell_model::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::state::time;
use crate::{Packed, Store, StoreError};

/// A file that was imported.
#[derive(Debug, Clone)]
pub struct InputRow {
    /// The hash of its content.
    pub hash: [u8; 32],
    /// Its name.
    pub path: String,
    /// The source that read it.
    pub format: String,
    /// When its content was first imported.
    pub imported_at: Option<Timestamp>,
    /// Its bytes, where it was not compressed.
    pub plain_bytes: Option<u64>,
    /// What its records came to, as the caller of [`crate::Import::content`] wrote it.
    pub summary: Option<Packed>,
}

const INPUT: &str = "SELECT i.hash, i.path, i.format, i.imported_at, i.plain_bytes, c.summary
   FROM inputs i LEFT JOIN input_contents c ON c.hash = i.hash";

fn input(row: &rusqlite::Row<'_>) -> rusqlite::Result<InputRow> {
    let bytes: Option<i64> = row.get(4)?;
    let summary: Option<Vec<u8>> = row.get(5)?;
    Ok(InputRow {
        hash: row.get(0)?,
        path: row.get(1)?,
        format: row.get(2)?,
        imported_at: time(row.get(3)?),
        plain_bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        summary: summary.map(Packed::from_stored),
    })
}

impl Store {
    /// Files behind a place, the newest first; a place is a time of import in microseconds and a
    /// hash. With a format, only those that it read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn input_list(
        &self,
        format: Option<&str>,
        after: Option<(i64, [u8; 32])>,
        limit: usize,
    ) -> Result<Vec<InputRow>, StoreError> {
        let (at, hash) = after.unwrap_or((i64::MAX, [0; 32]));
        let mut select = self.connection.prepare_cached(&format!(
            "{INPUT} WHERE (i.imported_at < ?1 OR (i.imported_at = ?1 AND i.hash > ?2))
               AND (?3 IS NULL OR i.format = ?3)
             ORDER BY i.imported_at DESC, i.hash LIMIT ?4"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![at, hash.as_slice(), format, limit], input)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many files of each format were imported.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn input_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT format, count(*) FROM inputs GROUP BY format ORDER BY 2 DESC, 1",
        )?;
        let rows = select.query_map([], |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, count.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is stored of an asset by itself, beside what findings say of it: its body, by the key
    /// under which inventories keep it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn other_get(&self, key: &[u8; 16]) -> Result<Option<Packed>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT body FROM others WHERE key = ?1")?;
        let row = select.query_row(params![key], |row| Ok(Packed::from_stored(row.get(0)?)));
        Ok(row.optional()?)
    }
}
