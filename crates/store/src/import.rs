//! Writing one file's records, in one transaction.
//!
//! Whether a finding counts is a pure function of what its source says, when it was last seen,
//! and what passed or was covered later. So the order of imports does not matter, and importing
//! the same file again changes nothing.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

use quell_model::{FindingKey, IssueKey, Outcome, Scope, Severity, Status, Teller, Timestamp};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::answer::changed;
use crate::block::{Blocks, Owner};
use crate::brief::Briefs;
use crate::coverage::Coverage;
use crate::facts::{Change, FindingPages, Said};
use crate::keys::{self, Keys};
use crate::names::Names;
use crate::pages::{self, Kind};
use crate::state::{ABSENT, HERE, PASSED, effective, micros, reported, time};
use crate::{Block, Brief, Held, IdSet, MostClosed, Packed, Store, StoreError};

/// The setting that counts imports.
const LAST_IMPORT: &str = "last_import";
/// The setting that says when any finding was last seen.
pub(crate) const NEWEST: &str = "newest_finding";
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
    /// How bad the source says it is.
    pub severity: Severity,
    /// The tool that says so.
    pub tool: &'a str,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// What its scan looked at.
    pub scope: Option<&'a Scope>,
    /// Where in the file.
    pub offset_bytes: u64,
    /// The finding as JSON.
    pub body: NewBody<'a>,
    /// The issue as it is while this is its only finding.
    pub alone: Option<(&'a Brief, NewBody<'a>)>,
}

/// A body that is to be stored.
#[derive(Debug, Clone, Copy)]
pub enum NewBody<'a> {
    /// At this place of the block that [`Import::block`] is given next.
    InBlock(u32),
    /// In the row.
    Alone(&'a Packed),
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

/// What a run touched.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Rows of findings that its files held, or closed.
    pub findings: IdSet,
    /// Rows of the issues of those.
    pub issues: IdSet,
    /// Rows of relations that its files held.
    pub relations: IdSet,
}

/// What one file did to findings that it may not even name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Open findings that are gone: their check passed, or a later scan of their scope is silent.
    pub closed: u64,
    /// Findings that were gone and are back.
    pub reopened: u64,
    /// What it would have closed by being silent, where that is too much to believe.
    pub held: Option<Held>,
    /// Relations of assets that its records no longer name.
    pub relations_ended: u64,
    /// Relations that it would have ended, where that is too much to believe.
    pub relations_held: Option<Held>,
}

/// One file being imported. Dropped without [`Import::finish`], it leaves no trace.
#[derive(Debug)]
pub struct Import<'s> {
    pub(crate) tx: Transaction<'s>,
    pub(crate) names: Names,
    finding_keys: Keys,
    issue_keys: Keys,
    briefs: Briefs,
    pub(crate) finding_pages: FindingPages,
    /// Pages of relations of which one came, went or says something else.
    pub(crate) relation_pages: BTreeSet<i64>,
    /// Pages of labels of which one came or went.
    pub(crate) label_pages: BTreeSet<i64>,
    /// What records of this file tell all of.
    pub(crate) tellers: HashSet<Teller>,
    blocks: Blocks,
    /// Issues that this file marked to be judged again.
    marked: IdSet,
    /// Findings that this file named.
    here: IdSet,
    pub(crate) touched: &'s mut Touched,
    splits: HashMap<FindingKey, IssueKey>,
    pub(crate) coverage: Coverage,
    /// When places that this file names were last covered by a complete scan.
    covered: HashMap<(i64, i64, i64), Option<i64>>,
    /// Whether any evidence is stored that could outdate a finding.
    has_evidence: bool,
    pub(crate) id: i64,
    path: i64,
    /// Whether the file was read before, by another program.
    replayed: bool,
    /// When any of its findings was last seen.
    newest: Option<i64>,
    pub(crate) seen: Seen,
}

/// What is stored of a finding.
struct Known {
    id: i64,
    issue: i64,
    issue_key: IssueKey,
    content_hash: i64,
    last_seen: i64,
    reported: i64,
    gone_by: i64,
    block: Option<i64>,
}

impl Store {
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

