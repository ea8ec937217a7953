//! Writing one file's records, in one transaction.
//!
//! Whether a finding counts is a pure function of what its source says, when it was last seen,
//! and what passed or was covered later. So the order of imports does not matter, and importing
//! the same file again changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use quell_model::{FindingKey, IssueKey, Outcome, Scope, Status, Timestamp};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::names::Names;
use crate::state::{ABSENT, HERE, PASSED, micros, reported, time};
use crate::{Packed, Store, StoreError};

/// Places whose coverage is remembered while a file is read.
const MOST_COVERED: usize = 100_000;

/// A finding, ready to be written.
#[derive(Debug)]
pub struct PreparedFinding<'a> {
    /// Its identity.
    pub key: FindingKey,
    /// The identity of its issue.
    pub issue: IssueKey,
    /// The control, where the catalogue knows the rule.
    pub control: Option<&'a str>,
    /// A hash of all that is said, to tell a change from a repeat.
    pub content_hash: i64,
    /// What the source says.
    pub status: Status,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// What its scan looked at.
    pub scope: Option<&'a Scope>,
    /// Where in the file.
    pub offset_bytes: u64,
    /// The finding as JSON.
    pub body: &'a Packed,
    /// The issue as it is while this is its only finding.
    pub alone: Option<&'a Judged>,
}

/// An issue with its judgement, ready to be written.
#[derive(Debug)]
pub struct Judged {
    /// The issue as JSON.
    pub body: Packed,
    /// Whether it is open.
    pub is_open: bool,
    /// Its risk score.
    pub score: u32,
}

/// A check that raised nothing, ready to be written.
#[derive(Debug)]
pub struct PreparedEvidence<'a> {
    /// The key its finding would have.
    pub key: FindingKey,
    /// A hash of all that is said.
    pub content_hash: i64,
    /// When the check ran.
    pub observed: Timestamp,
    /// Whether it passed.
    pub passed: bool,
    /// What its scan looked at.
    pub scope: Option<&'a Scope>,
    /// The evidence as JSON.
    pub body: &'a Packed,
}

/// An asset or an activity, ready to be written.
#[derive(Debug)]
pub struct PreparedOther<'a> {
    /// Its identity.
    pub key: [u8; 16],
    /// `asset` or `activity`.
    pub kind: &'static str,
    /// A hash of all that is said.
    pub content_hash: i64,
    /// When it was seen.
    pub observed: Timestamp,
    /// It as JSON.
    pub body: &'a Packed,
}

/// What one file did to findings that it may not even name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Open findings that are gone: their check passed, or a later scan of their scope is silent.
    pub closed: u64,
    /// Findings that were gone and are back.
    pub reopened: u64,
}

/// One file being imported. Dropped without [`Import::finish`], it leaves no trace.
#[derive(Debug)]
pub struct Import<'s> {
    pub(crate) tx: Transaction<'s>,
    names: Names,
    /// Issues that this file named: their rows, and whether their judgement stands.
    issues: HashMap<IssueKey, (i64, bool)>,
    splits: HashMap<FindingKey, IssueKey>,
    coverage: Coverage,
    /// When places that this file names were last covered by a complete scan.
    covered: HashMap<(i64, i64, i64), Option<i64>>,
    /// Whether any evidence is stored that could outdate a finding.
    has_evidence: bool,
    run: i64,
    pub(crate) id: i64,
    path: i64,
    seen: Seen,
}

/// What this file covers: for each target, the start of the scan, its checks and its places.
#[derive(Debug, Default)]
struct Coverage(BTreeMap<String, (i64, HashSet<String>, HashSet<String>)>);

/// What is stored of a finding.
struct Known {
    id: i64,
    issue: i64,
    issue_key: IssueKey,
    content_hash: i64,
    last_seen: i64,
    reported: i64,
    gone_by: i64,
    import: i64,
}

