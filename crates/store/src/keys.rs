//! Which row a key has. Keys are random: one by one they would touch a page each, so new ones
//! are kept in memory and written sorted, many at a time.

use hashbrown::HashTable;
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use crate::StoreError;

/// New keys that are kept before they are written.
const MOST_NEW: usize = 250_000;
/// Keys that one statement writes.
const ROWS_A_STATEMENT: usize = 32;
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
    /// What stands before the values. A key that is there ends the transaction, so the rows before
    /// it need not be taken back one by one.
    insert: &'static str,
    count: &'static str,
    all: &'static str,
}

pub(crate) const FINDINGS: Table = Table {
    find: "SELECT id FROM finding_keys WHERE key = ?1",
    insert: "INSERT OR FAIL INTO finding_keys (key, id) VALUES",
    count: "SELECT coalesce(max(id), 0) FROM findings",
    all: "SELECT key FROM finding_keys",
};

pub(crate) const ISSUES: Table = Table {
    find: "SELECT id FROM issue_keys WHERE key = ?1",
    insert: "INSERT OR FAIL INTO issue_keys (key, id) VALUES",
    count: "SELECT coalesce(max(id), 0) FROM issues",
    all: "SELECT key FROM issue_keys",
};

/// The keys of one table while a file is imported.
#[derive(Debug)]
pub(crate) struct Keys {
    table: Table,
    new: New,
    /// Which keys may be in the table, once all of them were read: most look-ups are for keys that
    /// are not there.
    stored: Option<Filter>,
    looked_up: i64,
    last_id: i64,
}

impl Keys {
    pub(crate) fn open(connection: &Connection, table: Table) -> Result<Self, StoreError> {
        let last_id: i64 = connection.query_row(table.count, [], |row| row.get(0))?;
        let stored = (last_id == 0).then(Filter::new);
        Ok(Self { table, new: New::default(), stored, looked_up: 0, last_id })
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
        if let Some(id) = self.new.find(key) {
            return Ok(Some(id));
        }
        if self.stored.is_none() {
            self.looked_up += 1;
            if self.looked_up >= FEW.max(self.last_id / ROWS_A_LOOK_UP) && self.last_id <= MANY {
                self.stored = Some(read(connection, self.table.all)?);
            }
        }
        if self.stored.as_ref().is_some_and(|stored| !stored.may_hold(key)) {
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
        if self.new.rows.len() >= MOST_NEW { self.flush(connection) } else { Ok(()) }
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let rows = self.new.sorted();
        let (many, rest) = rows.as_chunks::<ROWS_A_STATEMENT>();
        write(
            connection,
            (self.table, ROWS_A_STATEMENT),
            many.iter().map(<[_; ROWS_A_STATEMENT]>::as_slice),
        )?;
        write(connection, (self.table, 1), rest.chunks(1))?;
        if let Some(stored) = &mut self.stored {
            rows.iter().for_each(|(key, _)| stored.insert(key));
        }
        self.new.clear();
        Ok(())
    }
}

/// Writes rows, so many with a statement: starting one takes longer than writing a row.
fn write<'r>(
    connection: &Connection,
    (table, rows): (Table, usize),
    chunks: impl Iterator<Item = &'r [(Key, i64)]>,
) -> Result<(), StoreError> {
    let mut chunks = chunks.peekable();
    if chunks.peek().is_none() {
        return Ok(());
    }
    let values = vec!["(?, ?)"; rows].join(", ");
    let mut insert = connection.prepare_cached(&format!("{} {values}", table.insert))?;
    for chunk in chunks {
        let columns = chunk.iter().flat_map(|(key, id)| -> [&dyn ToSql; 2] { [key, id] });
        insert.execute(params_from_iter(columns))?;
    }
    Ok(())
}

/// Keys that are not in the table yet.
#[derive(Debug, Default)]
struct New {
    rows: Vec<(Key, i64)>,
    /// Where each key stands, by its first bytes: keys are hashes themselves.
    places: HashTable<u32>,
}

