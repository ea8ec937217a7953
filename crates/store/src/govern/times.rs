//! When an incident came, and when a person first dealt with it.
//!
//! Nothing else rests on these times, so writing them is no change of what is stored.

use quell_model::{IncidentKey, Severity, Timestamp};
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use crate::state::{micros, time};
use crate::{Store, StoreError};

const ALL: &str =
    "SELECT incident, severity, begun, understood, approved, gone, issues FROM incident_times";

/// The times of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentTimes {
    /// Which.
    pub incident: IncidentKey,
    /// Its severity when it was last looked at.
    pub severity: Severity,
    /// When it was first seen, or seen again.
    pub begun: Timestamp,
    /// When a person first opened it or decided something of it.
    pub understood: Option<Timestamp>,
    /// When a fix of one of its issues was first agreed to.
    pub approved: Option<Timestamp>,
    /// When the last of its issues was closed.
    pub remediated: Option<Timestamp>,
    /// The rows of its riskiest issues.
    pub issues: Vec<u32>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<IncidentTimes> {
    let at = |column: usize| row.get::<_, Option<i64>>(column);
    let severity: String = row.get(1)?;
    let issues: Vec<u8> = row.get(6)?;
    let number = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(u32::from_le_bytes);
    Ok(IncidentTimes {
        incident: IncidentKey::from_bytes(row.get(0)?),
        severity: Severity::from_word(&severity),
        begun: at(2)?.and_then(time).unwrap_or(Timestamp::UNIX_EPOCH),
        understood: at(3)?.and_then(time),
        approved: at(4)?.and_then(time),
        remediated: at(5)?.and_then(time),
        issues: issues.chunks(4).filter_map(number).collect(),
    })
}

impl Store {
    /// The times of one incident.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn incident_times_get(
        &self,
        incident: IncidentKey,
    ) -> Result<Option<IncidentTimes>, StoreError> {
        let mut select = self.connection.prepare_cached(&format!("{ALL} WHERE incident = ?1"))?;
        let mut rows = select.query_map([incident.as_bytes()], read)?;
        Ok(rows.next().transpose()?)
    }

    /// The times of all incidents, or of those that were not gone, in the order of their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn incident_times_list(&self, standing: bool) -> Result<Vec<IncidentTimes>, StoreError> {
        let which = if standing { "WHERE gone IS NULL" } else { "" };
        let mut select =
            self.connection.prepare_cached(&format!("{ALL} {which} ORDER BY incident"))?;
        let rows = select.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps times of incidents and forgets others, and those of incidents gone before a moment:
    /// all or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn incident_times_save(
        &mut self,
        kept: &[IncidentTimes],
        (forgotten, gone_before): (&[IncidentKey], Timestamp),
    ) -> Result<(), StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM incident_times WHERE gone < ?1", [micros(gone_before)])?;
        for key in forgotten {
            tx.prepare_cached("DELETE FROM incident_times WHERE incident = ?1")?
                .execute([key.as_bytes()])?;
        }
        for one in kept {
            let issues: Vec<u8> = one.issues.iter().flat_map(|row| row.to_le_bytes()).collect();
            tx.prepare_cached(
                "INSERT OR REPLACE INTO incident_times
                 (incident, severity, begun, understood, approved, gone, issues)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                one.incident.as_bytes(),
                one.severity.as_str(),
                micros(one.begun),
                one.understood.map(micros),
                one.approved.map(micros),
                one.remediated.map(micros),
                issues
            ])?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Whether an issue counts by its findings, whatever hides it; `None` where it is no more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_counts(&self, row: u32) -> Result<Option<bool>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT open FROM issues WHERE id = ?1")?;
        let open: Option<i64> = select.query_row([row], |row| row.get(0)).optional()?;
        Ok(open.map(|open| open > 0))
    }
}