impl Store {
    /// Begins a run: one call of the program that may import many files.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_run(&self, now: Timestamp) -> Result<i64, StoreError> {
        let mut insert =
            self.connection.prepare_cached("INSERT INTO runs (started_at) VALUES (?1)")?;
        Ok(insert.insert(params![micros(now)])?)
    }

    /// When this content was first imported; now, where it is new. It stands in for the time
    /// of observation in formats that carry none, so that an old file stays old.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn first_imported(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let stored: Option<i64> = self
            .connection
            .prepare_cached("SELECT imported_at FROM inputs WHERE hash = ?1")?
            .query_row(params![hash.as_slice()], |row| row.get(0))
            .optional()?;
        Ok(stored.map(|m| time(m).unwrap_or(now)))
    }

    /// Begins one file.
    ///
    /// # Errors
    /// When the database refuses, or another process writes.
    pub fn import(&mut self, run: i64, path: &str) -> Result<Import<'_>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = tx.query_row(
            "SELECT 1 + max(coalesce((SELECT max(import) FROM findings), 0),
                            coalesce((SELECT max(import) FROM evidence), 0),
                            coalesce((SELECT max(import) FROM others), 0),
                            coalesce((SELECT max(import) FROM statements), 0))",
            [],
            |row| row.get(0),
        )?;
        let mut names = Names::default();
        let path = names.id(&tx, path)?;
        let splits = read_splits(&tx)?;
        let has_evidence =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM evidence)", [], |row| row.get(0))?;
        Ok(Import {
            tx,
            names,
            issues: HashMap::new(),
            splits,
            coverage: Coverage::default(),
            covered: HashMap::new(),
            has_evidence,
            run,
            id,
            path,
            seen: Seen::default(),
        })
    }
}

