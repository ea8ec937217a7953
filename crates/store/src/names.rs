//! Short numbers for texts that many rows share.

use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension, params};

use crate::StoreError;

/// The numbers already looked up in this transaction.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, i64>);

impl Names {
    /// The number of a text, given out where it is new.
    pub(crate) fn id(&mut self, connection: &Connection, name: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.0.get(name) {
            return Ok(*id);
        }
        let known = connection
            .prepare_cached("SELECT id FROM names WHERE name = ?1")?
            .query_row(params![name], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => connection
                .prepare_cached("INSERT INTO names (name) VALUES (?1)")?
                .insert(params![name])?,
        };
        self.0.insert(name.to_owned(), id);
        Ok(id)
    }
}
