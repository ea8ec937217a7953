//! Answers of language models, by the hash of what was asked: still with placeholders in them.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::state::micros;
use crate::{ServerStore, StoreError};

/// Longest answer that is kept.
const MOST_BYTES: usize = 1 << 20;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// An answer that is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewAnswer<'a> {
    /// The hash of all that was asked: provider, model, task, version and every byte that left.
    pub hash: &'a [u8; 32],
    /// The task.
    pub task: &'a str,
    /// The version of the task.
    pub version: &'a str,
    /// The model, as it called itself.
    pub model: &'a str,
    /// The answer as it came.
    pub answer: &'a [u8],
}

/// How much is kept of a tenant, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerCap {
    /// Days; 0 keeps none.
    pub days: u32,
    /// Bytes of all answers; the oldest go first.
    pub bytes: u64,
}

impl ServerStore {
    /// The answer that was given to the same before, unless it is too old.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn answer_get(
        &self,
        tenant: &TenantId,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT answer FROM answers WHERE tenant = ?1 AND hash = ?2 AND ends_at > ?3",
        )?;
        let found = select.query_row(params![tenant.as_str(), hash, micros(now)], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Keeps an answer in the place of one to the same, and lets the oldest go where there are too
    /// many bytes. Whether it is kept: an answer that is too long is not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn answer_put(
        &mut self,
        tenant: &TenantId,
        new: &NewAnswer<'_>,
        cap: AnswerCap,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let bytes = i64::try_from(new.answer.len()).unwrap_or(i64::MAX);
        let most = i64::try_from(cap.bytes).unwrap_or(i64::MAX);
        if cap.days == 0 || new.answer.len() > MOST_BYTES || bytes > most {
            return Ok(false);
        }
        let ends = micros(now).saturating_add(i64::from(cap.days).saturating_mul(DAY_MICROS));
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.prepare_cached("DELETE FROM answers WHERE tenant = ?1 AND hash = ?2 RETURNING bytes")?
            .query_row(params![tenant.as_str(), new.hash], |row| row.get(0))
            .optional()?
            .map_or(Ok(()), |gone: i64| add_bytes(&tx, tenant.as_str(), -gone))?;
        tx.prepare_cached(
            "INSERT INTO answers (tenant, hash, task, version, model, made_at, ends_at, bytes, answer)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            tenant.as_str(),
            new.hash,
            new.task,
            new.version,
            new.model,
            micros(now),
            ends,
            bytes,
            new.answer,
        ])?;
        add_bytes(&tx, tenant.as_str(), bytes)?;
        make_room(&tx, tenant.as_str(), most)?;
        tx.commit()?;
        Ok(true)
    }

    /// Forgets answers that are older than is kept now, or too many. How many went.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn answer_sweep(&mut self, cap: AnswerCap, now: Timestamp) -> Result<u64, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let most = i64::try_from(cap.bytes).unwrap_or(i64::MAX);
        let oldest = micros(now).saturating_sub(i64::from(cap.days).saturating_mul(DAY_MICROS));
        let tenants: Vec<String> = {
            let mut all = tx.prepare_cached("SELECT tenant FROM answer_sums ORDER BY tenant")?;
            all.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        let mut gone = 0;
        for tenant in tenants {
            let mut old = tx.prepare_cached(
                "DELETE FROM answers WHERE tenant = ?1 AND (made_at <= ?2 OR ends_at <= ?3)
                 RETURNING bytes",
            )?;
            let bytes = old
                .query_map(params![tenant, oldest, micros(now)], |row| row.get::<_, i64>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            add_bytes(&tx, &tenant, -bytes.iter().sum::<i64>())?;
            gone += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            gone += make_room(&tx, &tenant, most)?;
        }
        tx.commit()?;
        Ok(gone)
    }
}

fn add_bytes(tx: &Transaction<'_>, tenant: &str, more: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO answer_sums (tenant, bytes) VALUES (?1, max(0, ?2))
         ON CONFLICT (tenant) DO UPDATE SET bytes = max(0, bytes + ?2)",
    )?
    .execute(params![tenant, more])?;
    Ok(())
}