fn read_splits(tx: &Transaction<'_>) -> Result<HashMap<FindingKey, IssueKey>, StoreError> {
    let mut statement = tx.prepare("SELECT finding_key, from_issue FROM splits")?;
    let rows = statement.query_map([], |row| {
        Ok((FindingKey::from_bytes(row.get(0)?), IssueKey::from_bytes(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Import<'_> {
    /// Writes one finding.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn finding(&mut self, new: &PreparedFinding<'_>) -> Result<Outcome, StoreError> {
        if let Some(scope) = new.scope {
            self.coverage.note(scope, micros(new.last_seen));
        }
        match self.known(new.key)? {
            Some(known) => self.seen_again(&known, new),
            None => self.first_seen(new),
        }
    }

    fn known(&self, key: FindingKey) -> Result<Option<Known>, StoreError> {
        let mut select = self.tx.prepare_cached(
            "SELECT f.id, f.issue, f.content_hash, f.last_seen, f.reported, f.gone_by, f.import, i.key
               FROM findings f JOIN issues i ON i.id = f.issue WHERE f.key = ?1",
        )?;
        let known = select.query_row(params![key.as_bytes()], |row| {
            Ok(Known {
                id: row.get(0)?,
                issue: row.get(1)?,
                content_hash: row.get(2)?,
                last_seen: row.get(3)?,
                reported: row.get(4)?,
                gone_by: row.get(5)?,
                import: row.get(6)?,
                issue_key: IssueKey::from_bytes(row.get(7)?),
            })
        });
        Ok(known.optional()?)
    }

    fn first_seen(&mut self, new: &PreparedFinding<'_>) -> Result<Outcome, StoreError> {
        let scope = self.scope_ids(new.scope)?;
        let gone_by = self.gone_by(new, scope)?;
        // The judgement of a finding on its own holds only while it counts as its source says.
        let alone = new.alone.filter(|_| gone_by == HERE);
        let (issue, is_new) = match self.splits.get(&new.key) {
            Some(from) => self.issue(split_key(*from, new.key), new.control, None)?,
            None => self.issue(new.issue, new.control, alone)?,
        };
        let (target, check, place) = columns(scope);
        let offset = i64::try_from(new.offset_bytes).unwrap_or(i64::MAX);
        self.tx
            .prepare_cached(
                "INSERT INTO findings (key, issue, content_hash, last_seen, reported, gone_by, run, import,
                   target, check_name, place, path, offset_bytes, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                new.key.as_bytes(),
                issue,
                new.content_hash,
                micros(new.last_seen),
                reported(new.status),
                gone_by,
                self.run,
                self.id,
                target,
                check,
                place,
                self.path,
                offset,
                new.body.as_stored()
            ])?;
        Ok(if is_new { Outcome::Created } else { Outcome::Merged })
    }

    /// The issue's row, made where it is new, and marked as touched by this run. It waits to be
    /// judged unless the judgement of its only finding is given.
    fn issue(
        &mut self,
        key: IssueKey,
        control: Option<&str>,
        alone: Option<&Judged>,
    ) -> Result<(i64, bool), StoreError> {
        if let Some((id, stands)) = self.issues.get(&key).copied() {
            if stands {
                self.touch(id, true)?;
                self.issues.insert(key, (id, false));
            }
            return Ok((id, false));
        }
        let known: Option<i64> = self
            .tx
            .prepare_cached("SELECT id FROM issues WHERE key = ?1")?
            .query_row(params![key.as_bytes()], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => {
                self.touch(id, true)?;
                id
            }
            None => self
                .tx
                .prepare_cached(
                    "INSERT INTO issues (key, control, run, dirty, body, open, score)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .insert(params![
                    key.as_bytes(),
                    control,
                    self.run,
                    alone.is_none(),
                    alone.map(|judged| judged.body.as_stored()),
                    alone.is_some_and(|judged| judged.is_open),
                    alone.map_or(0, |judged| judged.score)
                ])?,
        };
        self.issues.insert(key, (id, known.is_none() && alone.is_some()));
        Ok((id, known.is_none()))
    }

    fn touch(&self, issue: i64, changed: bool) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE issues SET run = ?2, dirty = max(dirty, ?3) WHERE id = ?1 AND (run <> ?2 OR dirty < ?3)")?
            .execute(params![issue, self.run, changed])?;
        Ok(())
    }

    fn scope_ids(&mut self, scope: Option<&Scope>) -> Result<Option<(i64, i64, i64)>, StoreError> {
        let Some(scope) = scope else { return Ok(None) };
        let target = self.names.id(&self.tx, &scope.target)?;
        let check = self.names.id(&self.tx, &scope.check)?;
        let place = self.names.id(&self.tx, &scope.place)?;
        Ok(Some((target, check, place)))
    }

    /// Whether news that is already known makes a finding of that time stale.
    fn gone_by(
        &mut self,
        new: &PreparedFinding<'_>,
        scope: Option<(i64, i64, i64)>,
    ) -> Result<i64, StoreError> {
        let passed = self.has_evidence
            && self
                .tx
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM evidence WHERE key = ?1 AND passed = 1 AND observed > ?2)")?
                .query_row(params![new.key.as_bytes(), micros(new.last_seen)], |row| row.get(0))?;
        if passed {
            return Ok(PASSED);
        }
        let Some(scope) = scope else { return Ok(HERE) };
        let covered = self.covered_at(scope)?;
        Ok(if covered.is_some_and(|at| at > micros(new.last_seen)) { ABSENT } else { HERE })
    }

    /// When a check was last run to its end in a place, before this file.
    fn covered_at(&mut self, scope: (i64, i64, i64)) -> Result<Option<i64>, StoreError> {
        if let Some(known) = self.covered.get(&scope) {
            return Ok(*known);
        }
        let (target, check, place) = scope;
        let at = self
            .tx
            .prepare_cached(
                "SELECT min(c.scanned_at, p.scanned_at)
                   FROM covered_checks c JOIN covered_places p ON p.target = c.target
                  WHERE c.target = ?1 AND c.check_name = ?2 AND p.place = ?3",
            )?
            .query_row(params![target, check, place], |row| row.get(0))
            .optional()?;
        if self.covered.len() == MOST_COVERED {
            self.covered.clear();
        }
        self.covered.insert(scope, at);
        Ok(at)
    }

    fn seen_again(
        &mut self,
        known: &Known,
        new: &PreparedFinding<'_>,
    ) -> Result<Outcome, StoreError> {
        let repeated = known.import == self.id;
        let at = micros(new.last_seen);
        // Older news changes nothing; of two contents of one moment the same one always stays.
        let news = (at, new.content_hash).cmp(&(known.last_seen, known.content_hash));
        // A finding that a person took out of its issue stays where it was put.
        let moved = known.issue_key != new.issue && !self.splits.contains_key(&new.key);
        // What stands may belong elsewhere once the catalogue knows its rule.
        if news.is_lt() || (news.is_eq() && !moved) {
            self.tx
                .prepare_cached("UPDATE findings SET run = ?2, import = ?3 WHERE id = ?1")?
                .execute(params![known.id, self.run, self.id])?;
            self.touch(known.issue, false)?;
            return Ok(Outcome::Unchanged);
        }
        let scope = self.scope_ids(new.scope)?;
        let gone_by = self.gone_by(new, scope)?;
        let was_gone = known.gone_by != HERE || known.reported == reported(Status::Resolved);
        let is_gone = gone_by != HERE || new.status == Status::Resolved;
        if known.content_hash == new.content_hash && was_gone == is_gone && !moved {
            self.tx
                .prepare_cached(
                    "UPDATE findings SET last_seen = ?2, run = ?3, import = ?4, path = ?5 WHERE id = ?1",
                )?
                .execute(params![known.id, at, self.run, self.id, self.path])?;
            self.touch(known.issue, false)?;
            return Ok(Outcome::Unchanged);
        }
        self.seen.reopened += u64::from(was_gone && !is_gone);
        self.seen.closed += u64::from(!was_gone && is_gone);
        let (target, check, place) = columns(scope);
        let offset = i64::try_from(new.offset_bytes).unwrap_or(i64::MAX);
        let issue = if moved { self.issue(new.issue, new.control, None)?.0 } else { known.issue };
        self.tx
            .prepare_cached(
                "UPDATE findings SET content_hash = ?2, last_seen = ?3, reported = ?4, gone_by = ?5, run = ?6,
                   import = ?7, path = ?8, offset_bytes = ?9, body = ?10, issue = ?11,
                   target = ?12, check_name = ?13, place = ?14 WHERE id = ?1",
            )?
            .execute(params![
                known.id,
                new.content_hash,
                at,
                reported(new.status),
                gone_by,
                self.run,
                self.id,
                self.path,
                offset,
                new.body.as_stored(),
                issue,
                target,
                check,
                place
            ])?;
        self.touch(known.issue, true)?;
        Ok(if repeated { Outcome::Merged } else { Outcome::Updated })
    }

    /// Writes one piece of evidence; a pass closes the older finding of its key.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn evidence(&mut self, new: &PreparedEvidence<'_>) -> Result<Outcome, StoreError> {
        let at = micros(new.observed);
        if let Some(scope) = new.scope {
            self.coverage.note(scope, at);
        }
        let known: Option<(i64, i64, i64)> = self
            .tx
            .prepare_cached("SELECT content_hash, observed, import FROM evidence WHERE key = ?1")?
            .query_row(params![new.key.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (outcome, newer) = self.settle(known, at, new.content_hash);
        if !newer {
            return Ok(outcome);
        }
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO evidence (key, content_hash, observed, passed, import, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![new.key.as_bytes(), new.content_hash, at, new.passed, self.id, new.body.as_stored()])?;
        self.has_evidence = true;
        if new.passed {
            self.close_passed(new.key, at)?;
        }
        Ok(outcome)
    }

    /// The outcome for a record of which `(content hash, time, import)` is stored, and whether
    /// it is news that must be written.
    pub(crate) fn settle(
        &mut self,
        known: Option<(i64, i64, i64)>,
        at: i64,
        content_hash: i64,
    ) -> (Outcome, bool) {
        let Some((known_hash, known_at, import)) = known else { return (Outcome::Created, true) };
        let newer = (at, content_hash) > (known_at, known_hash);
        let outcome = match (newer && known_hash != content_hash, import == self.id) {
            (false, _) => Outcome::Unchanged,
            (true, true) => Outcome::Merged,
            (true, false) => Outcome::Updated,
        };
        (outcome, newer)
    }

    fn close_passed(&mut self, key: FindingKey, at: i64) -> Result<(), StoreError> {
        let Some(known) = self.known(key)? else { return Ok(()) };
        if known.gone_by != HERE
            || known.last_seen >= at
            || known.reported >= reported(Status::Suppressed)
        {
            return Ok(());
        }
        self.tx
            .prepare_cached("UPDATE findings SET gone_by = ?2, run = ?3 WHERE id = ?1")?
            .execute(params![known.id, PASSED, self.run])?;
        self.seen.closed += 1;
        self.touch(known.issue, true)
    }

    /// Writes one asset or activity.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn other(&mut self, new: &PreparedOther<'_>) -> Result<Outcome, StoreError> {
        let at = micros(new.observed);
        let known: Option<(i64, i64, i64)> = self
            .tx
            .prepare_cached("SELECT content_hash, observed, import FROM others WHERE key = ?1")?
            .query_row(params![new.key.as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (outcome, newer) = self.settle(known, at, new.content_hash);
        if newer {
            self.tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO others (key, kind, content_hash, observed, import, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![new.key.as_slice(), new.kind, new.content_hash, at, self.id, new.body.as_stored()])?;
        }
        Ok(outcome)
    }

    /// Notes that the file covers a check and a place, although no record says so.
    pub fn cover(&mut self, scope: &Scope, at: Timestamp) {
        self.coverage.note(scope, micros(at));
    }

    /// Ends the file: closes what vanished within its coverage, if it was complete, and commits.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn finish(mut self, input: &FinishedInput<'_>) -> Result<Seen, StoreError> {
        if input.complete {
            let coverage = std::mem::take(&mut self.coverage);
            for (target, (at, checks, places)) in coverage.0 {
                let target = self.names.id(&self.tx, &target)?;
                self.record_coverage(target, at, (&checks, &places))?;
                self.close_absent(target)?;
            }
        }
        self.tx.execute(
            "INSERT OR IGNORE INTO inputs (hash, path, format, imported_at) VALUES (?1, ?2, ?3, ?4)",
            params![input.hash.as_slice(), input.path, input.format, micros(input.imported_at)],
        )?;
        self.tx.commit()?;
        Ok(self.seen)
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

    fn close_absent(&mut self, target: i64) -> Result<(), StoreError> {
        let gone: Vec<(i64, i64)> = self
            .tx
            .prepare_cached(
                "SELECT f.id, f.issue FROM findings f
                   JOIN covered_checks c ON c.target = f.target AND c.check_name = f.check_name
                   JOIN covered_places p ON p.target = f.target AND p.place = f.place
                 WHERE f.target = ?1 AND f.gone_by = 0 AND f.reported < 2
                   AND min(c.scanned_at, p.scanned_at) > f.last_seen",
            )?
            .query_map(params![target], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (finding, issue) in gone {
            self.tx
                .prepare_cached("UPDATE findings SET gone_by = ?2, run = ?3 WHERE id = ?1")?
                .execute(params![finding, ABSENT, self.run])?;
            self.touch(issue, true)?;
            self.seen.closed += 1;
        }
        Ok(())
    }
}

/// What is known of a file once it has been read.
#[derive(Debug)]
pub struct FinishedInput<'a> {
    /// The hash of its decompressed bytes.
    pub hash: &'a [u8; 32],
    /// Its name.
    pub path: &'a str,
    /// The source that read it.
    pub format: &'a str,
    /// When its content was first imported.
    pub imported_at: Timestamp,
    /// Whether it was read to its proper end; only then does absence count.
    pub complete: bool,
}

/// A scope as three columns of the findings.
fn columns(scope: Option<(i64, i64, i64)>) -> (Option<i64>, Option<i64>, Option<i64>) {
    scope.map_or((None, None, None), |(t, c, p)| (Some(t), Some(c), Some(p)))
}

/// The issue of a finding that was taken out of another.
pub(crate) fn split_key(from: IssueKey, finding: FindingKey) -> IssueKey {
    quell_model::KeyHasher::new("split").part(&from.to_string()).part(&finding.to_string()).finish()
}

impl Coverage {
    fn note(&mut self, scope: &Scope, at: i64) {
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