    /// Whether a file of so many bytes may have been imported before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn may_know_size(&self, plain_bytes: u64) -> Result<bool, StoreError> {
        let bytes = i64::try_from(plain_bytes).unwrap_or(i64::MAX);
        let mut select = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM inputs WHERE plain_bytes IS NULL OR plain_bytes = ?1)",
        )?;
        Ok(select.query_row(params![bytes], |row| row.get(0))?)
    }

    /// Begins one file. What it touches is added to what the run touched.
    ///
    /// # Errors
    /// When the database refuses, or another process writes.
    pub fn import<'s>(
        &'s mut self,
        path: &str,
        touched: &'s mut Touched,
    ) -> Result<Import<'s>, StoreError> {
        self.cache.clear();
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last: Option<i64> = tx
            .query_row("SELECT value FROM settings WHERE name = ?1", [LAST_IMPORT], |r| r.get(0))
            .optional()?;
        let id = last.unwrap_or_default() + 1;
        let mut names = Names::default();
        let path = names.id(&tx, path)?;
        let splits = read_splits(&tx)?;
        let has_evidence =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM evidence)", [], |row| row.get(0))?;
        Ok(Import {
            finding_keys: Keys::open(&tx, keys::FINDINGS)?,
            issue_keys: Keys::open(&tx, keys::ISSUES)?,
            blocks: Blocks::open(&tx)?,
            briefs: Briefs::default(),
            finding_pages: FindingPages::default(),
            relation_pages: BTreeSet::new(),
            label_pages: BTreeSet::new(),
            tellers: HashSet::new(),
            tx,
            names,
            marked: IdSet::default(),
            here: IdSet::default(),
            touched,
            splits,
            coverage: Coverage::default(),
            covered: HashMap::new(),
            has_evidence,
            id,
            path,
            replayed: false,
            newest: None,
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
    /// Says that the file was read before and is read again by a program that may understand it
    /// better: of two contents of one moment the new one stays.
    pub const fn replay(&mut self) {
        self.replayed = true;
    }

    /// Goes on with another file in the same transaction.
    ///
    /// # Errors
    /// When the database refuses; nothing is imported then.
    pub fn next_file(&mut self, path: &str) -> Result<(), StoreError> {
        self.path = self.names.id(&self.tx, path)?;
        self.here = IdSet::default();
        Ok(())
    }

    /// How new something is against what is known, each a time and a hash of the content.
    fn news(&self, new: (i64, i64), known: (i64, i64)) -> Ordering {
        let order = new.cmp(&known);
        let better = self.replayed && new.0 == known.0;
        if better && order.is_lt() { Ordering::Greater } else { order }
    }

    /// Writes one finding. Says what came of it, and its row.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn finding(&mut self, new: &PreparedFinding<'_>) -> Result<(Outcome, i64), StoreError> {
        if let Some(scope) = new.scope {
            self.coverage.note(scope, micros(new.last_seen));
        }
        self.newest = self.newest.max(Some(micros(new.last_seen)));
        match self.known(new.key)? {
            Some(known) => Ok((self.seen_again(&known, new)?, known.id)),
            None => self.first_seen(new),
        }
    }

    fn known(&mut self, key: FindingKey) -> Result<Option<Known>, StoreError> {
        let Some(id) = self.finding_keys.find(&self.tx, key.as_bytes())? else { return Ok(None) };
        let mut select = self.tx.prepare_cached(
            "SELECT f.issue, f.content_hash, f.last_seen, f.reported, f.gone_by, f.block, i.key
               FROM findings f JOIN issues i ON i.id = f.issue WHERE f.id = ?1",
        )?;
        let known = select.query_row(params![id], |row| {
            Ok(Known {
                id,
                issue: row.get(0)?,
                content_hash: row.get(1)?,
                last_seen: row.get(2)?,
                reported: row.get(3)?,
                gone_by: row.get(4)?,
                block: row.get(5)?,
                issue_key: IssueKey::from_bytes(row.get(6)?),
            })
        });
        Ok(known.optional()?)
    }

    fn first_seen(&mut self, new: &PreparedFinding<'_>) -> Result<(Outcome, i64), StoreError> {
        let scope = self.scope_ids(new.scope)?;
        let gone_by = self.gone_by(new, scope)?;
        // The judgement of a finding on its own holds only while it counts as its source says.
        let alone = new.alone.filter(|_| gone_by == HERE);
        let (issue, is_new) = match self.splits.get(&new.key).copied() {
            Some(from) => self.issue(split_key(from, new.key), new.control, None)?,
            None => self.issue(new.issue, new.control, alone)?,
        };
        let (target, check, place) = columns(scope);
        let offset = i64::try_from(new.offset_bytes).unwrap_or(i64::MAX);
        let id = self.finding_keys.next_id();
        let (block, slot, body) = self.blocks.place(Owner::Finding(id), new.body);
        self.tx
            .prepare_cached(
                "INSERT INTO findings (id, key, issue, content_hash, last_seen, reported, gone_by,
                   target, check_name, place, path, offset_bytes, block, slot, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                id,
                new.key.as_bytes(),
                issue,
                new.content_hash,
                micros(new.last_seen),
                reported(new.status),
                gone_by,
                target,
                check,
                place,
                self.path,
                offset,
                block,
                slot,
                body
            ])?;
        self.finding_keys.insert(&self.tx, *new.key.as_bytes(), id)?;
        self.note_facts((id, issue), new, effective(reported(new.status), gone_by))?;
        self.here.insert(id);
        self.touched.findings.insert(id);
        Ok((if is_new { Outcome::Created } else { Outcome::Merged }, id))
    }

    /// Notes what lists filter a finding by.
    fn note_facts(
        &mut self,
        (id, issue): (i64, i64),
        new: &PreparedFinding<'_>,
        status: Status,
    ) -> Result<(), StoreError> {
        let tool = self.names.id(&self.tx, new.tool)?;
        let said = Said { tool, severity: new.severity, last_seen: micros(new.last_seen) };
        let change = Change { issue: Some(issue), status: Some(status), said: Some(said) };
        self.finding_pages.set(&self.tx, id, change)
    }

    /// The issue's row, made where it is new, and marked as touched by this run. It waits to be
    /// judged unless the judgement of its only finding is given.
    fn issue(
        &mut self,
        key: IssueKey,
        control: Option<&str>,
        alone: Option<(&Brief, NewBody<'_>)>,
    ) -> Result<(i64, bool), StoreError> {
        if let Some(id) = self.issue_keys.find(&self.tx, key.as_bytes())? {
            self.touch(id, true)?;
            return Ok((id, false));
        }
        let id = self.issue_keys.next_id();
        let (block, slot, body) = match alone {
            Some((_, body)) => self.blocks.place(Owner::Issue(id), body),
            None => (None, None, None),
        };
        let brief = alone.map(|(brief, _)| brief);
        self.tx
            .prepare_cached(
                "INSERT INTO issues (id, key, control, dirty, open, score, block, slot, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                id,
                key.as_bytes(),
                control,
                brief.is_none(),
                brief.is_some_and(|brief| brief.status.is_open()),
                brief.map_or(0, |brief| brief.score),
                block,
                slot,
                body
            ])?;
        self.issue_keys.insert(&self.tx, *key.as_bytes(), id)?;
        self.briefs.set(&self.tx, &mut self.names, (id, key.as_bytes()), brief)?;
        if brief.is_none() {
            self.marked.insert(id);
        }
        self.touched.issues.insert(id);
        Ok((id, true))
    }

    pub(crate) fn touch(&mut self, issue: i64, changed: bool) -> Result<(), StoreError> {
        self.touched.issues.insert(issue);
        if changed && self.marked.insert(issue) {
            self.tx
                .prepare_cached("UPDATE issues SET dirty = 1 WHERE id = ?1")?
                .execute(params![issue])?;
        }
        Ok(())
    }

    /// Takes the block that the bodies named since the last one stand in.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn block(&mut self, block: &Block) -> Result<(), StoreError> {
        self.blocks.take(&self.tx, block)
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
        let repeated = !self.here.insert(known.id);
        self.touched.findings.insert(known.id);
        let at = micros(new.last_seen);
        // Older news changes nothing; of two contents of one moment the same one always stays.
        let news = self.news((at, new.content_hash), (known.last_seen, known.content_hash));
        // A finding that a person took out of its issue stays where it was put.
        let moved = known.issue_key != new.issue && !self.splits.contains_key(&new.key);
        // What stands may belong elsewhere once the catalogue knows its rule.
        if news.is_lt() || (news.is_eq() && !moved) {
            self.touch(known.issue, false)?;
            return Ok(Outcome::Unchanged);
        }
        let scope = self.scope_ids(new.scope)?;
        let gone_by = self.gone_by(new, scope)?;
        let was_gone = known.gone_by != HERE || known.reported == reported(Status::Resolved);
        let is_gone = gone_by != HERE || new.status == Status::Resolved;
        if known.content_hash == new.content_hash && was_gone == is_gone && !moved {
            self.tx
                .prepare_cached("UPDATE findings SET last_seen = ?2, path = ?3 WHERE id = ?1")?
                .execute(params![known.id, at, self.path])?;
            let status = effective(known.reported, known.gone_by);
            self.note_facts((known.id, known.issue), new, status)?;
            self.touch(known.issue, false)?;
            return Ok(Outcome::Unchanged);
        }
        self.seen.reopened += u64::from(was_gone && !is_gone);
        self.seen.closed += u64::from(!was_gone && is_gone);
        let (target, check, place) = columns(scope);
        let offset = i64::try_from(new.offset_bytes).unwrap_or(i64::MAX);
        let issue = if moved { self.issue(new.issue, new.control, None)?.0 } else { known.issue };
        self.blocks.release(Owner::Finding(known.id), known.block);
        let (block, slot, body) = self.blocks.place(Owner::Finding(known.id), new.body);
        self.tx
            .prepare_cached(
                "UPDATE findings SET content_hash = ?2, last_seen = ?3, reported = ?4, gone_by = ?5,
                   path = ?6, offset_bytes = ?7, block = ?8, slot = ?9, body = ?10, issue = ?11,
                   target = ?12, check_name = ?13, place = ?14 WHERE id = ?1",
            )?
            .execute(params![
                known.id,
                new.content_hash,
                at,
                reported(new.status),
                gone_by,
                self.path,
                offset,
                block,
                slot,
                body,
                issue,
                target,
                check,
                place
            ])?;
        self.note_facts((known.id, issue), new, effective(reported(new.status), gone_by))?;
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
        let newer = self.news((at, content_hash), (known_at, known_hash)).is_gt();
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
            .prepare_cached("UPDATE findings SET gone_by = ?2 WHERE id = ?1")?
            .execute(params![known.id, PASSED])?;
        self.finding_pages.set(&self.tx, known.id, Change::gone())?;
        self.touched.findings.insert(known.id);
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
            self.close_covered(input.most_closed)?;
        }
        self.close_told(input)?;
        if let Some(hash) = input.hash {
            self.tx.execute(
                "INSERT OR IGNORE INTO inputs (hash, path, format, imported_at, plain_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    hash.as_slice(),
                    input.path,
                    input.format,
                    micros(input.imported_at),
                    input.plain_bytes.and_then(|bytes| i64::try_from(bytes).ok())
                ],
            )?;
        }
        self.tx.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)",
            params![LAST_IMPORT, self.id],
        )?;
        if let Some(newest) = self.newest {
            self.tx.execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
                params![NEWEST, newest],
            )?;
        }
        changed(&self.tx)?;
        self.finding_keys.flush(&self.tx)?;
        self.issue_keys.flush(&self.tx)?;
        self.briefs.flush(&self.tx)?;
        self.finding_pages.flush(&self.tx)?;
        for page in &self.relation_pages {
            pages::note(&self.tx, Kind::Relations, *page)?;
        }
        for page in &self.label_pages {
            pages::note(&self.tx, Kind::Labels, *page)?;
        }
        self.blocks.finish(&self.tx)?;
        self.tx.commit()?;
        Ok(self.seen)
    }
}

