//! What is given up, and what is forgotten.

use quell_model::Timestamp;
use rusqlite::{TransactionBehavior, params};

use super::{SpendId, day_of, lose};
use crate::state::micros;
use crate::{ServerStore, StoreError};

/// After so long nobody waits for a call any more: two answers of the longest wait that can be
/// configured, and as much again.
const LOST_MICROS: i64 = 2 * 3_600 * 1_000_000;
/// So long the end of a call that was given up can still be told.
const LATE_MICROS: i64 = 7 * 86_400 * 1_000_000;
/// So many days are kept for people.
const DAYS: i64 = 400;

/// What a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendSwept {
    /// Calls whose end nobody told: they count as spent in full from now on.
    pub lost: u64,
    /// Rows of old days that are gone.
    pub forgotten: u64,
}

impl ServerStore {
    /// Gives calls up that were reserved two hours ago and have no end: they count as spent in
    /// full. Forgets days of more than a year ago. What an incident cost is never forgotten.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_sweep(&mut self, now: Timestamp) -> Result<SpendSwept, StoreError> {
        let before = |age: i64| micros(now).saturating_sub(age);
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut swept = SpendSwept::default();
        let ids: Vec<i64> = {
            let mut old = tx.prepare_cached(
                "SELECT id FROM spend
                 WHERE reserved_at <= ?1 AND lost_at IS NULL AND batch IS NULL ORDER BY id",
            )?;
            old.query_map([before(LOST_MICROS)], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        for id in ids {
            swept.lost += u64::from(lose(&tx, SpendId(id), now)?);
        }
        tx.execute("DELETE FROM spend WHERE lost_at <= ?1", params![before(LATE_MICROS)])?;
        let day = day_of(now).saturating_sub(DAYS);
        tx.execute("DELETE FROM spend_sums WHERE day > 0 AND day < ?1", [day])?;
        let forgotten = tx.execute("DELETE FROM spend_days WHERE day < ?1", [day])?;
        swept.forgotten = u64::try_from(forgotten).unwrap_or(u64::MAX);
        tx.commit()?;
        Ok(swept)
    }
}
