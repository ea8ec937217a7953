//! Containments beside their plans: what is about to be done is on the disk before it is.

use quell_govern::approval::{Approvals, Plan};
use quell_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, params};

use super::plans::{add, get, keep};
use crate::state::{micros, time};
use crate::{Store, StoreError};

/// How far a containment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainmentRow {
    /// The id of its plan.
    pub plan: String,
    /// The login that acts, by its name in the configuration.
    pub place: String,
    /// The word for how far it is.
    pub state: String,
    /// When something is done about it by itself.
    pub due: Option<Timestamp>,
    /// When the target was first to be changed.
    pub begun: Option<Timestamp>,
    /// The rest, as JSON.
    pub body: String,
}

const COLUMNS: &str = "plan, place, state, due, begun, body";

fn made(row: &SqlRow<'_>) -> rusqlite::Result<ContainmentRow> {
    let at = |micros: Option<i64>| micros.and_then(time);
    Ok(ContainmentRow {
        plan: row.get(0)?,
        place: row.get(1)?,
        state: row.get(2)?,
        due: at(row.get(3)?),
        begun: at(row.get(4)?),
        body: row.get(5)?,
    })
}

fn one(connection: &Connection, plan: &str) -> Result<Option<ContainmentRow>, StoreError> {
    let text = format!("SELECT {COLUMNS} FROM containments WHERE plan = ?1");
    let mut select = connection.prepare_cached(&text)?;
    Ok(select.query_row([plan], made).optional()?)
}

fn save(connection: &Connection, row: &ContainmentRow) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO containments VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            row.plan,
            row.place,
            row.state,
            row.due.map(micros),
            row.begun.map(micros),
            row.body
        ])?;
    Ok(())
}

impl Store {
    /// Keeps a new plan with its containment, both or none. Says whether it is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_add(
        &mut self,
        plan: &Plan,
        row: &ContainmentRow,
    ) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_new = add(&tx, plan)?;
        if is_new {
            save(&tx, row)?;
        }
        tx.commit()?;
        Ok(is_new)
    }

    /// The containment of a plan.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_get(&self, plan: &str) -> Result<Option<ContainmentRow>, StoreError> {
        one(&self.connection, plan)
    }

    /// Containments, the newest first, and how many there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_list(
        &self,
        (skip, most): (u32, u32),
    ) -> Result<(Vec<ContainmentRow>, u64), StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT c.plan, c.place, c.state, c.due, c.begun, c.body FROM containments AS c \
             JOIN plans AS p ON p.id = c.plan ORDER BY p.asked_at DESC, c.plan LIMIT ?2 OFFSET ?1",
        )?;
        let rows = select.query_map(params![skip, most], made)?;
        let rows = rows.collect::<Result<_, _>>()?;
        let count = self
            .connection
            .prepare_cached("SELECT count(*) FROM containments")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        Ok((rows, u64::try_from(count).unwrap_or_default()))
    }

    /// Those about which something is to be done by now, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_due(&self, now: Timestamp) -> Result<Vec<ContainmentRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM containments WHERE due <= ?1 ORDER BY due, plan");
        let mut select = self.connection.prepare_cached(&text)?;
        let rows = select.query_map([micros(now)], made)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Those in a state.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_in(&self, state: &str) -> Result<Vec<ContainmentRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM containments WHERE state = ?1 ORDER BY plan");
        let mut select = self.connection.prepare_cached(&text)?;
        let rows = select.query_map([state], made)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When containments by a login were begun since a moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_begun(
        &self,
        place: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT begun FROM containments WHERE place = ?1 AND begun > ?2 ORDER BY begun",
        )?;
        let rows = select.query_map(params![place, micros(since)], |row| row.get::<_, i64>(0))?;
        let all: Vec<i64> = rows.collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter_map(time).collect())
    }

    /// Moves a containment, if it still is what it was, together with what was said of its plan:
    /// of two who try, one does. `None`, and nothing is done, where somebody else came first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn containment_move<E>(
        &mut self,
        before: &ContainmentRow,
        change: impl FnOnce(&Plan, &mut Approvals) -> Result<ContainmentRow, E>,
    ) -> Result<Option<Result<ContainmentRow, E>>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if one(&tx, &before.plan)?.as_ref() != Some(before) {
            return Ok(None);
        }
        let Some((plan, mut approvals)) = get(&tx, &before.plan)? else { return Ok(None) };
        let was = approvals.clone();
        let after = match change(&plan, &mut approvals) {
            Ok(after) => after,
            Err(error) => return Ok(Some(Err(error))),
        };
        if approvals != was {
            keep(&tx, &plan.id, &approvals)?;
        }
        save(&tx, &after)?;
        // As it is read back: what is kept of times is coarser than a clock.
        let kept = one(&tx, &after.plan)?;
        tx.commit()?;
        Ok(kept.map(Ok))
    }
}