/// Lets the oldest go until the rest fits.
fn make_room(tx: &Transaction<'_>, tenant: &str, most: i64) -> Result<u64, StoreError> {
    let mut has: i64 = tx
        .prepare_cached("SELECT bytes FROM answer_sums WHERE tenant = ?1")?
        .query_row([tenant], |row| row.get(0))?;
    let mut gone = 0;
    while has > most {
        let oldest = tx
            .prepare_cached(
                "DELETE FROM answers WHERE id =
                   (SELECT id FROM answers WHERE tenant = ?1 ORDER BY made_at, id LIMIT 1)
                 RETURNING bytes",
            )?
            .query_row([tenant], |row| row.get::<_, i64>(0))
            .optional()?;
        let Some(bytes) = oldest else { break };
        add_bytes(tx, tenant, -bytes)?;
        has -= bytes;
        gone += 1;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: AnswerCap = AnswerCap { days: 2, bytes: 100 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn put(store: &mut ServerStore, of: &str, (hash, bytes): (u8, usize), now: i64) -> bool {
        let answer = vec![hash; bytes];
        let (task, version, model) = ("explain", "1", "m");
        let new = NewAnswer { hash: &[hash; 32], task, version, model, answer: &answer };
        store.answer_put(&of.parse().unwrap(), &new, CAP, at(now)).unwrap()
    }

    fn length(store: &ServerStore, of: &str, hash: u8, now: i64) -> Option<usize> {
        let found = store.answer_get(&of.parse().unwrap(), &[hash; 32], at(now)).unwrap();
        found.map(|answer| answer.len())
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        assert!(put(&mut store, "a", (1, 60), 0) && put(&mut store, "b", (1, 90), 0));
        assert!(put(&mut store, "a", (2, 40), 1));
        assert_eq!([1, 2].map(|hash| length(&store, "a", hash, 2)), [Some(60), Some(40)]);
        // In the place of the one before.
        assert!(put(&mut store, "a", (1, 50), 2));
        assert!(put(&mut store, "a", (3, 20), 3));
        assert_eq!([1, 2, 3].map(|hash| length(&store, "a", hash, 3)), [Some(50), None, Some(20)]);
        assert_eq!(length(&store, "b", 1, 3), Some(90), "another's stay");
        assert!(!put(&mut store, "a", (4, 101), 4));
        assert_eq!(length(&store, "a", 1, 4), Some(50));
        let small = AnswerCap { bytes: 20, ..CAP };
        assert_eq!(store.answer_sweep(small, at(5)).unwrap(), 2);
        assert_eq!([1, 3].map(|hash| length(&store, "a", hash, 5)), [None, Some(20)]);
        let counted =
            "SELECT (SELECT total(bytes) FROM answers), (SELECT total(bytes) FROM answer_sums)";
        let sums: (f64, f64) =
            store.connection.query_row(counted, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(sums, (20.0, 20.0));
    }

    #[test]
    fn an_answer_ends_with_its_days_and_sooner_where_fewer_are_configured() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        assert!(put(&mut store, "a", (1, 10), 0) && put(&mut store, "a", (2, 10), 86_400));
        assert_eq!(length(&store, "a", 1, 2 * 86_400 - 1), Some(10));
        assert_eq!(length(&store, "a", 1, 2 * 86_400), None);
        assert_eq!(store.answer_sweep(CAP, at(2 * 86_400)).unwrap(), 1);
        let fewer = AnswerCap { days: 1, ..CAP };
        assert_eq!(store.answer_sweep(fewer, at(2 * 86_400)).unwrap(), 1);
        assert!(put(&mut store, "a", (3, 10), 0));
        let none = AnswerCap { days: 0, ..CAP };
        assert_eq!(store.answer_sweep(none, at(1)).unwrap(), 1);
    }

    #[test]
    fn nothing_is_kept_where_nothing_shall_be() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let tenant = TenantId::default();
        let new = NewAnswer { hash: &[1; 32], task: "t", version: "1", model: "m", answer: b"x" };
        let none = AnswerCap { days: 0, ..CAP };
        assert!(!store.answer_put(&tenant, &new, none, at(0)).unwrap());
        let long = vec![b'x'; MOST_BYTES + 1];
        let new = NewAnswer { answer: &long, ..new };
        let wide = AnswerCap { days: 2, bytes: u64::MAX };
        assert!(!store.answer_put(&tenant, &new, wide, at(0)).unwrap());
        let new = NewAnswer { answer: &long[1..], ..new };
        assert!(store.answer_put(&tenant, &new, wide, at(0)).unwrap());
    }
}
