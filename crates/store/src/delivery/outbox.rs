//! Rows of the outbox: added once, claimed by one, and settled with what came of them.

use quell_deliver::Key;
use quell_deliver::outbox::{Act, Row, State, hastened, latest};
use quell_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, params};

use super::deliveries::{Delivery, get, save};
use super::{OutboxStore, read, write};
use crate::state::micros;
use crate::{Packed, StoreError};

/// A row that is wanted.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// The sink.
    pub sink: String,
    /// What it is about.
    pub subject: String,
    /// What makes it the same: a row of the same key is not added twice.
    pub key: Key,
    /// What is done.
    pub act: Act,
    /// Where it begins: held, or waiting.
    pub state: State,
    /// The key of the row that it sends again.
    pub replays: Option<Key>,
}

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct OutboxFilter {
    /// In this state.
    pub state: Option<String>,
    /// For this sink.
    pub sink: Option<String>,
    /// About this subject.
    pub subject: Option<String>,
    /// Older than this row.
    pub before: Option<i64>,
    /// At most so many.
    pub most: u32,
}

/// When something is done about a row by itself.
fn due(state: &State) -> Option<i64> {
    match state {
        State::Waiting { until } => Some(micros(*until)),
        State::Doubt { look, .. } => Some(micros(*look)),
        State::Held { .. }
        | State::Sending { .. }
        | State::Sent { .. }
        | State::Parked { .. }
        | State::Cancelled => None,
    }
}

fn from_row(row: &SqlRow<'_>) -> rusqlite::Result<(i64, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn made((id, text): (i64, String)) -> Result<Row, StoreError> {
    Ok(Row { id, ..read(&text)? })
}

fn insert(connection: &Connection, new: &NewRow, now: Timestamp) -> Result<bool, StoreError> {
    let row = Row {
        id: 0,
        sink: new.sink.clone(),
        subject: new.subject.clone(),
        key: new.key.clone(),
        act: new.act.kind(),
        state: new.state.clone(),
        attempts: 0,
        created: now,
        said: None,
        remote: None,
        replays: new.replays.clone(),
        tries: Vec::new(),
    };
    let act = Packed::of(write(&new.act)?.as_bytes());
    let added = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO outbox (sink, subject, key, state, due, row, act) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            row.sink,
            row.subject,
            row.key.as_str(),
            row.state.as_str(),
            due(&row.state),
            write(&row)?,
            act.as_stored()
        ])?;
    Ok(added > 0)
}

impl OutboxStore {
    /// Adds rows, and keeps what the sink will have been told, all or nothing. A row whose key is
    /// there already is not added again. Tells how many are new; `None`, and nothing is done, where
    /// what the sink was told is not any more what it was: somebody else came first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_add(
        &mut self,
        (before, after): (Option<&Delivery>, &Delivery),
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Option<usize>, StoreError> {
        self.outbox_add_with((before, after), (rows, &[]), now)
    }

