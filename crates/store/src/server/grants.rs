//! Grants: what may leave for a language model as it stands, by whose word, and until when.

use std::collections::BTreeSet;

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// Longest time of a grant, in days.
pub const MOST_GRANT_DAYS: u32 = 90;
/// Longest reason, in bytes.
const MOST_WHY_BYTES: usize = 1_000;
/// Longest name of a task, in bytes.
const MOST_TASK_BYTES: usize = 64;
/// Most grants of a tenant that hold at once.
const MOST_AT_ONCE: u64 = 100;
/// Grants that ended are listed so long.
const LISTED_MICROS: i64 = 400 * 86_400 * 1_000_000;

/// What may leave as it stands. Secrets, and numbers of people, never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantKind {
    /// Addresses and names of hosts.
    Addresses,
    /// Names, mail addresses and telephone numbers of people.
    Identities,
    /// Lines of logs.
    Logs,
    /// Names and ids of what stands in a cloud, and of accounts.
    Names,
}

impl GrantKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Addresses, Self::Identities, Self::Logs, Self::Names];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Identities => "identities",
            Self::Logs => "logs",
            Self::Names => "names",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A grant that is to be made.
#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    /// What may leave.
    pub what: BTreeSet<GrantKind>,
    /// For which task; none for every one.
    pub task: Option<&'a str>,
    /// By whose word.
    pub by: &'a str,
    /// Why.
    pub why: &'a str,
    /// Until when.
    pub until: Timestamp,
}

/// Why a grant cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// It names nothing.
    #[error("a grant names at least one of addresses, identities, logs, names")]
    Nothing,
    /// It has no reason, or one that is too long.
    #[error("a grant has a reason of 1 to 1,000 bytes")]
    Why,
    /// The task is no name.
    #[error("a task's name has 1 to 64 small letters, digits and `-` or `_`")]
    Task,
    /// It does not end after now, and within 90 days.
    #[error("a grant ends after now and within 90 days")]
    Until,
    /// There are too many.
    #[error("100 grants hold already; take some back first")]
    TooMany,
}

/// A grant as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its number.
    pub id: i64,
    /// For which task; none for every one.
    pub task: Option<String>,
    /// What may leave.
    pub what: BTreeSet<GrantKind>,
    /// By whose word.
    pub made_by: String,
    /// Why.
    pub why: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Timestamp,
    /// When it was taken back.
    pub removed_at: Option<Timestamp>,
    /// By whom.
    pub removed_by: Option<String>,
}

impl GrantRow {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.removed_at.is_none() && self.made_at <= now && now < self.ends_at
    }
}

impl NewGrant<'_> {
    fn fault(&self, now: Timestamp) -> Option<GrantFault> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        let is_task =
            |task: &str| (1..=MOST_TASK_BYTES).contains(&task.len()) && task.bytes().all(letter);
        let most = i64::from(MOST_GRANT_DAYS) * 86_400 * 1_000_000;
        let length = micros(self.until).saturating_sub(micros(now));
        let why = self.why.trim();
        if self.what.is_empty() {
            Some(GrantFault::Nothing)
        } else if !self.task.is_none_or(is_task) {
            Some(GrantFault::Task)
        } else if why.is_empty() || why.len() > MOST_WHY_BYTES {
            Some(GrantFault::Why)
        } else if !(1..=most).contains(&length) {
            Some(GrantFault::Until)
        } else {
            None
        }
    }
}

const COLUMNS: &str = "id, task, what, made_by, why, made_at, ends_at, removed_at, removed_by";

fn grant(row: &Row<'_>) -> rusqlite::Result<GrantRow> {
    // A moment that cannot be read is long ago, so that what it bounds has ended.
    let moment = |at: usize| Ok::<_, rusqlite::Error>(time(row.get(at)?).unwrap_or(Timestamp::MIN));
    let what: String = row.get(2)?;
    let removed: Option<i64> = row.get(7)?;
    Ok(GrantRow {
        id: row.get(0)?,
        task: row.get(1)?,
        what: what.split(' ').filter_map(GrantKind::from_word).collect(),
        made_by: row.get(3)?,
        why: row.get(4)?,
        made_at: moment(5)?,
        ends_at: moment(6)?,
        removed_at: removed.map(|at| time(at).unwrap_or(Timestamp::MIN)),
        removed_by: row.get(8)?,
    })
}

