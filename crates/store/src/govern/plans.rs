//! Plans with what people said of them, who speaks in whose place, and who stands behind rules.

use quell_govern::Person;
use quell_govern::approval::{Approvals, Delegation, Hash, Plan, Said, Stand};
use quell_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::{micros, time};
use crate::{Store, StoreError};

/// A plan with what was said of it.
pub type PlanRow = (Plan, Approvals);

/// How long votes are looked back for.
const HOUR_MICROS: i64 = 3_600_000_000;

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Damaged(format!("a plan cannot be read or kept: {error}"))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn write(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}

fn made((plan, votes): &(String, String)) -> Result<PlanRow, StoreError> {
    Ok((read(plan)?, read(votes)?))
}

pub(super) fn get(connection: &Connection, id: &str) -> Result<Option<PlanRow>, StoreError> {
    let mut select = connection.prepare_cached("SELECT plan, votes FROM plans WHERE id = ?1")?;
    let row: Option<(String, String)> =
        select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    row.map(|row| made(&row)).transpose()
}

/// Keeps a new plan; one of the same id stays as it is. Whether it is new.
pub(super) fn add(connection: &Connection, plan: &Plan) -> Result<bool, StoreError> {
    let votes = write(&Approvals::default())?;
    let added = connection
        .prepare_cached("INSERT OR IGNORE INTO plans VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            plan.id,
            Stand::Open.as_str(),
            micros(plan.requested_at),
            write(plan)?,
            votes
        ])?;
    Ok(added > 0)
}

/// Keeps what was said of a plan.
pub(super) fn keep(
    connection: &Connection,
    id: &str,
    approvals: &Approvals,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE plans SET state = ?2, votes = ?3 WHERE id = ?1")?
        .execute(params![id, approvals.stand.as_str(), write(approvals)?])?;
    Ok(())
}

/// When a person agreed to plans within the last hour.
fn lately(
    connection: &Connection,
    person: &str,
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT at FROM votes WHERE person = ?1 AND at > ?2")?;
    let since = micros(now).saturating_sub(HOUR_MICROS);
    let rows = select.query_map(params![person, since], |row| row.get::<_, i64>(0))?;
    let all: Vec<i64> = rows.collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter_map(time).collect())
}

/// The condition of a question for the open plans, or for all.
const fn which(open: bool) -> &'static str {
    if open { "WHERE state = 'open'" } else { "" }
}

impl Store {
    /// Keeps a new plan. One of the same id stays as it is. Says whether it is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_add(&mut self, plan: &Plan) -> Result<bool, StoreError> {
        add(&self.connection, plan)
    }

    /// One plan with what was said of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_get(&self, id: &str) -> Result<Option<PlanRow>, StoreError> {
        get(&self.connection, id)
    }

    /// All plans, or the open ones, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_list(&self, open: bool) -> Result<Vec<PlanRow>, StoreError> {
        self.plans(which(open), (0, i64::MAX))
    }

    /// A page of all plans, or of the open ones, the newest first, and how many there are. Plans have
    /// their diffs with them, so no others are read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_page(
        &self,
        open: bool,
        (skip, limit): (usize, usize),
    ) -> Result<(Vec<PlanRow>, u64), StoreError> {
        let total = format!("SELECT count(*) FROM plans {}", which(open));
        let total: i64 = self.connection.prepare_cached(&total)?.query_row([], |row| row.get(0))?;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let rows = self.plans(which(open), (number(skip), number(limit)))?;
        Ok((rows, u64::try_from(total).unwrap_or_default()))
    }

    /// A part of some plans, the newest first.
    fn plans(&self, which: &str, (skip, limit): (i64, i64)) -> Result<Vec<PlanRow>, StoreError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT plan, votes FROM plans {which} ORDER BY asked_at DESC, id LIMIT ?1 OFFSET ?2"
        ))?;
        let rows = select.query_map([limit, skip], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| made(&row?)).collect()
    }

    /// The plans of which somebody did not wait for others, and at which nobody has looked since,
    /// the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_unreviewed(&self) -> Result<Vec<PlanRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT plan, votes FROM plans WHERE json_extract(votes, '$.glass') IS NOT NULL \
             AND json_extract(votes, '$.glass.reviewed_by') IS NULL ORDER BY asked_at DESC, id",
        )?;
        let rows =
            select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| made(&row?)).collect()
    }

    /// The ids that begin so, at most two.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_ids(&self, begin: &str) -> Result<Vec<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id FROM plans WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2",
        )?;
        let rows = select.query_map([begin], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Says something of one plan, while nobody else says anything: two who speak at once speak
    /// one after the other. The change is told when `by` agreed to plans within the last hour.
    /// What it refuses stays as it was. `None` where there is no such plan.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn plan_change<T, E>(
        &mut self,
        (id, by, now): (&str, &Person, Timestamp),
        change: impl FnOnce(&Plan, &mut Approvals, &[Timestamp]) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some((plan, mut approvals)) = get(&tx, id)? else { return Ok(None) };
        let before = approvals.clone();
        let lately = lately(&tx, &by.id, now)?;
        let result = change(&plan, &mut approvals, &lately);
        // What time or a change voided is kept, whatever else is refused.
        if approvals == before {
            return Ok(Some(result));
        }
        keep(&tx, id, &approvals)?;
        let agreed = approvals.votes.iter().skip(before.votes.len());
        for vote in agreed.filter(|vote| vote.said == Said::Approve) {
            tx.prepare_cached("INSERT OR IGNORE INTO votes VALUES (?1, ?2, ?3)")?
                .execute(params![vote.by.id, micros(vote.at), id])?;
        }
        tx.commit()?;
        Ok(Some(result))
    }

    /// Who speaks in whose place.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delegation_list(&self) -> Result<Vec<Delegation>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT body FROM delegations ORDER BY giver, taker")?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|body| read(&body?)).collect()
    }

    /// Lets one person speak in another's place; a later word of the same two replaces it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delegation_save(&mut self, given: &Delegation) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO delegations VALUES (?1, ?2, ?3)")?
            .execute(params![given.from.id, given.to.id, write(given)?])?;
        Ok(())
    }

    /// How many different people stand behind the bytes of a rule.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rule_backers(&self, rule: &Hash) -> Result<Vec<String>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT person FROM rule_approvals WHERE rule = ?1 ORDER BY person")?;
        let rows = select.query_map([rule.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a person stands behind the bytes of a rule. Says whether that is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rule_back(
        &mut self,
        (rule, by): (&Hash, &Person),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO rule_approvals VALUES (?1, ?2, ?3)")?
            .execute(params![rule.as_str(), by.id, micros(now)])?;
        Ok(added > 0)
    }
}