impl New {
    fn find(&self, key: &Key) -> Option<i64> {
        let row = |at: &u32| self.rows.get(usize::try_from(*at).ok()?);
        let at = self.places.find(first(key), |at| row(at).is_some_and(|(known, _)| known == key));
        row(at?).map(|(_, id)| *id)
    }

    fn insert(&mut self, key: Key, id: i64) {
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push((key, id));
        let rows = &self.rows;
        let hash = |at: &u32| {
            let row = usize::try_from(*at).ok().and_then(|at| rows.get(at));
            row.map_or(0, |(key, _)| first(key))
        };
        self.places.insert_unique(first(&key), at, hash);
    }

    /// All of them, in the order of the table. They are not found any more.
    fn sorted(&mut self) -> &[(Key, i64)] {
        self.places.clear();
        self.rows.sort_unstable();
        &self.rows
    }

    fn clear(&mut self) {
        self.places.clear();
        self.rows.clear();
    }
}

/// Bits of the filter: a million keys leave two in ten thousand unknown ones that look known.
const FILTER_BITS: u32 = 1 << 25;

/// A Bloom filter. Each key is random, so its own bytes choose its four bits.
#[derive(Debug)]
struct Filter(Vec<u64>);

impl Filter {
    fn new() -> Self {
        Self(vec![0; usize::try_from(FILTER_BITS / u64::BITS).unwrap_or_default()])
    }

    /// The words and bits of a key.
    fn places(key: &Key) -> impl Iterator<Item = (usize, u64)> {
        key.as_chunks::<4>().0.iter().map(|bytes| {
            let at = u32::from_le_bytes(*bytes) % FILTER_BITS;
            (usize::try_from(at / u64::BITS).unwrap_or_default(), 1 << (at % u64::BITS))
        })
    }

    fn insert(&mut self, key: &Key) {
        for (at, bit) in Self::places(key) {
            if let Some(word) = self.0.get_mut(at) {
                *word |= bit;
            }
        }
    }

    fn may_hold(&self, key: &Key) -> bool {
        Self::places(key).all(|(at, bit)| self.0.get(at).is_some_and(|word| word & bit != 0))
    }
}

fn read(connection: &Connection, sql: &str) -> Result<Filter, StoreError> {
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([])?;
    let mut filter = Filter::new();
    while let Some(row) = rows.next()? {
        filter.insert(&row.get(0)?);
    }
    Ok(filter)
}

fn first(key: &Key) -> u64 {
    key.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Key {
        *blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().unwrap()
    }

    #[test]
    fn a_filter_knows_what_was_put_in_and_little_else() {
        let mut filter = Filter::new();
        (0..100_000).for_each(|number| filter.insert(&key(number)));
        assert!((0..100_000).all(|number| filter.may_hold(&key(number))));
        let wrong = (100_000..200_000).filter(|number| filter.may_hold(&key(*number))).count();
        assert!(wrong < 100, "{wrong}");
    }

    #[test]
    fn a_new_key_is_found_until_it_is_in_the_table_and_then_there() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::open::migrate(&mut connection, crate::open::MIGRATIONS).unwrap();
        let mut keys = Keys::open(&connection, FINDINGS).unwrap();
        for number in 0..1_000 {
            assert_eq!(keys.find(&connection, &key(number)).unwrap(), None);
            let id = keys.next_id();
            keys.insert(&connection, key(number), id).unwrap();
            assert_eq!(keys.find(&connection, &key(number)).unwrap(), Some(id));
            if number % 100 == 50 {
                keys.flush(&connection).unwrap();
            }
        }
        let all = |keys: &mut Keys| {
            (0..1_000)
                .all(|n| keys.find(&connection, &key(n)).unwrap() == i64::try_from(n + 1).ok())
        };
        assert!(all(&mut keys));
        keys.flush(&connection).unwrap();
        assert!(all(&mut keys));
        assert_eq!(keys.find(&connection, &key(5_000)).unwrap(), None);
    }
}