impl ServerStore {
    /// Makes a grant; the fault where it may not be made.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn grant_add(
        &mut self,
        tenant: &TenantId,
        new: &NewGrant<'_>,
        now: Timestamp,
    ) -> Result<Result<GrantRow, GrantFault>, StoreError> {
        if let Some(fault) = new.fault(now) {
            return Ok(Err(fault));
        }
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let holding: i64 = tx.query_row(
            "SELECT count(*) FROM grants WHERE tenant = ?1 AND ends_at > ?2 AND removed_at IS NULL",
            params![tenant.as_str(), micros(now)],
            |row| row.get(0),
        )?;
        if holding.unsigned_abs() >= MOST_AT_ONCE {
            return Ok(Err(GrantFault::TooMany));
        }
        let what: Vec<&str> = new.what.iter().map(|kind| kind.as_str()).collect();
        let sql = format!(
            "INSERT INTO grants (tenant, task, what, made_by, why, made_at, ends_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING {COLUMNS}"
        );
        let values = params![
            tenant.as_str(),
            new.task,
            what.join(" "),
            new.by,
            new.why.trim(),
            micros(now),
            micros(new.until),
        ];
        let made = tx.query_row(&sql, values, grant)?;
        tx.commit()?;
        Ok(Ok(made))
    }

    /// A tenant's grants, the newest first: those that hold, and those that ended within 400 days.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn grant_list(
        &self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<GrantRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM grants WHERE tenant = ?1 AND ends_at > ?2 ORDER BY id DESC"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let since = micros(now).saturating_sub(LISTED_MICROS);
        let rows = select.query_map(params![tenant.as_str(), since], grant)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The grants that hold for a task now: those made for it, and those for every task.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn grants_of(
        &self,
        tenant: &TenantId,
        task: &str,
        now: Timestamp,
    ) -> Result<Vec<GrantRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM grants WHERE tenant = ?1 AND ends_at > ?2 AND made_at <= ?2
               AND removed_at IS NULL AND (task IS NULL OR task = ?3) ORDER BY id"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map(params![tenant.as_str(), micros(now), task], grant)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A grant by its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn grant(&self, tenant: &TenantId, id: i64) -> Result<Option<GrantRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE tenant = ?1 AND id = ?2");
        let mut select = self.connection.prepare_cached(&sql)?;
        Ok(select.query_row(params![tenant.as_str(), id], grant).optional()?)
    }

    /// Takes a grant back; whether it held.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn grant_remove(
        &mut self,
        tenant: &TenantId,
        (id, by): (i64, &str),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE grants SET removed_at = ?3, removed_by = ?4
             WHERE tenant = ?1 AND id = ?2 AND removed_at IS NULL AND ends_at > ?3",
            params![tenant.as_str(), id, micros(now), by],
        )?;
        Ok(changed > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn new(task: Option<&str>, kind: GrantKind, until: i64) -> NewGrant<'_> {
        let what = BTreeSet::from([kind]);
        NewGrant { what, task, by: "ana", why: "the runbook names hosts", until: at(until) }
    }

    #[test]
    fn a_grant_holds_for_its_task_and_tenant_until_it_ends_or_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let (a, b): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let explain = new(Some("explain"), GrantKind::Addresses, 10);
        let explain = store.grant_add(&a, &explain, at(0)).unwrap().unwrap();
        let every = new(None, GrantKind::Logs, 90 * DAY);
        let every = store.grant_add(&a, &every, at(0)).unwrap().unwrap();
        let of = |store: &ServerStore, tenant: &TenantId, task: &str, now: i64| {
            let rows = store.grants_of(tenant, task, at(now)).unwrap();
            assert!(rows.iter().all(|row| row.holds(at(now))));
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(of(&store, &a, "explain", 9), [explain.id, every.id]);
        assert_eq!(of(&store, &a, "fix", 9), [every.id]);
        assert_eq!(of(&store, &a, "explain", 10), [every.id]);
        assert_eq!(of(&store, &a, "explain", -1), [0_i64; 0], "not before it was made");
        assert_eq!(of(&store, &b, "explain", 9), [0_i64; 0]);
        assert!(!store.grant_remove(&b, (every.id, "bo"), at(11)).unwrap());
        assert!(store.grant_remove(&a, (every.id, "bo"), at(11)).unwrap());
        assert!(!store.grant_remove(&a, (every.id, "bo"), at(12)).unwrap());
        assert!(!store.grant_remove(&a, (explain.id, "bo"), at(12)).unwrap(), "it has ended");
        assert_eq!(of(&store, &a, "fix", 12), [0_i64; 0]);
        let listed = store.grant_list(&a, at(12)).unwrap();
        assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [every.id, explain.id]);
        assert_eq!(listed[0].removed_by.as_deref(), Some("bo"));
        assert_eq!(store.grant(&a, every.id).unwrap().as_ref(), Some(&listed[0]));
        assert_eq!(store.grant_list(&a, at(500 * DAY)).unwrap(), []);
    }

    #[test]
    fn a_grant_without_an_end_a_reason_or_a_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ServerStore::open(folder.path()).unwrap();
        let a: TenantId = "a".parse().unwrap();
        let mut fault = |new: &NewGrant<'_>| store.grant_add(&a, new, at(0)).unwrap().err();
        let good = new(None, GrantKind::Names, 90 * DAY);
        for until in [-1, 0, 90 * DAY + 1] {
            assert_eq!(fault(&new(None, GrantKind::Names, until)), Some(GrantFault::Until));
        }
        let nothing = NewGrant { what: BTreeSet::new(), ..good.clone() };
        assert_eq!(fault(&nothing), Some(GrantFault::Nothing));
        assert_eq!(fault(&NewGrant { why: " \n", ..good.clone() }), Some(GrantFault::Why));
        let long = "x".repeat(1_001);
        assert_eq!(fault(&NewGrant { why: &long, ..good.clone() }), Some(GrantFault::Why));
        for task in ["", "a b", "A", &long] {
            assert_eq!(
                fault(&NewGrant { task: Some(task), ..good.clone() }),
                Some(GrantFault::Task)
            );
        }
        for _ in 0..100 {
            assert_eq!(fault(&good), None);
        }
        assert_eq!(fault(&good), Some(GrantFault::TooMany));
        // Nor does the database take one.
        let endless = "INSERT INTO grants (tenant, what, made_by, why, made_at, ends_at)
                       VALUES ('a', 'names', 'ana', 'x', 0, 9223372036854775807)";
        assert!(store.connection.execute(endless, []).is_err());
    }
}
