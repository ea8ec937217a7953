//! Which row a key has. Keys are random: one by one they would touch a page each, so new ones
//! are kept in memory and written sorted, many at a time.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use crate::StoreError;

/// New keys that are kept before they are written.
const MOST_NEW: usize = 250_000;
/// Look-ups in the table before it is read whole: a small file is not worth that. At least so many,
/// and one for so many rows.
const FEW: i64 = 2_000;
const ROWS_A_LOOK_UP: i64 = 64;
/// Rows of a table that is never read whole.
const MANY: i64 = 8_000_000;

type Key = [u8; 16];

/// One table of keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    find: &'static str,
    insert: &'static str,
    count: &'static str,
    all: &'static str,
}

pub(crate) const FINDINGS: Table = Table {
    find: "SELECT id FROM finding_keys WHERE key = ?1",
    insert: "INSERT INTO finding_keys (key, id) VALUES (?1, ?2)",
    count: "SELECT coalesce(max(id), 0) FROM findings",
    all: "SELECT key FROM finding_keys",
};

pub(crate) const ISSUES: Table = Table {
    find: "SELECT id FROM issue_keys WHERE key = ?1",
    insert: "INSERT INTO issue_keys (key, id) VALUES (?1, ?2)",
    count: "SELECT coalesce(max(id), 0) FROM issues",
    all: "SELECT key FROM issue_keys",
};

/// The keys of one table while a file is imported.
#[derive(Debug)]
pub(crate) struct Keys {
    table: Table,
    new: HashMap<Key, i64>,
    /// The first bytes of every key in the table, once they were read: most look-ups are for
    /// keys that are not there.
    stored: Option<HashSet<u64>>,
    looked_up: i64,
    last_id: i64,
}

impl Keys {
    pub(crate) fn open(connection: &Connection, table: Table) -> Result<Self, StoreError> {
        let last_id: i64 = connection.query_row(table.count, [], |row| row.get(0))?;
        let stored = (last_id == 0).then(HashSet::new);
        Ok(Self { table, new: HashMap::new(), stored, looked_up: 0, last_id })
    }

    /// The row number that the next new key gets.
    pub(crate) const fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn find(
        &mut self,
        connection: &Connection,
        key: &Key,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(id) = self.new.get(key) {
            return Ok(Some(*id));
        }
        if self.stored.is_none() {
            self.looked_up += 1;
            if self.looked_up >= FEW.max(self.last_id / ROWS_A_LOOK_UP) && self.last_id <= MANY {
                self.stored = Some(read(connection, self.table.all)?);
            }
        }
        if self.stored.as_ref().is_some_and(|stored| !stored.contains(&first(key))) {
            return Ok(None);
        }
        let mut select = connection.prepare_cached(self.table.find)?;
        Ok(select.query_row(params![key], |row| row.get(0)).optional()?)
    }

    /// Notes a new key.
    pub(crate) fn insert(
        &mut self,
        connection: &Connection,
        key: Key,
        id: i64,
    ) -> Result<(), StoreError> {
        self.new.insert(key, id);
        if self.new.len() >= MOST_NEW { self.flush(connection) } else { Ok(()) }
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut sorted: Vec<(Key, i64)> = self.new.drain().collect();
        sorted.sort_unstable();
        let mut insert = connection.prepare_cached(self.table.insert)?;
        for (key, id) in sorted {
            insert.execute(params![key, id])?;
            if let Some(stored) = &mut self.stored {
                stored.insert(first(&key));
            }
        }
        Ok(())
    }
}

fn read(connection: &Connection, sql: &str) -> Result<HashSet<u64>, StoreError> {
    let mut select = connection.prepare(sql)?;
    let rows = select.query_map([], |row| Ok(first(&row.get::<_, Key>(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn first(key: &Key) -> u64 {
    key.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
