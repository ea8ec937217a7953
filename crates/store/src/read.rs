//! Reading: what a run touched, what is open, what waits to be assessed; and taking issues apart.

use quell_model::{FindingKey, IssueKey, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use crate::import::split_key;
use crate::state::{ABSENT, effective, micros, time};
use crate::{AssessedIssue, FindingRow, IssueRow, Judged, Packed, Store, StoreError, StoredState};

const FINDING: &str =
    "SELECT f.key, f.issue, f.reported, f.gone_by, n.name, f.offset_bytes, f.body, f.last_seen
   FROM findings f JOIN names n ON n.id = f.path";

fn finding_row(row: &Row<'_>) -> rusqlite::Result<FindingRow> {
    let gone_by: i64 = row.get(3)?;
    let offset: i64 = row.get(5)?;
    Ok(FindingRow {
        key: FindingKey::from_bytes(row.get(0)?),
        issue: row.get(1)?,
        state: StoredState { status: effective(row.get(2)?, gone_by), vanished: gone_by == ABSENT },
        path: row.get(4)?,
        offset_bytes: u64::try_from(offset).unwrap_or(0),
        body: Packed::from_stored(row.get(6)?),
        last_seen: time(row.get(7)?),
    })
}

fn issue_row(row: &Row<'_>) -> rusqlite::Result<IssueRow> {
    Ok(IssueRow {
        id: row.get(0)?,
        key: IssueKey::from_bytes(row.get(1)?),
        control: row.get(2)?,
        body: row.get::<_, Option<Vec<u8>>>(3)?.map(Packed::from_stored),
    })
}

impl Store {
    /// Issues whose findings changed since they were last assessed, up to `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_list_dirty(&self, limit: u32) -> Result<Vec<IssueRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, key, control, body FROM issues WHERE dirty = 1 ORDER BY id LIMIT ?1",
        )?;
        let rows = select.query_map(params![limit], issue_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Assessed issues after a key, in the order of their keys: those a run touched, or all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_page(
        &self,
        run: Option<i64>,
        after: Option<IssueKey>,
        limit: u32,
    ) -> Result<Vec<IssueRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, key, control, body FROM issues
             WHERE body IS NOT NULL AND (?1 IS NULL OR run = ?1) AND key > ?2 ORDER BY key LIMIT ?3",
        )?;
        let after = after.map_or(Vec::new(), |key| key.as_bytes().to_vec());
        let rows = select.query_map(params![run, after, limit], issue_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One issue, by its row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_get(&self, id: i64) -> Result<Option<IssueRow>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT id, key, control, body FROM issues WHERE id = ?1")?;
        Ok(select.query_row(params![id], issue_row).optional()?)
    }

    /// The findings of one issue, in the order of their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_list(&self, issue: i64) -> Result<Vec<FindingRow>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached(&format!("{FINDING} WHERE f.issue = ?1 ORDER BY f.key"))?;
        let rows = select.query_map(params![issue], finding_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Findings that a run saw, and how many of them are open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_count(&self, run: i64) -> Result<(u64, u64), StoreError> {
        let counts: (i64, i64) = self.connection.query_row(
            "SELECT count(*), coalesce(sum(gone_by = 0 AND reported < 2), 0) FROM findings
             WHERE run = ?1",
            params![run],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok((u64::try_from(counts.0).unwrap_or(0), u64::try_from(counts.1).unwrap_or(0)))
    }

    /// Up to two issues whose keys lie between these two, ends included: enough to tell whether
    /// the first characters of an id name one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_between(
        &self,
        lowest: IssueKey,
        highest: IssueKey,
    ) -> Result<Vec<IssueRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, key, control, body FROM issues WHERE key BETWEEN ?1 AND ?2 LIMIT 2",
        )?;
        let rows = select.query_map(params![lowest.as_bytes(), highest.as_bytes()], issue_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many issues are open that a run did not touch.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_count_elsewhere(&self, run: i64) -> Result<u64, StoreError> {
        let count: i64 = self.connection.query_row(
            "SELECT count(*) FROM issues WHERE open = 1 AND run <> ?1",
            params![run],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Stores what assessing made of issues.
    ///
    /// # Errors
    /// When the database refuses; none of them is then stored.
    pub fn issue_save(&mut self, assessed: &[AssessedIssue<'_>]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        {
            let mut update = tx.prepare_cached(
                "UPDATE issues SET body = ?2, open = ?3, score = ?4, dirty = 0 WHERE id = ?1",
            )?;
            for item in assessed {
                let Judged { body, is_open, score } = item.judged;
                update.execute(params![item.id, body.as_stored(), is_open, score])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Removes issues that have lost their last finding to a split.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_remove_empty(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        for id in ids {
            self.connection
                .prepare_cached(
                    "DELETE FROM issues WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM findings WHERE issue = ?1)",
                )?
                .execute(params![id])?;
        }
        Ok(())
    }

    /// Takes one finding out of its issue, for good, and says the key of its new one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_split(
        &mut self,
        finding: FindingKey,
        now: Timestamp,
    ) -> Result<Option<IssueKey>, StoreError> {
        let tx = self.connection.transaction()?;
        let found: Option<(i64, i64, [u8; 16], i64)> = tx
            .query_row(
                "SELECT f.id, i.id, i.key, i.run FROM findings f JOIN issues i ON i.id = f.issue WHERE f.key = ?1",
                params![finding.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let Some((row, old, from, run)) = found else { return Ok(None) };
        let from = IssueKey::from_bytes(from);
        let key = split_key(from, finding);
        let control: Option<String> =
            tx.query_row("SELECT control FROM issues WHERE id = ?1", params![old], |r| r.get(0))?;
        tx.execute(
            "INSERT OR IGNORE INTO splits (finding_key, from_issue, split_at) VALUES (?1, ?2, ?3)",
            params![finding.as_bytes(), from.as_bytes(), micros(now)],
        )?;
        tx.execute(
            "INSERT OR IGNORE INTO issues (key, control, run, dirty) VALUES (?1, ?2, ?3, 1)",
            params![key.as_bytes(), control, run],
        )?;
        let new: i64 =
            tx.query_row("SELECT id FROM issues WHERE key = ?1", params![key.as_bytes()], |r| {
                r.get(0)
            })?;
        tx.execute("UPDATE findings SET issue = ?2 WHERE id = ?1", params![row, new])?;
        tx.execute("UPDATE issues SET dirty = 1 WHERE id IN (?1, ?2)", params![old, new])?;
        tx.commit()?;
        Ok(Some(key))
    }

    /// The issue a finding was split from, where it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn split_get(&self, finding: FindingKey) -> Result<Option<IssueKey>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT from_issue FROM splits WHERE finding_key = ?1")?;
        Ok(select
            .query_row(params![finding.as_bytes()], |row| Ok(IssueKey::from_bytes(row.get(0)?)))
            .optional()?)
    }
}
