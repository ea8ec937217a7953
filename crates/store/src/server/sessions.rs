//! Sessions: what a browser holds is kept as a hash only.

use quell_model::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// Sessions of one person; the oldest end when more begin.
const MOST_OF_ONE: i64 = 50;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The hash of what the browser holds.
    pub hash: [u8; 32],
    /// Whose it is.
    pub user: String,
    /// What a request that changes something has to repeat.
    pub csrf: String,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    // A moment that cannot be read is long ago.
    let moment = |at: usize| Ok::<_, rusqlite::Error>(time(row.get(at)?).unwrap_or(Timestamp::MIN));
    Ok(SessionRow {
        hash: row.get(0)?,
        user: row.get(1)?,
        csrf: row.get(2)?,
        made_at: moment(3)?,
        used_at: moment(4)?,
        ends_at: moment(5)?,
    })
}

impl ServerStore {
    /// Begins a session, and ends one that the same browser had before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_begin(
        &mut self,
        row: &SessionRow,
        before: Option<&[u8; 32]>,
    ) -> Result<(), StoreError> {
        let all = self.connection.transaction()?;
        if let Some(before) = before {
            all.execute("DELETE FROM sessions WHERE hash = ?1", params![before])?;
        }
        all.execute(
            "INSERT INTO sessions (hash, user, csrf, made_at, used_at, ends_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.hash,
                row.user,
                row.csrf,
                micros(row.made_at),
                micros(row.used_at),
                micros(row.ends_at)
            ],
        )?;
        all.execute(
            "DELETE FROM sessions WHERE user = ?1 AND hash NOT IN (SELECT hash FROM sessions \
             WHERE user = ?1 ORDER BY made_at DESC LIMIT ?2)",
            params![row.user, MOST_OF_ONE],
        )?;
        all.execute("DELETE FROM sessions WHERE ends_at <= ?1", params![micros(row.made_at)])?;
        Ok(all.commit()?)
    }

    /// A session by its hash, whether it still counts or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_get(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT hash, user, csrf, made_at, used_at, ends_at FROM sessions WHERE hash = ?1",
        )?;
        Ok(select.query_row(params![hash], session).optional()?)
    }

    /// Notes when a session was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_used(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE sessions SET used_at = ?2 WHERE hash = ?1")?
            .execute(params![hash, micros(now)])?;
        Ok(())
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_end(&mut self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let ended =
            self.connection.execute("DELETE FROM sessions WHERE hash = ?1", params![hash])?;
        Ok(ended > 0)
    }

    /// Ends every session of a person; how many those were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_end_all(&mut self, user: &str) -> Result<usize, StoreError> {
        Ok(self.connection.execute("DELETE FROM sessions WHERE user = ?1", params![user])?)
    }
}
