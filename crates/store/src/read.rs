//! Reading: what a run touched, what is open, what waits to be assessed; and taking issues apart.

use quell_model::{FindingKey, IssueKey, Timestamp};
use rusqlite::{OptionalExtension, Params, Row, Transaction, params};

use crate::answer::changed;
use crate::block::{Blocks, Owner, Place};
use crate::brief::Briefs;
use crate::facts::{Change, FindingPages};
use crate::import::split_key;
use crate::names::Names;
use crate::state::{effective, is_absent, micros, time};
use crate::{
    AssessedIssue, AssessedIssues, DirtyIssue, FindingRow, IdSet, IssueRow, Store, StoreError,
    StoredState,
};

/// Issues on their way into the tables.
struct Saving<'t> {
    tx: &'t Transaction<'t>,
    blocks: Blocks,
    briefs: Briefs,
    names: Names,
}

impl Saving<'_> {
    /// One that is no longer there is left out.
    fn issue(&mut self, new: &AssessedIssue<'_>) -> Result<(), StoreError> {
        let AssessedIssue { id, body, brief } = new;
        let mut select = self.tx.prepare_cached("SELECT key, block FROM issues WHERE id = ?1")?;
        let known: Option<([u8; 16], Option<i64>)> =
            select.query_row(params![id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((key, known)) = known else { return Ok(()) };
        self.blocks.release(Owner::Issue(*id), known);
        let (block, slot, body) = self.blocks.place(Owner::Issue(*id), *body);
        self.tx
            .prepare_cached(
                "UPDATE issues SET body = ?2, open = ?3, score = ?4, dirty = 0, block = ?5,
                   slot = ?6 WHERE id = ?1",
            )?
            .execute(params![id, body, brief.status.is_open(), brief.score, block, slot])?;
        self.briefs.set(self.tx, &mut self.names, (*id, &key), Some(brief))
    }
}

const FINDING: &str =
    "SELECT f.key, f.issue, f.reported, f.gone_by, n.name, f.offset_bytes, f.last_seen, f.block, f.slot, f.body
   FROM findings f JOIN names n ON n.id = f.path";
const ISSUE: &str = "SELECT id, key, control, block, slot, body FROM issues";

/// Reads the place of a body that begins at a column.
fn place(row: &Row<'_>, column: usize) -> rusqlite::Result<Place> {
    Ok((row.get(column)?, row.get(column + 1)?, row.get(column + 2)?))
}

impl Store {
    fn issues(&self, rest: &str, values: impl Params) -> Result<Vec<IssueRow>, StoreError> {
        let mut select = self.connection.prepare_cached(&format!("{ISSUE} {rest}"))?;
        let mut rows = select.query(values)?;
        let mut issues = Vec::new();
        while let Some(row) = rows.next()? {
            issues.push(IssueRow {
                id: row.get(0)?,
                key: IssueKey::from_bytes(row.get(1)?),
                control: row.get(2)?,
                body: self.cache.body(&self.connection, place(row, 3)?)?,
            });
        }
        Ok(issues)
    }

    /// Issues whose findings changed since they were last assessed, up to `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_list_dirty(&self, limit: u32) -> Result<Vec<DirtyIssue>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, key, control FROM issues WHERE dirty = 1 ORDER BY id LIMIT ?1",
        )?;
        let rows = select.query_map(params![limit], |row| {
            let key = IssueKey::from_bytes(row.get(1)?);
            Ok(DirtyIssue { id: row.get(0)?, key, control: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Assessed issues behind a row, in the order of their rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_page(&self, after: i64, limit: u32) -> Result<Vec<IssueRow>, StoreError> {
        self.issues(
            "WHERE id > ?1 AND (body IS NOT NULL OR block IS NOT NULL) ORDER BY id LIMIT ?2",
            params![after, limit],
        )
    }

    /// One issue, by its row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_get(&self, id: i64) -> Result<Option<IssueRow>, StoreError> {
        Ok(self.issues("WHERE id = ?1", params![id])?.pop())
    }

    /// The key of an issue, by its row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_key(&self, id: i64) -> Result<Option<IssueKey>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT key FROM issues WHERE id = ?1")?;
        let row = select.query_row(params![id], |row| Ok(IssueKey::from_bytes(row.get(0)?)));
        Ok(row.optional()?)
    }

    /// The findings of one issue, in the order of their keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_list(&self, issue: i64) -> Result<Vec<FindingRow>, StoreError> {
        self.findings("WHERE f.issue = ?1 ORDER BY f.key", params![issue])
    }

    /// One finding, by its row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_get(&self, id: i64) -> Result<Option<FindingRow>, StoreError> {
        Ok(self.findings("WHERE f.id = ?1", params![id])?.pop())
    }

    /// Up to two findings whose keys lie between these two, ends included: enough to tell whether
    /// the first characters of an id name one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_between(
        &self,
        lowest: FindingKey,
        highest: FindingKey,
    ) -> Result<Vec<FindingRow>, StoreError> {
        self.findings(
            "WHERE f.id IN (SELECT id FROM finding_keys WHERE key BETWEEN ?1 AND ?2 LIMIT 2)",
            params![lowest.as_bytes(), highest.as_bytes()],
        )
    }

    fn findings(&self, rest: &str, values: impl Params) -> Result<Vec<FindingRow>, StoreError> {
        let mut select = self.connection.prepare_cached(&format!("{FINDING} {rest}"))?;
        let mut rows = select.query(values)?;
        let mut findings = Vec::new();
        while let Some(row) = rows.next()? {
            let gone_by: i64 = row.get(3)?;
            let status = effective(row.get(2)?, gone_by);
            let offset: i64 = row.get(5)?;
            findings.push(FindingRow {
                key: FindingKey::from_bytes(row.get(0)?),
                issue: row.get(1)?,
                state: StoredState { status, vanished: is_absent(gone_by) },
                path: row.get(4)?,
                offset_bytes: u64::try_from(offset).unwrap_or(0),
                last_seen: time(row.get(6)?),
                body: self
                    .cache
                    .body(&self.connection, place(row, 7)?)?
                    .ok_or_else(|| StoreError::Damaged("a finding has lost its body".to_owned()))?,
            });
        }
        Ok(findings)
    }

    /// How many findings are open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_count_all_open(&self) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT (SELECT count(*) FROM findings)
               - (SELECT count(*) FROM findings WHERE gone_by <> 0 OR reported >= 2)",
        )?;
        Ok(select.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// How many of some findings are open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_count_open(&self, among: &IdSet) -> Result<u64, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT id FROM findings WHERE gone_by <> 0 OR reported >= 2")?;
        let mut rows = select.query([])?;
        let mut open = among.len();
        while let Some(row) = rows.next()? {
            open -= usize::from(among.contains(row.get(0)?));
        }
        Ok(u64::try_from(open).unwrap_or(u64::MAX))
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
        self.issues(
            "WHERE id IN (SELECT id FROM issue_keys WHERE key BETWEEN ?1 AND ?2 LIMIT 2)",
            params![lowest.as_bytes(), highest.as_bytes()],
        )
    }

    /// Stores what assessing made of issues.
    ///
    /// # Errors
    /// When the database refuses; none of them is then stored.
    pub fn issue_save(&mut self, assessed: &[AssessedIssues<'_>]) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        let mut saving = Saving {
            blocks: Blocks::open(&tx)?,
            briefs: Briefs::default(),
            names: Names::default(),
            tx: &tx,
        };
        for AssessedIssues { issues, block } in assessed {
            issues.iter().try_for_each(|issue| saving.issue(issue))?;
            block.map_or(Ok(()), |block| saving.blocks.take(&tx, block))?;
        }
        saving.briefs.flush(&tx)?;
        saving.blocks.finish(&tx)?;
        changed(&tx)?;
        tx.commit()?;
        Ok(())
    }

    /// Removes issues that have lost their last finding to a split.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_remove_empty(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let tx = self.connection.transaction()?;
        let (mut briefs, mut names) = (Briefs::default(), Names::default());
        let mut blocks = Blocks::open(&tx)?;
        for id in ids {
            let removed: Option<([u8; 16], Option<i64>)> = tx
                .prepare_cached(
                    "DELETE FROM issues WHERE id = ?1
                       AND NOT EXISTS (SELECT 1 FROM findings WHERE issue = ?1)
                     RETURNING key, block",
                )?
                .query_row(params![id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((key, block)) = removed else { continue };
            blocks.release(Owner::Issue(*id), block);
            tx.prepare_cached("DELETE FROM issue_keys WHERE key = ?1")?.execute(params![key])?;
            briefs.set(&tx, &mut names, (*id, &key), None)?;
        }
        briefs.flush(&tx)?;
        blocks.finish(&tx)?;
        changed(&tx)?;
        tx.commit()?;
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
        let found: Option<(i64, i64, [u8; 16], Option<String>)> = tx
            .query_row(
                "SELECT f.id, i.id, i.key, i.control FROM finding_keys k
                   JOIN findings f ON f.id = k.id JOIN issues i ON i.id = f.issue WHERE k.key = ?1",
                params![finding.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let Some((row, old, from, control)) = found else { return Ok(None) };
        let from = IssueKey::from_bytes(from);
        let key = split_key(from, finding);
        tx.execute(
            "INSERT OR IGNORE INTO splits (finding_key, from_issue, split_at) VALUES (?1, ?2, ?3)",
            params![finding.as_bytes(), from.as_bytes(), micros(now)],
        )?;
        let known: Option<i64> = tx
            .query_row("SELECT id FROM issue_keys WHERE key = ?1", params![key.as_bytes()], |r| {
                r.get(0)
            })
            .optional()?;
        let new = match known {
            Some(id) => id,
            None => {
                tx.execute(
                    "INSERT INTO issues (key, control, dirty) VALUES (?1, ?2, 1)",
                    params![key.as_bytes(), control],
                )?;
                let id = tx.last_insert_rowid();
                tx.execute(
                    "INSERT INTO issue_keys (key, id) VALUES (?1, ?2)",
                    params![key.as_bytes(), id],
                )?;
                id
            }
        };
        tx.execute("UPDATE findings SET issue = ?2 WHERE id = ?1", params![row, new])?;
        let mut pages = FindingPages::default();
        pages.set(&tx, row, Change::moved(new))?;
        pages.flush(&tx)?;
        tx.execute("UPDATE issues SET dirty = 1 WHERE id IN (?1, ?2)", params![old, new])?;
        changed(&tx)?;
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
