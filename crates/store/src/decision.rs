//! What people decided about incidents, and whether anything was ever seen to happen.

use quell_model::{HandAction, IncidentKey, IssueKey, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::answer::changed;
use crate::state::{micros, time};
use crate::{Store, StoreError};

const ATTACKS: &str = "attacks_known";

/// An issue that a person put into an incident.
#[derive(Debug, Clone)]
pub struct PinRow {
    /// The issue.
    pub issue: IssueKey,
    /// The incident that it stays in.
    pub incident: IncidentKey,
    /// The incident that it was in.
    pub from: IncidentKey,
    /// Whether incidents were joined, or it was taken out.
    pub action: HandAction,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// An incident that a person made part of another.
#[derive(Debug, Clone)]
pub struct JoinRow {
    /// The incident that is part of the other.
    pub incident: IncidentKey,
    /// The other.
    pub into: IncidentKey,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

impl Store {
    /// Every decision about incidents, in the order of their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn decision_list(&self) -> Result<(Vec<PinRow>, Vec<JoinRow>), StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT issue, incident, taken_from, action, decided_at, decided_by
             FROM incident_pins ORDER BY issue",
        )?;
        let pins = select.query_map([], |row| {
            let action: String = row.get(3)?;
            Ok(PinRow {
                issue: IssueKey::from_bytes(row.get(0)?),
                incident: IncidentKey::from_bytes(row.get(1)?),
                from: IncidentKey::from_bytes(row.get(2)?),
                action: if action == HandAction::Split.as_str() {
                    HandAction::Split
                } else {
                    HandAction::Joined
                },
                at: time(row.get(4)?).unwrap_or(Timestamp::UNIX_EPOCH),
                by: row.get(5)?,
            })
        })?;
        let pins = pins.collect::<Result<_, _>>()?;
        let mut select = self.connection.prepare_cached(
            "SELECT incident, into_other, decided_at, decided_by FROM incident_joins
             ORDER BY incident",
        )?;
        let joins = select.query_map([], |row| {
            Ok(JoinRow {
                incident: IncidentKey::from_bytes(row.get(0)?),
                into: IncidentKey::from_bytes(row.get(1)?),
                at: time(row.get(2)?).unwrap_or(Timestamp::UNIX_EPOCH),
                by: row.get(3)?,
            })
        })?;
        Ok((pins, joins.collect::<Result<_, _>>()?))
    }

    /// Keeps decisions, all or none. A later one about the same issue or incident replaces an
    /// earlier one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn decision_save(&mut self, pins: &[PinRow], joins: &[JoinRow]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        for pin in pins {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO incident_pins VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                pin.issue.as_bytes(),
                pin.incident.as_bytes(),
                pin.from.as_bytes(),
                pin.action.as_str(),
                micros(pin.at),
                pin.by
            ])?;
        }
        for join in joins {
            tx.prepare_cached("INSERT OR REPLACE INTO incident_joins VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![
                    join.incident.as_bytes(),
                    join.into.as_bytes(),
                    micros(join.at),
                    join.by
                ])?;
        }
        changed(&tx)?;
        tx.commit()?;
        Ok(())
    }

    /// Takes back every decision that made an incident what it is, or took issues out of it, and
    /// says how many issues and incidents that frees.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn decision_remove(&mut self, incident: IncidentKey) -> Result<usize, StoreError> {
        let tx = self.connection.transaction()?;
        let key = params![incident.as_bytes()];
        let freed = tx
            .execute("DELETE FROM incident_pins WHERE incident = ?1 OR taken_from = ?1", key)?
            + tx.execute("DELETE FROM incident_joins WHERE incident = ?1 OR into_other = ?1", key)?;
        changed(&tx)?;
        tx.commit()?;
        Ok(freed)
    }

    /// Whether an open detection is stored; `None` where that was never found out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn attacks_known(&self) -> Result<Option<bool>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        let value: Option<Vec<u8>> =
            select.query_row(params![ATTACKS], |row| row.get(0)).optional()?;
        Ok(value.map(|value| value == [1]))
    }

    /// Notes whether an open detection is stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn attacks_note(&mut self, any: bool) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
            .execute(params![ATTACKS, vec![u8::from(any)]])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use quell_model::KeyHasher;

    use super::*;

    #[test]
    fn the_last_decision_counts_until_it_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let incident = |name: &str| KeyHasher::new("incident").part(name).finish();
        let pin = |to: &str| PinRow {
            issue: KeyHasher::new("issue").finish(),
            incident: incident(to),
            from: incident("old"),
            action: HandAction::Split,
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            by: "local user".to_owned(),
        };
        let join = JoinRow {
            incident: incident("b"),
            into: incident("old"),
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            by: "local user".to_owned(),
        };
        store.decision_save(&[pin("x")], &[]).unwrap();
        store.decision_save(&[pin("y")], &[join]).unwrap();
        let (pins, joins) = store.decision_list().unwrap();
        let [kept] = pins.as_slice() else { panic!("{pins:?}") };
        assert_eq!(
            (kept.incident, kept.action, joins.len()),
            (incident("y"), HandAction::Split, 1)
        );
        assert_eq!(store.decision_remove(incident("old")).unwrap(), 2);
        assert!(store.decision_list().unwrap().0.is_empty());
    }
}