/// What is known of a file once it has been read.
#[derive(Debug)]
pub struct FinishedInput<'a> {
    /// The hash of its decompressed bytes, where all of them could be read.
    pub hash: Option<&'a [u8; 32]>,
    /// Its name.
    pub path: &'a str,
    /// Its bytes, where it was not compressed.
    pub plain_bytes: Option<u64>,
    /// The source that read it.
    pub format: &'a str,
    /// When its content was first imported.
    pub imported_at: Timestamp,
    /// Whether it was read to its proper end; only then does absence count.
    pub complete: bool,
    /// How much it may close by being silent; `None` for any number.
    pub most_closed: Option<MostClosed>,
}

impl Store {
    /// A mark that somebody set: how far a reader has come, or whose findings they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT value FROM settings WHERE name = 'mark:' || ?1")?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Sets a mark.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_set(&mut self, name: &str, mark: &[u8]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO settings (name, value) VALUES ('mark:' || ?1, ?2)",
            )?
            .execute(params![name, mark])?;
        Ok(())
    }
}

/// A scope as three columns of the findings.
fn columns(scope: Option<(i64, i64, i64)>) -> (Option<i64>, Option<i64>, Option<i64>) {
    scope.map_or((None, None, None), |(t, c, p)| (Some(t), Some(c), Some(p)))
}

/// The issue of a finding that was taken out of another.
pub(crate) fn split_key(from: IssueKey, finding: FindingKey) -> IssueKey {
    quell_model::KeyHasher::new("split").part(&from.to_string()).part(&finding.to_string()).finish()
}
