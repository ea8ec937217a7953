//! What people say of issues.

use quell_model::{Date, IssueKey, Mark, MarkKind, Timestamp, Untrusted};
use rusqlite::{OptionalExtension, Row, params};

use crate::answer::changed;
use crate::state::{micros, time};
use crate::{IdSet, Store, StoreError};

const COLUMNS: &str = "kind, reason, until, marked_at, marked_by";

/// Which issues are wanted by how they are marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkFilter {
    /// Marked so.
    pub kinds: Vec<MarkKind>,
    /// Also those that are not marked.
    pub unmarked: bool,
}

/// Some rows, or all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Among {
    rows: IdSet,
    inside: bool,
}

impl Among {
    /// Whether a row is one of them.
    #[must_use]
    pub fn holds(&self, row: i64) -> bool {
        self.rows.contains(row) == self.inside
    }
}

fn mark(row: &Row<'_>, today: Date) -> rusqlite::Result<Option<Mark>> {
    let (kind, until): (String, Option<String>) = (row.get(0)?, row.get(2)?);
    // A word of a newer program says nothing to this one.
    let Some(kind) = MarkKind::from_word(&kind) else { return Ok(None) };
    let until: Option<Date> = until.and_then(|day| day.parse().ok());
    Ok(Some(Mark {
        kind,
        reason: Untrusted::from(row.get::<_, String>(1)?),
        until,
        at: time(row.get(3)?).unwrap_or(Timestamp::UNIX_EPOCH),
        by: Untrusted::from(row.get::<_, String>(4)?),
        ended: until.is_some_and(|until| until < today),
    }))
}

