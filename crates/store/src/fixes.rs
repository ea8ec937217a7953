//! The fixes that were proposed last.

use rusqlite::params;

use crate::answer::changed;
use crate::{Packed, Store, StoreError};

impl Store {
    /// Keeps fixes by their ids, in place of those kept before; all or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fix_replace(&mut self, fixes: &[(String, Packed)]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        tx.execute("DELETE FROM fixes", [])?;
        for (id, body) in fixes {
            tx.prepare_cached("INSERT OR REPLACE INTO fixes (id, body) VALUES (?1, ?2)")?
                .execute(params![id, body.as_stored()])?;
        }
        changed(&tx)?;
        tx.commit()?;
        Ok(())
    }

    /// The fixes that are kept, in the order of their ids.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fix_list(&self) -> Result<Vec<Packed>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT body FROM fixes ORDER BY id")?;
        let rows = select.query_map([], |row| Ok(Packed::from_stored(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_fixes_take_the_place_of_earlier_ones() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let fix = |id: &str| (id.to_owned(), Packed::of(id.as_bytes()));
        store.fix_replace(&[fix("b"), fix("a")]).unwrap();
        let bodies = |store: &Store| -> Vec<Vec<u8>> {
            store.fix_list().unwrap().iter().map(|body| body.unpack().unwrap()).collect()
        };
        assert_eq!(bodies(&store), [b"a", b"b"]);
        store.fix_replace(&[fix("c")]).unwrap();
        assert_eq!(bodies(&store), [b"c"]);
    }
}