    /// As [`OutboxStore::outbox_add`], and keeps further subjects as told with the same rows, all
    /// or nothing. What a sink was told of one of them otherwise stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_add_with(
        &mut self,
        (before, after): (Option<&Delivery>, &Delivery),
        (rows, with): (&[NewRow], &[Delivery]),
        now: Timestamp,
    ) -> Result<Option<usize>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if get(&tx, &after.sink, &after.subject)?.as_ref() != before {
            return Ok(None);
        }
        let mut added = 0;
        for row in rows {
            added += usize::from(insert(&tx, row, now)?);
        }
        for other in with {
            if get(&tx, &other.sink, &other.subject)?.is_none() {
                save(&tx, other)?;
            }
        }
        save(&tx, after)?;
        tx.commit()?;
        Ok(Some(added))
    }

    /// Rows about which something is to be done by now, the oldest first, and of each sink at most
    /// so many: one that is down keeps no other from being served. A row waits for those before it
    /// about the same subject at the same sink.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_due(&self, now: Timestamp, most: u32) -> Result<Vec<Row>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, row FROM ( \
               SELECT id, row, due, row_number() OVER (PARTITION BY sink ORDER BY due, id) AS place \
               FROM outbox AS o WHERE due <= ?1 AND NOT EXISTS ( \
                 SELECT 1 FROM outbox AS b WHERE b.sink = o.sink AND b.subject = o.subject \
                 AND b.id < o.id AND b.state NOT IN ('sent', 'cancelled'))) \
             WHERE place <= ?2 ORDER BY due, id",
        )?;
        let rows = select.query_map(params![micros(now), most], from_row)?;
        rows.map(|row| made(row?)).collect()
    }

    /// Has go on now what would wait for longer than anything does, since the clock went back: rows,
    /// and things that are to be asked for. Whether there was any.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_hasten(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let most = micros(latest(now));
        let mut moved = false;
        for row in self.outbox_behind(most)? {
            if let Some(after) = hastened(row.clone(), now) {
                moved |= self.outbox_move(&row, &after)?;
            }
        }
        let text = "UPDATE deliveries SET look = ?1 WHERE look > ?2";
        let looks = self.connection.prepare_cached(text)?.execute(params![micros(now), most])?;
        Ok(moved || looks > 0)
    }

    /// Rows about which something is to be done only after a time.
    fn outbox_behind(&self, most: i64) -> Result<Vec<Row>, StoreError> {
        let text = "SELECT id, row FROM outbox WHERE due > ?1 ORDER BY id";
        let mut select = self.connection.prepare_cached(text)?;
        let rows = select.query_map([most], from_row)?;
        rows.map(|row| made(row?)).collect()
    }

    /// Rows that were being sent when a process ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_sending(&self) -> Result<Vec<Row>, StoreError> {
        self.outbox_in("sending")
    }

    /// Rows of which nobody knows whether they arrived.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_doubt(&self) -> Result<Vec<Row>, StoreError> {
        self.outbox_in("doubt")
    }

    fn outbox_in(&self, state: &str) -> Result<Vec<Row>, StoreError> {
        let text = "SELECT id, row FROM outbox WHERE state = ?1 ORDER BY id";
        let mut select = self.connection.prepare_cached(text)?;
        let rows = select.query_map([state], from_row)?;
        rows.map(|row| made(row?)).collect()
    }

    /// Moves a row, if it still is what it was: of two who try, one does.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_move(&mut self, before: &Row, after: &Row) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let moved = moved(&tx, before, after)?;
        tx.commit()?;
        Ok(moved)
    }

    /// Moves a row as [`OutboxStore::outbox_move`] does, and keeps how things stand at its sink with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_settle(
        &mut self,
        before: &Row,
        after: &Row,
        change: impl FnOnce(&mut Delivery),
    ) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known = get(&tx, &after.sink, &after.subject)?;
        let moved = moved(&tx, before, after)?;
        if let (true, Some(mut delivery)) = (moved, known) {
            change(&mut delivery);
            save(&tx, &delivery)?;
        }
        tx.commit()?;
        Ok(moved)
    }

    /// Whether something about a subject is still to be done at a sink.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_pending(&self, sink: &str, subject: &str) -> Result<bool, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE sink = ?1 AND subject = ?2 \
             AND state NOT IN ('sent', 'cancelled'))",
        )?;
        Ok(select.query_row([sink, subject], |row| row.get(0))?)
    }

    /// One row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_get(&self, id: i64) -> Result<Option<Row>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT id, row FROM outbox WHERE id = ?1")?;
        select.query_row([id], from_row).optional()?.map(made).transpose()
    }

    /// The row with a key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_of_key(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT id, row FROM outbox WHERE key = ?1")?;
        select.query_row([key], from_row).optional()?.map(made).transpose()
    }

    /// What a row sends.
    ///
    /// # Errors
    /// When the database refuses, or there is no such row.
    pub fn outbox_act(&self, id: i64) -> Result<Act, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT act FROM outbox WHERE id = ?1")?;
        let bytes = select.query_row([id], |row| row.get(0))?;
        let text = Packed::from_stored(bytes).unpack()?;
        serde_json::from_slice(&text).map_err(|error| super::damaged(&error))
    }

    /// Rows, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_list(&self, filter: &OutboxFilter) -> Result<Vec<Row>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, row FROM outbox WHERE (?1 IS NULL OR state = ?1) \
             AND (?2 IS NULL OR sink = ?2) AND (?3 IS NULL OR subject = ?3) \
             AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5",
        )?;
        let rows = select.query_map(
            params![filter.state, filter.sink, filter.subject, filter.before, filter.most],
            from_row,
        )?;
        rows.map(|row| made(row?)).collect()
    }

    /// How many rows there are in each state.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outbox_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let text = "SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state";
        let mut select = self.connection.prepare_cached(text)?;
        let rows = select.query_map([], |row| {
            Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn moved(connection: &Connection, before: &Row, after: &Row) -> Result<bool, StoreError> {
    let before_text = write(&Row { id: 0, ..before.clone() })?;
    let after_text = write(&Row { id: 0, ..after.clone() })?;
    let changed = connection
        .prepare_cached(
            "UPDATE outbox SET state = ?3, due = ?4, row = ?5 WHERE id = ?1 AND row = ?2",
        )?
        .execute(params![
            before.id,
            before_text,
            after.state.as_str(),
            due(&after.state),
            after_text
        ])?;
    Ok(changed > 0)
}
