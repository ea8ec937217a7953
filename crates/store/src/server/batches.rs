//! Batches that were handed to a provider, so that whoever comes after a crash collects them.
//!
//! A batch is written down before it is handed in. One that has no id of its provider after a
//! crash may have arrived or not, so what is reserved for it counts as spent when it is ended.

use quell_model::{TenantId, Timestamp};
use rusqlite::{Transaction, TransactionBehavior, params};

use super::spend::{SpendId, lose};
use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// So long providers keep the answers of a batch; then it is ended.
const KEPT_MICROS: i64 = 30 * 86_400 * 1_000_000;

/// A batch that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(i64);

/// A batch that is to be handed in.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// The provider's name in the configuration.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// The task.
    pub task: &'a str,
    /// What is asked.
    pub items: &'a [BatchItem],
}

/// One call of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Its name, as the provider is told.
    pub name: String,
    /// What is reserved for it.
    pub spend: SpendId,
    /// What it is for, and what its answer is read with, in the words of who made it.
    pub what: Vec<u8>,
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// Its id.
    pub id: BatchId,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The task.
    pub task: String,
    /// The provider's id; none where nobody was told one.
    pub given: Option<String>,
    /// When it was written down.
    pub made_at: Timestamp,
    /// What is asked, by name.
    pub items: Vec<BatchItem>,
}

impl ServerStore {
    /// Writes a batch down, before it is handed in. From here on what is reserved for its items
    /// waits for it. `None` where a reservation is none of this tenant that is waited for, or two
    /// items have one name; then nothing is written.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn batch_add(
        &mut self,
        tenant: &TenantId,
        new: &NewBatch<'_>,
        now: Timestamp,
    ) -> Result<Option<BatchId>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "INSERT INTO batches (tenant, provider, model, task, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![tenant.as_str(), new.provider, new.model, new.task, micros(now)],
        )?;
        let id = tx.last_insert_rowid();
        for item in new.items {
            let held = tx
                .prepare_cached(
                    "UPDATE spend SET batch = ?3
                     WHERE id = ?1 AND tenant = ?2 AND lost_at IS NULL AND batch IS NULL",
                )?
                .execute(params![item.spend.0, tenant.as_str(), id])?;
            let added = tx
                .prepare_cached(
                    "INSERT OR IGNORE INTO batch_items (batch, name, spend, what)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id, item.name, item.spend.0, item.what])?;
            if held == 0 || added == 0 {
                return Ok(None);
            }
        }
        tx.commit()?;
        Ok(Some(BatchId(id)))
    }

    /// Notes the provider's id of a batch that was handed in. Whether it is waited for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn batch_given(&mut self, id: BatchId, given: &str) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .execute("UPDATE batches SET given = ?2 WHERE id = ?1", params![id.0, given])?;
        Ok(changed > 0)
    }

    /// A tenant's batches that are not at their end, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn batches_open(&self, tenant: &TenantId) -> Result<Vec<BatchRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, provider, model, task, given, made_at FROM batches
             WHERE tenant = ?1 ORDER BY id",
        )?;
        let rows = select.query_map([tenant.as_str()], |row| {
            Ok(BatchRow {
                id: BatchId(row.get(0)?),
                provider: row.get(1)?,
                model: row.get(2)?,
                task: row.get(3)?,
                given: row.get(4)?,
                made_at: time(row.get(5)?).unwrap_or(Timestamp::MIN),
                items: Vec::new(),
            })
        })?;
        let mut all: Vec<BatchRow> = rows.collect::<Result<_, _>>()?;
        for batch in &mut all {
            let mut select = self.connection.prepare_cached(
                "SELECT name, spend, what FROM batch_items WHERE batch = ?1 ORDER BY name",
            )?;
            let items = select.query_map([batch.id.0], |row| {
                let (name, spend, what) = (row.get(0)?, SpendId(row.get(1)?), row.get(2)?);
                Ok(BatchItem { name, spend, what })
            })?;
            batch.items = items.collect::<Result<_, _>>()?;
        }
        Ok(all)
    }

    /// Ends a batch. What is reserved for items of it that were neither settled nor released counts
    /// as spent in full; tells how many these are. `None` where it had ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn batch_end(&mut self, id: BatchId, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let lost = end(&tx, id.0, now)?;
        tx.commit()?;
        Ok(lost)
    }

    /// Ends batches whose answers no provider keeps any more. How many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn batch_sweep(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let before = micros(now).saturating_sub(KEPT_MICROS);
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let old: Vec<i64> = {
            let mut select =
                tx.prepare_cached("SELECT id FROM batches WHERE made_at <= ?1 ORDER BY id")?;
            select.query_map([before], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        let mut ended = 0;
        for id in old {
            ended += u64::from(end(&tx, id, now)?.is_some());
        }
        tx.commit()?;
        Ok(ended)
    }
}