impl Store {
    /// How an issue is marked, seen from a day.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_get(&self, issue: IssueKey, today: Date) -> Result<Option<Mark>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM issue_marks WHERE issue = ?1");
        let mut select = self.connection.prepare_cached(&sql)?;
        let found =
            select.query_row(params![issue.as_bytes()], |row| mark(row, today)).optional()?;
        Ok(found.flatten())
    }

    /// Every mark with its issue, seen from a day, in the order of the issues' keys.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_list(&self, today: Date) -> Result<Vec<(IssueKey, Mark)>, StoreError> {
        let sql = format!("SELECT {COLUMNS}, issue FROM issue_marks ORDER BY issue");
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map([], |row| {
            Ok(mark(row, today)?.zip(Some(IssueKey::from_bytes(row.get(5)?))))
        })?;
        let found: Vec<_> = rows.collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().map(|(mark, issue)| (issue, mark)).collect())
    }

    /// The rows of the issues that are marked so, seen from a day; `None` where all fit.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_rows(&self, wanted: &MarkFilter, today: Date) -> Result<Option<Among>, StoreError> {
        if wanted.kinds.is_empty() && !wanted.unmarked {
            return Ok(None);
        }
        let mut select =
            self.connection.prepare_cached("SELECT id FROM issue_keys WHERE key = ?1")?;
        let mut rows = IdSet::default();
        for (issue, mark) in self.mark_list(today)? {
            if !mark.ended && wanted.kinds.contains(&mark.kind) != wanted.unmarked {
                let row = select.query_row(params![issue.as_bytes()], |row| row.get(0));
                row.optional()?.map(|row| rows.insert(row));
            }
        }
        Ok(Some(Among { rows, inside: !wanted.unmarked }))
    }

    /// Marks issues, all or none. One that is marked the same already stays as it is. Says how
    /// many were not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_save(&mut self, issues: &[IssueKey], mark: &Mark) -> Result<usize, StoreError> {
        let tx = self.connection.transaction()?;
        let until = mark.until.map(|day| day.to_string());
        let mut saved = 0;
        for issue in issues {
            saved += tx
                .prepare_cached(
                    "INSERT INTO issue_marks VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT DO UPDATE SET kind = ?2, reason = ?3, until = ?4, marked_at = ?5,
                     marked_by = ?6 WHERE (kind, reason) <> (?2, ?3) OR until IS NOT ?4",
                )?
                .execute(params![
                    issue.as_bytes(),
                    mark.kind.as_str(),
                    mark.reason.raw(),
                    until,
                    micros(mark.at),
                    mark.by.raw()
                ])?;
        }
        if saved > 0 {
            changed(&tx)?;
        }
        tx.commit()?;
        Ok(saved)
    }

    /// Takes the marks of issues back, all or none. Says how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_remove(&mut self, issues: &[IssueKey]) -> Result<usize, StoreError> {
        let tx = self.connection.transaction()?;
        let mut removed = 0;
        for issue in issues {
            removed += tx
                .prepare_cached("DELETE FROM issue_marks WHERE issue = ?1")?
                .execute(params![issue.as_bytes()])?;
        }
        if removed > 0 {
            changed(&tx)?;
        }
        tx.commit()?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use quell_model::KeyHasher;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn marked(kind: MarkKind, until: Option<&str>, at: &str) -> Mark {
        Mark {
            kind,
            reason: "seen by hand".into(),
            until: until.map(day),
            at: at.parse().unwrap(),
            by: "local user".into(),
            ended: false,
        }
    }

    #[test]
    fn the_same_mark_again_changes_nothing_and_another_one_replaces_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let issue = KeyHasher::new("issue").finish();
        let today = day("2026-11-21");
        let first = marked(MarkKind::Accepted, Some("2026-11-21"), "2026-11-01T00:00:00Z");
        assert_eq!(store.mark_save(&[issue], &first).unwrap(), 1);
        let changes = store.changes().unwrap();
        let later = Mark { at: "2026-11-02T00:00:00Z".parse().unwrap(), ..first.clone() };
        assert_eq!(store.mark_save(&[issue], &later).unwrap(), 0);
        assert_eq!(store.mark_get(issue, today).unwrap(), Some(first.clone()));
        assert_eq!(store.changes().unwrap(), changes);
        let ended = store.mark_get(issue, day("2026-11-22")).unwrap().unwrap();
        assert!(ended.ended && !first.ended);
        let other = marked(MarkKind::Accepted, None, "2026-11-03T00:00:00Z");
        assert_eq!(store.mark_save(&[issue], &other).unwrap(), 1);
        assert_eq!(store.mark_list(today).unwrap(), [(issue, other)]);
        assert_eq!(store.mark_remove(&[issue]).unwrap(), 1);
        assert_eq!(store.mark_remove(&[issue]).unwrap(), 0);
        assert_eq!(store.mark_get(issue, today).unwrap(), None);
    }

    #[test]
    fn what_is_asked_for_by_marks_is_some_rows_or_all_others() {
        use MarkKind::{Accepted, FalsePositive, InProgress};

        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let today = day("2026-11-21");
        let key = |name: &str| KeyHasher::new("issue").part(name).finish();
        for (row, name) in [(1, "wrong"), (2, "accepted"), (3, "over"), (4, "plain")] {
            let key: IssueKey = key(name);
            store
                .connection
                .execute(
                    "INSERT INTO issue_keys (key, id) VALUES (?1, ?2)",
                    params![key.as_bytes(), row],
                )
                .unwrap();
        }
        let at = "2026-11-01T00:00:00Z";
        for (name, kind, until) in [
            ("wrong", FalsePositive, None),
            ("accepted", Accepted, Some("2027-01-01")),
            ("over", Accepted, Some("2026-11-20")),
        ] {
            store.mark_save(&[key(name)], &marked(kind, until, at)).unwrap();
        }
        let ask = |kinds: &[MarkKind], unmarked| {
            let among = store.mark_rows(&MarkFilter { kinds: kinds.to_vec(), unmarked }, today);
            let among = among.unwrap().unwrap();
            (1..=4).filter(|row| among.holds(*row)).collect::<Vec<i64>>()
        };
        assert_eq!(ask(&[Accepted], false), [2]);
        assert_eq!(ask(&[InProgress], false), [0; 0]);
        assert_eq!(ask(&[], true), [3, 4]);
        assert_eq!(ask(&[FalsePositive], true), [1, 3, 4]);
        assert_eq!(ask(&[FalsePositive, Accepted, InProgress], false), [1, 2]);
        assert!(store.mark_rows(&MarkFilter::default(), today).unwrap().is_none());
    }
}
