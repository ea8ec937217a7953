//! Sorting findings into issues again, after the knowledge by which they were sorted has changed.

use quell_model::{FindingKey, IssueKey};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::answer::changed;
use crate::brief::Briefs;
use crate::facts::{Change, FindingPages};
use crate::names::Names;
use crate::{Body, Store, StoreError};

/// A finding that is to be sorted again.
#[derive(Debug)]
pub struct Unsorted {
    row: i64,
    issue: i64,
    /// Its identity.
    pub key: FindingKey,
    /// The finding.
    pub body: Body,
}

/// Where a finding belongs now.
#[derive(Debug)]
pub struct Sorted<'a> {
    /// The finding.
    pub finding: &'a Unsorted,
    /// Its issue.
    pub issue: IssueKey,
    /// The control that stands for its fault.
    pub control: Option<String>,
}

impl Store {
    /// Says by which knowledge findings are to be sorted from now on. `false` where they are
    /// already, or there are none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn identity_begin(&mut self, version: i64) -> Result<bool, StoreError> {
        let tx = self.connection.transaction()?;
        let known: Option<(i64, Option<i64>)> = tx
            .query_row("SELECT version, towards FROM identity", [], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let has_findings: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM findings)", [], |row| row.get(0))?;
        let pending = match known {
            Some((at, None)) if at == version => false,
            Some((_, Some(towards))) if towards == version && has_findings => true,
            _ if !has_findings => {
                tx.execute(
                    "INSERT OR REPLACE INTO identity (only_row, version) VALUES (1, ?1)",
                    params![version],
                )?;
                false
            }
            known => {
                // A database from before this was noted has been sorted by knowledge 0.
                let from = known.map_or(0, |(at, _)| at);
                tx.execute(
                    "INSERT OR REPLACE INTO identity (only_row, version, towards) VALUES (1, ?1, ?2)",
                    params![from, version],
                )?;
                true
            }
        };
        tx.commit()?;
        Ok(pending)
    }

    /// The next findings to be sorted again, at most `limit`; none once all are.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unsorted(&self, limit: usize) -> Result<Vec<Unsorted>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, issue, key, block, slot, body FROM findings
              WHERE id > (SELECT done_to FROM identity) ORDER BY id LIMIT ?1",
        )?;
        let mut rows = select.query(params![i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut unsorted = Vec::new();
        while let Some(row) = rows.next()? {
            let place = (row.get(3)?, row.get(4)?, row.get(5)?);
            unsorted.push(Unsorted {
                row: row.get(0)?,
                issue: row.get(1)?,
                key: FindingKey::from_bytes(row.get(2)?),
                body: self
                    .cache
                    .body(&self.connection, place)?
                    .ok_or_else(|| StoreError::Damaged("a finding has lost its body".to_owned()))?,
            });
        }
        Ok(unsorted)
    }

    /// Moves findings to where they belong now, and notes how far this has come. What a person
    /// took apart stays apart.
    ///
    /// # Errors
    /// When the database refuses; nothing of these is moved then.
    pub fn sorted(&mut self, sorted: &[Sorted<'_>]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        let mut moving = Moving::default();
        for item in sorted {
            move_finding(&tx, &mut moving, item)?;
        }
        moving.briefs.flush(&tx)?;
        moving.pages.flush(&tx)?;
        changed(&tx)?;
        if let Some(last) = sorted.last() {
            tx.execute("UPDATE identity SET done_to = ?1", params![last.finding.row])?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Ends sorting again: issues without a finding are gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn identity_end(&mut self) -> Result<(), StoreError> {
        let empty: Vec<i64> = self
            .connection
            .prepare(
                "SELECT id FROM issues
                  WHERE NOT EXISTS (SELECT 1 FROM findings f WHERE f.issue = issues.id)",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.issue_remove_empty(&empty)?;
        let tx = self.connection.transaction()?;
        tx.execute(
            "UPDATE identity SET version = coalesce(towards, version), towards = NULL, done_to = 0",
            [],
        )?;
        tx.commit()?;
        Ok(())
    }

    /// The present key of an issue that had a key between these before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_formerly(
        &self,
        lowest: IssueKey,
        highest: IssueKey,
    ) -> Result<Vec<IssueKey>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "WITH RECURSIVE now (key, steps) AS (
               SELECT new, 1 FROM issue_aliases WHERE old BETWEEN ?1 AND ?2
               UNION
               SELECT a.new, now.steps + 1 FROM now JOIN issue_aliases a ON a.old = now.key
                WHERE now.steps < 64)
             SELECT DISTINCT i.key FROM now JOIN issue_keys i ON i.key = now.key LIMIT 2",
        )?;
        let rows = select.query_map(params![lowest.as_bytes(), highest.as_bytes()], |row| {
            Ok(IssueKey::from_bytes(row.get(0)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The pages that moving findings changes.
#[derive(Default)]
struct Moving {
    briefs: Briefs,
    names: Names,
    pages: FindingPages,
}

fn move_finding(
    tx: &Transaction<'_>,
    moving: &mut Moving,
    item: &Sorted<'_>,
) -> Result<(), StoreError> {
    let Unsorted { row, issue, key, .. } = item.finding;
    let old: [u8; 16] = tx
        .prepare_cached("SELECT key FROM issues WHERE id = ?1")?
        .query_row(params![issue], |row| row.get(0))?;
    let split: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM splits WHERE finding_key = ?1)")?
        .query_row(params![key.as_bytes()], |row| row.get(0))?;
    if split {
        return Ok(());
    }
    if old == *item.issue.as_bytes() {
        tx.prepare_cached(
            "UPDATE issues SET control = ?2, dirty = 1 WHERE id = ?1 AND control IS NOT ?2",
        )?
        .execute(params![issue, item.control])?;
        return Ok(());
    }
    let key = item.issue.as_bytes();
    let known: Option<i64> = tx
        .prepare_cached("SELECT id FROM issue_keys WHERE key = ?1")?
        .query_row(params![key], |row| row.get(0))
        .optional()?;
    let new = match known {
        Some(id) => id,
        None => {
            let id = tx
                .prepare_cached("INSERT INTO issues (key, control, dirty) VALUES (?1, ?2, 1)")?
                .insert(params![key, item.control])?;
            tx.prepare_cached("INSERT INTO issue_keys (key, id) VALUES (?1, ?2)")?
                .execute(params![key, id])?;
            moving.briefs.set(tx, &mut moving.names, (id, key), None)?;
            id
        }
    };
    tx.prepare_cached("UPDATE findings SET issue = ?2 WHERE id = ?1")?
        .execute(params![row, new])?;
    moving.pages.set(tx, *row, Change::moved(new))?;
    tx.prepare_cached("UPDATE issues SET dirty = 1 WHERE id = ?1")?.execute(params![new])?;
    tx.prepare_cached("UPDATE issues SET dirty = 1 WHERE id = ?1")?.execute(params![issue])?;
    tx.prepare_cached("INSERT OR REPLACE INTO issue_aliases (old, new) VALUES (?1, ?2)")?
        .execute(params![old, item.issue.as_bytes()])?;
    // What a person decided of the issue holds for where its findings are now.
    tx.prepare_cached(
        "INSERT OR IGNORE INTO incident_pins (issue, incident, taken_from, action, decided_at, decided_by)
         SELECT ?2, incident, taken_from, action, decided_at, decided_by FROM incident_pins WHERE issue = ?1",
    )?
    .execute(params![old, item.issue.as_bytes()])?;
    tx.prepare_cached(
        "INSERT OR IGNORE INTO issue_marks (issue, kind, reason, until, marked_at, marked_by)
         SELECT ?2, kind, reason, until, marked_at, marked_by FROM issue_marks WHERE issue = ?1",
    )?
    .execute(params![old, item.issue.as_bytes()])?;
    // What is in use again is no former key.
    tx.prepare_cached("DELETE FROM issue_aliases WHERE old = ?1")?
        .execute(params![item.issue.as_bytes()])?;
    Ok(())
}
