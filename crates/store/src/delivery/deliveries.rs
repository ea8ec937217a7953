//! What a sink was told of a subject, and how it stands there.

use quell_deliver::mirror::Mirror;
use quell_deliver::outbox::Remote;
use quell_model::{IssueKey, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{OutboxStore, read, write};
use crate::StoreError;
use crate::state::{micros, time};

/// What a sink was told of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The sink.
    pub sink: String,
    /// What it was told of.
    pub subject: String,
    /// The route that led there.
    pub route: String,
    /// The issues that it is about.
    pub issues: Vec<IssueKey>,
    /// How many rows of the outbox there were for it: each act has a number of its own.
    pub acts: u32,
    /// The hash of what the letter said when it was last written.
    pub told: String,
    /// When it was first wanted.
    pub since: Timestamp,
    /// When a letter was last written for it.
    pub written: Timestamp,
    /// What stands there, once it is known.
    pub remote: Option<Remote>,
    /// How both sides stand.
    pub mirror: Mirror,
    /// Whom else it was told to since nobody began.
    pub escalated: bool,
    /// When the sink is asked next.
    pub look: Option<Timestamp>,
    /// Since when it is over on both sides, as far as nobody said that something changed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Timestamp>,
}

impl Delivery {
    /// What a sink is to be told of a subject: nothing stands there yet, no row was made, and nobody
    /// is told beside it.
    #[must_use]
    pub fn new((sink, subject): (&str, &str), route: &str, now: Timestamp) -> Self {
        Self {
            sink: sink.to_owned(),
            subject: subject.to_owned(),
            route: route.to_owned(),
            issues: Vec::new(),
            acts: 0,
            told: String::new(),
            since: now,
            written: now,
            remote: None,
            mirror: Mirror::default(),
            escalated: false,
            look: None,
            over: None,
        }
    }
}

fn from_row(row: &SqlRow<'_>) -> rusqlite::Result<(Option<i64>, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn made((look, body): (Option<i64>, String)) -> Result<Delivery, StoreError> {
    let delivery: Delivery = read(&body)?;
    Ok(Delivery { look: look.and_then(time), ..delivery })
}

/// What a sink was told of a subject.
pub(super) fn get(
    connection: &Connection,
    sink: &str,
    subject: &str,
) -> Result<Option<Delivery>, StoreError> {
    let text = "SELECT look, body FROM deliveries WHERE sink = ?1 AND subject = ?2";
    let mut select = connection.prepare_cached(text)?;
    let row = select.query_row([sink, subject], from_row).optional()?;
    row.map(made).transpose()
}

/// What stands at a sink under its id there.
fn of_remote(
    connection: &Connection,
    sink: &str,
    remote: &str,
) -> Result<Vec<Delivery>, StoreError> {
    let text = "SELECT look, body FROM deliveries WHERE sink = ?1 AND remote = ?2";
    let mut select = connection.prepare_cached(text)?;
    let rows = select.query_map([sink, remote], from_row)?;
    rows.map(|row| made(row?)).collect()
}

pub(super) fn save(connection: &Connection, delivery: &Delivery) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            delivery.sink,
            delivery.subject,
            delivery.look.map(micros),
            delivery.remote.as_ref().map(|remote| remote.id.as_str()),
            write(delivery)?
        ])?;
    Ok(())
}

impl OutboxStore {
    /// What a sink was told of plans.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_of_plans(&self, sink: &str) -> Result<Vec<Delivery>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT look, body FROM deliveries WHERE sink = ?1 AND subject >= 'plan:' \
             AND subject < 'plan;'",
        )?;
        let rows = select.query_map([sink], from_row)?;
        rows.map(|row| made(row?)).collect()
    }

    /// What a sink was told of a subject.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_get(&self, sink: &str, subject: &str) -> Result<Option<Delivery>, StoreError> {
        get(&self.connection, sink, subject)
    }

    /// Has what stands at a sink under its id there be asked for at a time, since something changed
    /// there. Whether it is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_look(
        &mut self,
        (sink, remote): (&str, &str),
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known = of_remote(&tx, sink, remote)?;
        for one in &known {
            save(&tx, &Delivery { look: Some(at), over: None, ..one.clone() })?;
        }
        tx.commit()?;
        Ok(!known.is_empty())
    }

    /// All that sinks were told, by sink and subject.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_list(&self) -> Result<Vec<Delivery>, StoreError> {
        let text = "SELECT look, body FROM deliveries ORDER BY sink, subject";
        let mut select = self.connection.prepare_cached(text)?;
        let rows = select.query_map([], from_row)?;
        rows.map(|row| made(row?)).collect()
    }

    /// What is to be asked for at its sink by now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivery_due(&self, now: Timestamp, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let text = "SELECT look, body FROM deliveries WHERE look <= ?1 ORDER BY look LIMIT ?2";
        let mut select = self.connection.prepare_cached(text)?;
        let rows = select.query_map(params![micros(now), most], from_row)?;
        rows.map(|row| made(row?)).collect()
    }
}