fn end(tx: &Transaction<'_>, id: i64, now: Timestamp) -> Result<Option<u64>, StoreError> {
    tx.execute("DELETE FROM batch_items WHERE batch = ?1", [id])?;
    if tx.execute("DELETE FROM batches WHERE id = ?1", [id])? == 0 {
        return Ok(None);
    }
    let open: Vec<i64> = {
        let mut select = tx.prepare_cached("SELECT id FROM spend WHERE batch = ?1 ORDER BY id")?;
        select.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    let mut lost = 0;
    for one in open {
        lost += u64::from(lose(tx, SpendId(one), now)?);
    }
    Ok(Some(lost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reserved, SpendAsk, SpendLimits, SpendMost, SpendUsed};

    const MOST: SpendMost = SpendMost { tokens: 1_000, money: 1_000 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn reserve(store: &mut ServerStore, tenant: &TenantId) -> SpendId {
        let (task, provider, model) = ("explain", "claude", "m");
        let (tokens, money, user, incident) = (100, Some(10), None, None);
        let ask = SpendAsk { tenant, user, incident, task, provider, model, tokens, money };
        let limits = SpendLimits { tenant_day: MOST, user_day: MOST, incident: MOST };
        match store.spend_reserve(&ask, &limits, at(0)).unwrap() {
            Reserved::Yes(id) => id,
            Reserved::No(over) => panic!("{over:?}"),
            Reserved::NoPrice => panic!("no price"),
        }
    }

    fn item(name: &str, spend: SpendId) -> BatchItem {
        BatchItem { name: name.to_owned(), spend, what: name.as_bytes().to_vec() }
    }

    fn add(store: &mut ServerStore, tenant: &TenantId, items: &[BatchItem]) -> Option<BatchId> {
        let new = NewBatch { provider: "claude", model: "m", task: "explain", items };
        store.batch_add(tenant, &new, at(1)).unwrap()
    }

    #[test]
    fn a_batch_is_found_after_a_crash_and_what_nobody_settled_counts_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let a: TenantId = "a".parse().unwrap();
        let items: Vec<BatchItem> =
            ["x", "y", "z"].map(|name| item(name, reserve(&mut store, &a))).into();
        let id = add(&mut store, &a, &items).unwrap();
        assert!(store.batch_given(id, "msgbatch_1").unwrap());
        drop(store);
        let mut store = ServerStore::open(folder.path()).unwrap();
        let [batch] = store.batches_open(&a).unwrap().try_into().unwrap();
        assert_eq!(
            (batch.id, batch.given.as_deref(), &batch.items),
            (id, Some("msgbatch_1"), &items)
        );
        // It may take a day, and nothing is given up meanwhile.
        assert_eq!(store.spend_sweep(at(86_400)).unwrap().lost, 0);
        let used = SpendUsed { input: 5, output: 5, money: Some(1), ..SpendUsed::default() };
        assert!(store.spend_settle(items[0].spend, &used).unwrap());
        assert!(store.spend_release(items[1].spend).unwrap());
        assert_eq!(store.batch_end(id, at(86_400)).unwrap(), Some(1));
        assert_eq!(store.batch_end(id, at(86_400)).unwrap(), None);
        assert!(!store.batch_given(id, "again").unwrap());
        let today = store.spend_today(&a, None, at(0)).unwrap();
        assert_eq!((today.tenant, today.open), (SpendMost { tokens: 110, money: 11 }, 0));
        assert_eq!(store.batches_open(&a).unwrap(), []);
    }

    #[test]
    fn a_batch_of_what_is_not_reserved_is_refused_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let (a, b): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let [one, two] = [(); 2].map(|()| reserve(&mut store, &a));
        let others = reserve(&mut store, &b);
        assert_eq!(add(&mut store, &a, &[item("x", one), item("y", others)]), None);
        assert_eq!(add(&mut store, &a, &[item("x", one), item("x", two)]), None);
        assert_eq!(add(&mut store, &a, &[item("x", one), item("y", one)]), None);
        assert!(store.spend_release(two).unwrap());
        assert_eq!(add(&mut store, &a, &[item("x", one), item("y", two)]), None);
        assert_eq!(store.batches_open(&a).unwrap(), []);
        assert_eq!(store.spend_sweep(at(7_200)).unwrap().lost, 2, "none of them waits for a batch");
    }

    #[test]
    fn a_batch_that_nobody_collected_ends_when_its_answers_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let a: TenantId = "a".parse().unwrap();
        let one = reserve(&mut store, &a);
        add(&mut store, &a, &[item("x", one)]).unwrap();
        assert_eq!(store.batch_sweep(at(30 * 86_400)).unwrap(), 0);
        assert_eq!(store.batch_sweep(at(30 * 86_400 + 1)).unwrap(), 1);
        assert_eq!(store.spend_today(&a, None, at(0)).unwrap().tenant.tokens, 100);
    }
}
