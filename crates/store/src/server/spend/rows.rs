//! The rows behind the ledger. Sums are read, changed and written in one transaction of the
//! caller.

use quell_model::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{MOST, SpendAsk, SpendId, SpendMost, SpendUsed, Sum};
use crate::StoreError;
use crate::state::micros;

/// A number as it is kept.
fn kept(number: u64) -> i64 {
    i64::try_from(number.min(MOST)).unwrap_or(i64::MAX)
}

/// A kept number; what is below nothing is nothing.
pub(super) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

/// A call whose end is not known.
pub(super) struct Open {
    pub(super) tenant: String,
    pub(super) day: i64,
    pub(super) user: String,
    pub(super) incident: String,
    pub(super) task: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) most: SpendMost,
    pub(super) lost: bool,
}

impl Open {
    pub(super) fn counted(&self) -> Counted<'_> {
        Counted {
            tenant: &self.tenant,
            day: self.day,
            task: &self.task,
            provider: &self.provider,
            model: &self.model,
            user: &self.user,
            incident: &self.incident,
        }
    }

    /// What it counts with, once it is known what it took.
    pub(super) fn spent(&self, used: &SpendUsed) -> SpendMost {
        let tokens = used.input.saturating_add(used.output).min(MOST);
        SpendMost { tokens, money: used.money.unwrap_or(self.most.money).min(MOST) }
    }

    /// What it is counted as where nobody tells its end.
    pub(super) fn lost_counts(&self) -> Counts {
        let SpendMost { tokens, money } = self.most;
        let [lost, money] = [kept(tokens), kept(money)];
        Counts { calls: 1, lost, money, unended: 1, ..Counts::default() }
    }

    pub(super) fn used_counts(&self, used: &SpendUsed) -> Counts {
        let spent = self.spent(used);
        let over = spent.tokens > self.most.tokens || spent.money > self.most.money;
        Counts {
            calls: 1,
            input: kept(used.input),
            cached: kept(used.cached.min(used.input)),
            output: kept(used.output),
            money: kept(spent.money),
            over: i64::from(over),
            ..Counts::default()
        }
    }
}

/// What calls are counted by.
pub(super) struct Counted<'a> {
    tenant: &'a str,
    day: i64,
    task: &'a str,
    provider: &'a str,
    model: &'a str,
    user: &'a str,
    incident: &'a str,
}

pub(super) fn counted<'a>(ask: &SpendAsk<'a>, day: i64) -> Counted<'a> {
    Counted {
        tenant: ask.tenant.as_str(),
        day,
        task: ask.task,
        provider: ask.provider,
        model: ask.model,
        user: ask.user.unwrap_or_default(),
        incident: ask.incident.unwrap_or_default(),
    }
}

/// What is added to a row of counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) calls: i64,
    pub(super) input: i64,
    pub(super) cached: i64,
    pub(super) output: i64,
    pub(super) lost: i64,
    pub(super) money: i64,
    pub(super) unended: i64,
    pub(super) over: i64,
    pub(super) kept: i64,
    pub(super) refused: i64,
}

impl Counts {
    pub(super) const fn taken_back(self) -> Self {
        Self {
            calls: -self.calls,
            input: -self.input,
            cached: -self.cached,
            output: -self.output,
            lost: -self.lost,
            money: -self.money,
            unended: -self.unended,
            over: -self.over,
            kept: -self.kept,
            refused: -self.refused,
        }
    }
}

