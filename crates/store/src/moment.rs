//! Several reads that see one moment of the database.

use crate::{Store, StoreError};

/// While it lives, every read of its store sees the same moment, whoever writes meanwhile.
#[derive(Debug)]
pub struct Moment<'s>(
    #[expect(dead_code, reason = "it ends when it is dropped")] rusqlite::Transaction<'s>,
);

impl Store {
    /// Begins to read at one moment. The store must not write meanwhile.
    ///
    /// # Errors
    /// When the database refuses, or such a moment has begun already.
    pub fn moment(&self) -> Result<Moment<'_>, StoreError> {
        Ok(Moment(self.connection.unchecked_transaction()?))
    }
}
