//! What a file covers, and what it closes by being silent there.

use std::collections::{BTreeMap, HashSet};

use quell_model::Scope;
use rusqlite::params;

use crate::facts::Change;
use crate::state::ABSENT;
use crate::{Import, StoreError};

/// How much a file may close by being silent before that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostClosed {
    /// Of a hundred open findings of what it covers.
    pub percent: u8,
    /// And so many are closed in any case.
    pub always: u64,
}

/// What a file would have closed by being silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Findings.
    pub closes: u64,
    /// Of so many open ones of what it covers.
    pub open: u64,
}

/// What this file covers: for each target, the start of the scan, its checks and its places.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<String, (i64, HashSet<String>, HashSet<String>)>);

impl MostClosed {
    pub(crate) fn is_passed(self, closes: u64, open: u64) -> bool {
        closes > self.always
            && closes.saturating_mul(100) > open.saturating_mul(u64::from(self.percent))
    }
}

impl Import<'_> {
    /// Closes what vanished within the coverage, unless that is too much to believe.
    pub(crate) fn close_covered(&mut self, most: Option<MostClosed>) -> Result<(), StoreError> {
        let coverage = std::mem::take(&mut self.coverage);
        let mut open = 0;
        for (target, (_, checks, places)) in &coverage.0 {
            // Names outlast what is taken back below.
            for name in checks.iter().chain(places).chain([target]) {
                self.names.id(&self.tx, name)?;
            }
            if most.is_some() {
                let target = self.names.id(&self.tx, target)?;
                open += self
                    .tx
                    .prepare_cached(
                        "SELECT count(*) FROM findings WHERE target = ?1 AND gone_by = 0 AND reported < 2",
                    )?
                    .query_row([target], |row| row.get::<_, i64>(0))?
                    .unsigned_abs();
            }
        }
        self.tx.execute_batch("SAVEPOINT coverage")?;
        let mut gone = Vec::new();
        for (target, (at, checks, places)) in coverage.0 {
            let target = self.names.id(&self.tx, &target)?;
            self.record_coverage(target, at, (&checks, &places))?;
            gone.extend(self.absent(target)?);
        }
        let closes = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        if most.is_some_and(|most| most.is_passed(closes, open)) {
            self.tx.execute_batch("ROLLBACK TO coverage")?;
            self.seen.held = Some(Held { closes, open });
            gone.clear();
        }
        self.tx.execute_batch("RELEASE coverage")?;
        gone.into_iter().try_for_each(|(finding, issue)| self.close_absent(finding, issue))
    }

    fn record_coverage(
        &mut self,
        target: i64,
        at: i64,
        (checks, places): (&HashSet<String>, &HashSet<String>),
    ) -> Result<(), StoreError> {
        for (names, sql) in [
            (
                checks,
                "INSERT INTO covered_checks VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET scanned_at = max(scanned_at, excluded.scanned_at)",
            ),
            (
                places,
                "INSERT INTO covered_places VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET scanned_at = max(scanned_at, excluded.scanned_at)",
            ),
        ] {
            let mut sorted: Vec<&String> = names.iter().collect();
            sorted.sort_unstable();
            for name in sorted {
                let name = self.names.id(&self.tx, name)?;
                self.tx.prepare_cached(sql)?.execute(params![target, name, at])?;
            }
        }
        Ok(())
    }

    /// The open findings of a target, with their issues, that what covered it was silent about.
    /// Most were just seen, so they are passed over before their checks are looked up.
    fn absent(&self, target: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut select = self.tx.prepare_cached(
            "SELECT f.id, f.issue FROM findings f
               JOIN covered_checks c ON c.target = f.target AND c.check_name = f.check_name
               JOIN covered_places p ON p.target = f.target AND p.place = f.place
             WHERE f.target = ?1 AND f.gone_by = 0 AND f.reported < 2
               AND f.last_seen < (SELECT max(scanned_at) FROM covered_checks WHERE target = ?1)
               AND min(c.scanned_at, p.scanned_at) > f.last_seen",
        )?;
        let rows = select.query_map(params![target], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn close_absent(&mut self, finding: i64, issue: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE findings SET gone_by = ?2 WHERE id = ?1")?
            .execute(params![finding, ABSENT])?;
        self.finding_pages.set(&self.tx, finding, Change::gone())?;
        self.touched.findings.insert(finding);
        self.touch(issue, true)?;
        self.seen.closed += 1;
        Ok(())
    }
}

impl Coverage {
    pub(crate) fn note(&mut self, scope: &Scope, at: i64) {
        let known = self.0.contains_key(&scope.target);
        if !known {
            self.0.insert(scope.target.clone(), (at, HashSet::new(), HashSet::new()));
        }
        let Some((start, checks, places)) = self.0.get_mut(&scope.target) else { return };
        *start = (*start).min(at);
        if !checks.contains(&scope.check) {
            checks.insert(scope.check.clone());
        }
        if !places.contains(&scope.place) {
            places.insert(scope.place.clone());
        }
    }
}