/// Adds to a row of counts. Each number stays between nothing and the most that is kept.
pub(super) fn add_counts(
    tx: &Transaction<'_>,
    by: &Counted<'_>,
    more: &Counts,
) -> Result<(), StoreError> {
    let names = params![by.tenant, by.day, by.task, by.provider, by.model, by.user, by.incident];
    tx.prepare_cached(
        "INSERT OR IGNORE INTO spend_days (tenant, day, task, provider, model, user, incident)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(names)?;
    let all = params![
        by.tenant,
        by.day,
        by.task,
        by.provider,
        by.model,
        by.user,
        by.incident,
        more.calls,
        more.input,
        more.cached,
        more.output,
        more.lost,
        more.money,
        more.unended,
        more.over,
        more.kept,
        more.refused,
        kept(MOST),
    ];
    tx.prepare_cached(
        "UPDATE spend_days SET calls = max(0, calls + ?8),
           input = max(0, min(?18, input + ?9)), cached = max(0, min(?18, cached + ?10)),
           output = max(0, min(?18, output + ?11)), lost = max(0, min(?18, lost + ?12)),
           money = max(0, min(?18, money + ?13)), unended = max(0, unended + ?14),
           over = max(0, over + ?15), kept = max(0, kept + ?16), refused = max(0, refused + ?17)
         WHERE tenant = ?1 AND day = ?2 AND task = ?3 AND provider = ?4 AND model = ?5
           AND user = ?6 AND incident = ?7",
    )?
    .execute(all)?;
    Ok(())
}

/// What counts against a limit already.
pub(super) fn sum_of(
    tx: &rusqlite::Connection,
    tenant: &str,
    sum: &Sum<'_>,
) -> Result<SpendMost, StoreError> {
    let found = tx
        .prepare_cached(
            "SELECT tokens, money FROM spend_sums
             WHERE tenant = ?1 AND scope = ?2 AND name = ?3 AND day = ?4",
        )?
        .query_row(params![tenant, sum.scope.as_str(), sum.name, sum.day], |row| {
            Ok(SpendMost { tokens: number(row, 0)?, money: number(row, 1)? })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Changes a sum by what counted before and counts from now on.
pub(super) fn add_sum(
    tx: &Transaction<'_>,
    tenant: &str,
    sum: &Sum<'_>,
    (before, after): (SpendMost, SpendMost),
) -> Result<(), StoreError> {
    let has = sum_of(tx, tenant, sum)?;
    let changed =
        |has: u64, before: u64, after: u64| has.saturating_sub(before).saturating_add(after);
    let tokens = changed(has.tokens, before.tokens.min(MOST), after.tokens);
    let money = changed(has.money, before.money.min(MOST), after.money);
    tx.prepare_cached(
        "INSERT INTO spend_sums (tenant, scope, name, day, tokens, money)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (tenant, scope, name, day) DO UPDATE SET tokens = ?5, money = ?6",
    )?
    .execute(params![
        tenant,
        sum.scope.as_str(),
        sum.name,
        sum.day,
        kept(tokens),
        kept(money)
    ])?;
    Ok(())
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    open: &Open,
    now: Timestamp,
) -> Result<SpendId, StoreError> {
    tx.prepare_cached(
        "INSERT INTO spend (tenant, day, user, incident, task, provider, model, tokens, money,
           reserved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        open.tenant,
        open.day,
        open.user,
        open.incident,
        open.task,
        open.provider,
        open.model,
        kept(open.most.tokens),
        kept(open.most.money),
        micros(now),
    ])?;
    Ok(SpendId(tx.last_insert_rowid()))
}

pub(super) fn open_row(tx: &Transaction<'_>, id: SpendId) -> Result<Option<Open>, StoreError> {
    let sql = "SELECT tenant, day, user, incident, task, provider, model, tokens, money,
                 lost_at IS NOT NULL FROM spend WHERE id = ?1";
    let found = tx.prepare_cached(sql)?.query_row([id.0], |row| {
        Ok(Open {
            tenant: row.get(0)?,
            day: row.get(1)?,
            user: row.get(2)?,
            incident: row.get(3)?,
            task: row.get(4)?,
            provider: row.get(5)?,
            model: row.get(6)?,
            most: SpendMost { tokens: number(row, 7)?, money: number(row, 8)? },
            lost: row.get(9)?,
        })
    });
    Ok(found.optional()?)
}

pub(super) fn forget(tx: &Transaction<'_>, id: SpendId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM spend WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// Gives a call up: it counts as spent in full, unless its end is told later all the same.
pub(in crate::server) fn lose(
    tx: &Transaction<'_>,
    id: SpendId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(open) = open_row(tx, id)?.filter(|open| !open.lost) else { return Ok(false) };
    add_counts(tx, &open.counted(), &open.lost_counts())?;
    tx.prepare_cached("UPDATE spend SET lost_at = ?2, batch = NULL WHERE id = ?1")?
        .execute(params![id.0, micros(now)])?;
    Ok(true)
}
