//! Exceptions as they are stored.

use quell_govern::exception::{Exception, State};
use quell_govern::expression::Expression;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter};

use super::judge::judge_one;
use crate::answer::changed;
use crate::state::micros;
use crate::{Store, StoreError};

/// What a change came to, with the exception as it is now; or why it was refused.
pub type Changed<T, E> = Result<(T, Exception), E>;

/// The setting that counts changes of exceptions.
const VERSION: &str = "exceptions_version";

/// How often exceptions have changed.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let mut select = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(select.query_row([VERSION], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The exceptions in some states, or all, in the order of their ids.
pub(super) fn list(
    connection: &Connection,
    states: &[State],
) -> Result<Vec<Exception>, StoreError> {
    let marks = vec!["?"; states.len()].join(", ");
    let which = if states.is_empty() { String::new() } else { format!("WHERE state IN ({marks})") };
    let mut select =
        connection.prepare_cached(&format!("SELECT body FROM exceptions {which} ORDER BY id"))?;
    let words = states.iter().map(|state| Value::from(state.as_str().to_owned()));
    let rows = select.query_map(params_from_iter(words), |row| row.get::<_, String>(0))?;
    rows.map(|body| read(&body?)).collect()
}

fn read(body: &str) -> Result<Exception, StoreError> {
    serde_json::from_str(body)
        .map_err(|error| StoreError::Damaged(format!("an exception cannot be read: {error}")))
}

fn save(connection: &Connection, exception: &Exception) -> Result<(), StoreError> {
    let body = serde_json::to_string(exception)
        .map_err(|error| StoreError::Damaged(format!("an exception cannot be kept: {error}")))?;
    let asked_at = exception.events.first().map_or(0, |event| micros(event.at));
    connection
        .prepare_cached("INSERT OR REPLACE INTO exceptions VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![exception.id, exception.state.as_str(), asked_at, body])?;
    connection
        .prepare_cached(
            "INSERT INTO settings (name, value) VALUES (?1, 1)
             ON CONFLICT DO UPDATE SET value = value + 1",
        )?
        .execute([VERSION])?;
    changed(connection)
}

impl Store {
    /// The exceptions in some states, or all, in the order of their ids.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exception_list(&self, states: &[State]) -> Result<Vec<Exception>, StoreError> {
        list(&self.connection, states)
    }

    /// The ids that begin so, at most two.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exception_ids(&self, begin: &str) -> Result<Vec<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id FROM exceptions WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2",
        )?;
        let rows = select.query_map([begin], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One exception.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exception_get(&self, id: &str) -> Result<Option<Exception>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT body FROM exceptions WHERE id = ?1")?;
        let body: Option<String> = select.query_row([id], |row| row.get(0)).optional()?;
        body.map(|body| read(&body)).transpose()
    }

    /// Keeps new exceptions, all or none. One of the same id stays as it is. Says how many are new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exception_add(&mut self, all: &[Exception]) -> Result<usize, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut added = 0;
        for exception in all {
            let known: Option<i64> = tx
                .prepare_cached("SELECT 1 FROM exceptions WHERE id = ?1")?
                .query_row([&exception.id], |row| row.get(0))
                .optional()?;
            if known.is_none() {
                save(&tx, exception)?;
                added += 1;
            }
        }
        tx.commit()?;
        Ok(added)
    }

    /// Changes one exception, while nobody else changes any. What the change refuses stays as it
    /// was. `None` where there is no such exception.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exception_change<T, E>(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Exception) -> Result<T, E>,
    ) -> Result<Option<Changed<T, E>>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let body: Option<String> = tx
            .prepare_cached("SELECT body FROM exceptions WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let Some(body) = body else { return Ok(None) };
        let mut exception = read(&body)?;
        let before = exception.clone();
        let result = change(&mut exception);
        if result.is_ok() && exception != before {
            save(&tx, &exception)?;
            tx.commit()?;
        }
        Ok(Some(result.map(|value| (value, exception))))
    }

    /// Which of some expressions hold of one open issue.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_held(&self, row: i64, all: &[Expression]) -> Result<Vec<bool>, StoreError> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        judge_one(&self.connection, row, all)
    }
}
