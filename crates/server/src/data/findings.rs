//! Each tenant's findings: one writer, and readers beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use bytes::Bytes;
use quell_access::Place;
use quell_model::{IssueKey, TenantId, Timestamp};
use quell_pipeline::govern::Happened;
use quell_pipeline::query::{
    IncidentCache, IncidentReach, QueryError, Reach, View, belongings, incident_reach, issue_reach,
    issues_shown,
};
use quell_pipeline::{
    ImportOptions, Imported, OwnersAsked, Part, PipelineError, Progress, Request, Setup,
    bring_up_to_date, import_together, judge_waiting, refresh_owners,
};
use quell_report::{InventoryReport, Report};
use quell_sources::intake::{Input, Unreadable};
use quell_store::{
    Folding, Index, OutboxStore, Snapshot, Store, StoreError, Touched, flush_findings,
};
use serde::Serialize;

use super::answers::Answers;
use super::sight::Sights;
use crate::access::{By, Right};

/// Readers that are kept open for the next who asks.
const MOST_READERS: usize = 16;
/// Things noted of people that wait to be kept.
const MOST_HAPPENED: usize = 100_000;

/// The findings of every tenant that was asked for.
#[derive(Debug)]
pub(crate) struct Tenants {
    data: PathBuf,
    setup: Arc<Setup>,
    open: Mutex<BTreeMap<TenantId, Arc<Findings>>>,
}

impl Tenants {
    pub(crate) fn new(data: PathBuf, setup: Arc<Setup>) -> Self {
        Self { data, setup, open: Mutex::default() }
    }

    /// A tenant's findings, opened where they are not yet.
    pub(crate) fn of(&self, tenant: &TenantId) -> Result<Arc<Findings>, StoreError> {
        let mut open = locked(&self.open);
        if let Some(known) = open.get(tenant) {
            return Ok(Arc::clone(known));
        }
        let writer = Store::open_for(&self.data, tenant)?;
        writer.relax()?;
        let findings = Arc::new(Findings {
            tenant: tenant.clone(),
            data: self.data.clone(),
            setup: Arc::clone(&self.setup),
            writer: Mutex::new(Writer { store: writer, sorted: false, folding: None }),
            outbox: Mutex::new(OutboxStore::open_for(&self.data, tenant)?),
            readers: Mutex::default(),
            index: Mutex::default(),
            snapshot: RwLock::default(),
            hidden: Mutex::default(),
            answers: Mutex::default(),
            incidents: IncidentCache::default(),
            happened: Mutex::default(),
            sights: Sights::default(),
            report: Mutex::default(),
        });
        open.insert(tenant.clone(), Arc::clone(&findings));
        Ok(findings)
    }

    /// Every tenant whose findings are open.
    pub(crate) fn all(&self) -> Vec<Arc<Findings>> {
        locked(&self.open).values().map(Arc::clone).collect()
    }
}

/// What somebody names to act upon.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// An issue, by its id or the first characters of it.
    Issue(&'a str),
    /// An incident, by its id, that of one of its issues, or the first characters of either.
    Incident(&'a str),
}

/// One tenant's findings.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) tenant: TenantId,
    data: PathBuf,
    setup: Arc<Setup>,
    writer: Mutex<Writer>,
    /// What is delivered. Nobody holds it for long, whatever is being imported.
    outbox: Mutex<OutboxStore>,
    readers: Mutex<Vec<Store>>,
    /// What lists are answered from.
    index: Mutex<Option<Index>>,
    snapshot: RwLock<Snapshot>,
    /// The snapshot with what exceptions hide suppressed, and of which state it is.
    hidden: Mutex<Option<(Suppressed, Snapshot)>>,
    answers: Mutex<Answers>,
    incidents: IncidentCache,
    /// What people did of which the times are not kept yet.
    happened: Mutex<Happened>,
    sights: Sights,
    /// The last report that was made, so that many who ask make it once.
    report: Mutex<Option<Kept>>,
}

/// The version of a snapshot, how far pages were judged, and which exceptions hold.
type Suppressed = (i64, i64, u64);

/// A report, and of what state of the findings.
#[derive(Debug)]
struct Kept {
    changes: i64,
    day: jiff::civil::Date,
    /// What exceptions hide.
    hidden: u64,
    limit: Option<usize>,
    report: Arc<Report>,
}

#[derive(Debug)]
struct Writer {
    store: Store,
    /// Whether the findings are sorted by what this program knows.
    sorted: bool,
    /// The log while it is being folded.
    folding: Option<Folding>,
}

impl Writer {
    /// The store, sorted by what this program knows.
    fn up_to_date(
        &mut self,
        setup: &Setup,
        progress: &Progress<'_>,
    ) -> Result<&mut Store, PipelineError> {
        if !self.sorted {
            bring_up_to_date(&mut self.store, setup, progress)?;
            self.sorted = true;
        }
        Ok(&mut self.store)
    }

    /// Nobody waits for the log to be folded but who folds it next.
    fn keep_folding(&mut self, mut imported: Imported) -> Imported {
        if let Some(begun) = imported.take_folding() {
            self.folding = Some(begun);
        }
        imported
    }
}

impl Findings {
    /// What this program knows.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Reads beside the writer.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = locked(&self.readers).pop();
        let store = match kept {
            Some(store) => store,
            None => Store::reader_for(&self.data, &self.tenant)?,
        };
        let result = read(&store);
        let mut readers = locked(&self.readers);
        // One that failed is not used again.
        if result.is_ok() && readers.len() < MOST_READERS {
            readers.push(store);
        }
        result
    }

    /// Answers a question about the findings as they are now. Where somebody else brings the
    /// index up to date just now, it is answered from how it was.
    pub(crate) fn view<T, E: From<StoreError>>(
        &self,
        now: Timestamp,
        answer: impl FnOnce(&View<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read(|store| {
            let index = self.shown(store, now)?;
            answer(&View { store, index: &index, setup: &self.setup, now })
        })
    }

    /// Answers a question of the server itself, about all findings with their incidents.
    pub(crate) fn whole<T, E: From<StoreError>>(
        &self,
        now: Timestamp,
        answer: impl FnOnce(&View<'_>, &IncidentCache) -> Result<T, E>,
    ) -> Result<T, E> {
        self.view(now, |view| answer(view, &self.incidents))
    }

    /// Answers a question of somebody about the findings that they may see, with their incidents.
    pub(crate) fn view_as<T, E: From<StoreError> + From<QueryError>>(
        &self,
        by: By<'_>,
        now: Timestamp,
        answer: impl FnOnce(&View<'_>, &IncidentCache) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(sight) = self.sights.of(by, Right::Read) else {
            return self.view(now, |view| answer(view, &self.incidents));
        };
        self.view(now, |whole| {
            let seen = (&*sight, by, Right::Read);
            let index = self.sights.snapshot(seen, whole.store, whole.index)?;
            answer(&View { index: &index, ..*whole }, &sight.incidents)
        })
    }

    /// What somebody may do about what they name.
    pub(crate) fn reach(
        &self,
        (by, right): (By<'_>, Right),
        now: Timestamp,
        target: Target<'_>,
    ) -> Result<Reach, QueryError> {
        if by.may_everywhere(Right::Read) && by.may_everywhere(right) {
            return Ok(Reach::Open);
        }
        self.view(now, |whole| {
            let shown = |right| match self.sights.of(by, right) {
                Some(sight) => self.sights.snapshot((&*sight, by, right), whole.store, whole.index),
                None => Ok(whole.index.clone()),
            };
            let (sees, acts) = (shown(Right::Read)?, shown(right)?);
            match target {
                Target::Issue(id) => issue_reach(&View { index: &sees, ..*whole }, &acts, id),
                Target::Incident(id) => {
                    let cache = &self.incidents;
                    incident_reach(IncidentReach { whole, cache, sees: &sees, acts: &acts }, id)
                }
            }
        })
    }

    /// Whether somebody may do something about all of these issues.
    pub(crate) fn may_act_on(
        &self,
        (by, right): (By<'_>, Right),
        issues: &[IssueKey],
        now: Timestamp,
    ) -> Result<bool, QueryError> {
        if !by.may(right) {
            return Ok(false);
        }
        let Some(sight) = self.sights.of(by, right) else { return Ok(true) };
        self.view(now, |whole| {
            let index = self.sights.snapshot((&*sight, by, right), whole.store, whole.index)?;
            issues_shown(&View { index: &index, ..*whole }, issues)
        })
    }

    /// Whether somebody may do something at a place that is known otherwise, where it belongs to
    /// those who own the assets of some issues and has their tags: to each of them.
    pub(crate) fn may_act_at(
        &self,
        (by, right): (By<'_>, Right),
        (place, issues): (&Place, &[IssueKey]),
        now: Timestamp,
    ) -> Result<bool, QueryError> {
        if by.may_everywhere(right) {
            return Ok(true);
        }
        let all = self.view(now, |whole| belongings(whole, issues, &by.named_tags()))?;
        if all.is_empty() {
            return Ok(by.may_in(right, place));
        }
        Ok(all
            .into_iter()
            .all(|(team, tags)| by.may_in(right, &Place { team, tags, ..place.clone() })))
    }

    /// The issues and findings in which somebody may do something; `None` where those are all.
    pub(crate) fn shown_to(
        &self,
        (by, right): (By<'_>, Right),
        now: Timestamp,
    ) -> Result<Option<Touched>, QueryError> {
        let Some(sight) = self.sights.of(by, right) else { return Ok(None) };
        self.view(now, |whole| {
            let index = self.sights.snapshot((&*sight, by, right), whole.store, whole.index)?;
            Ok(index.shown().map(|(issues, findings)| Touched {
                issues,
                findings,
                ..Touched::default()
            }))
        })
    }

    /// Answers a question as JSON, as it was answered before where nothing has changed.
    pub(crate) fn answer<
        T: Serialize,
        E: From<StoreError> + From<QueryError> + From<serde_json::Error>,
    >(
        &self,
        by: By<'_>,
        (question, now): (&str, Timestamp),
        answer: impl FnOnce(&View<'_>) -> Result<T, E>,
    ) -> Result<Bytes, E> {
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        // What somebody does not see is not in the answer, so only who sees the same is given it.
        let question = &match by.may_everywhere(Right::Read) {
            true => question.to_owned(),
            false => format!("{:?} {question}", by.told_apart()),
        };
        self.view_as(by, now, |view, _| {
            let hidden = view.store.suppression(now)?.mark();
            let of = (view.index.version(), view.store.changes()?, day, hidden);
            if let Some(known) = locked(&self.answers).get(of, question) {
                return Ok(known);
            }
            let answer = Bytes::from(serde_json::to_vec(&answer(view)?)?);
            locked(&self.answers).keep(of, question, &answer);
            Ok(answer)
        })
    }

    /// The incidents of what is open, made once for all who ask.
    pub(crate) const fn incidents(&self) -> &IncidentCache {
        &self.incidents
    }

    /// Notes what a person did, to be kept by who writes next. Nobody waits for it.
    pub(crate) fn note(&self, happened: Happened) {
        let mut known = locked(&self.happened);
        if known.opened.len() + known.approved.len() < MOST_HAPPENED {
            known.add(happened);
        }
    }

    /// Whether anything was noted.
    pub(crate) fn has_happened(&self) -> bool {
        !locked(&self.happened).is_empty()
    }

    /// What was noted, which is then no more.
    pub(crate) fn take_happened(&self) -> Happened {
        std::mem::take(&mut *locked(&self.happened))
    }

    /// The index with what exceptions hide suppressed.
    fn shown(&self, store: &Store, now: Timestamp) -> Result<Snapshot, StoreError> {
        let index = self.index_at(store)?;
        let suppression = store.suppression(now)?;
        if suppression.rows().is_empty() {
            return Ok(index);
        }
        let of = (index.version(), suppression.read_to(), suppression.mark());
        let mut kept = locked(&self.hidden);
        if let Some((_, known)) = kept.as_ref().filter(|(known, _)| *known == of) {
            return Ok(known.clone());
        }
        let shown = index.hiding(&suppression);
        *kept = Some((of, shown.clone()));
        Ok(shown)
    }

    fn index_at(&self, store: &Store) -> Result<Snapshot, StoreError> {
        let held = match self.index.try_lock() {
            Ok(held) => Some(held),
            Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
            Err(TryLockError::WouldBlock) => {
                let known = self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone();
                // The first one has to wait; there is nothing older.
                if known.version() > 0 {
                    return Ok(known);
                }
                None
            }
        };
        let mut held = held.unwrap_or_else(|| locked(&self.index));
        match held.as_mut() {
            Some(index) => self.refreshed(index, store),
            None => {
                let index = held.insert(Index::load(store)?);
                Ok(self.publish(index))
            }
        }
    }

    fn refreshed(&self, index: &mut Index, store: &Store) -> Result<Snapshot, StoreError> {
        index.refresh(store)?;
        Ok(self.publish(index))
    }

    fn publish(&self, index: &Index) -> Snapshot {
        let snapshot = index.snapshot();
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot.clone();
        snapshot
    }

    /// Has lists show what was written until now: who is told that it is done may ask next, while
    /// somebody else brings the index up to date and lists are answered from how it was.
    pub(crate) fn catch_up(&self) -> Result<(), StoreError> {
        self.read(|store| match locked(&self.index).as_mut() {
            Some(index) => self.refreshed(index, store).map(drop),
            // Who asks first reads all of it.
            None => Ok(()),
        })
    }

    /// What is open, told. While it is made, others who ask wait for it.
    pub(crate) fn report(
        &self,
        by: By<'_>,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Result<Arc<Report>, QueryError> {
        if let Some(among) = self.shown_to((by, Right::Read), now)? {
            return self.read(|store| self.make_report(store, (limit, Some(among)), now));
        }
        let mut kept = locked(&self.report);
        let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        self.read(|store| {
            let changes = store.changes()?;
            let hidden = store.suppression(now)?.mark();
            let same = |kept: &&Kept| {
                (kept.changes, kept.day, kept.limit) == (changes, day, limit)
                    && kept.hidden == hidden
            };
            if let Some(kept) = kept.as_ref().filter(same) {
                return Ok(Arc::clone(&kept.report));
            }
            let report = self.make_report(store, (limit, None), now)?;
            *kept = Some(Kept { changes, day, hidden, limit, report: Arc::clone(&report) });
            Ok(report)
        })
    }

    fn make_report(
        &self,
        store: &Store,
        (limit, among): (Option<usize>, Option<Touched>),
        now: Timestamp,
    ) -> Result<Arc<Report>, QueryError> {
        let request = Request { limit, among, ..Request::default() };
        let never = AtomicBool::new(false);
        let report = quietly(&never, |progress| {
            quell_pipeline::report(store, &self.setup, &request, (now, progress))
        });
        Ok(Arc::new(report?))
    }

    /// Writes, once nobody else does.
    pub(crate) fn write<T, E>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, E>,
    ) -> Result<T, E> {
        write(&mut locked(&self.writer).store)
    }

    /// Reads and writes what is delivered.
    pub(crate) fn outbox<T, E>(
        &self,
        work: impl FnOnce(&mut OutboxStore) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&mut locked(&self.outbox))
    }

    /// Reads what is delivered, beside who writes it.
    pub(crate) fn outbox_reader(&self) -> Result<OutboxStore, StoreError> {
        OutboxStore::reader_for(&self.data, &self.tenant)
    }

    /// Flushes what was written until now, and waits for nobody who writes: a letter must not
    /// outlast what it is about.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        flush_findings(&self.data, &self.tenant)
            .map_err(|source| StoreError::Directory { path: self.data.clone(), source })
    }

    /// Writes, unless somebody else does.
    pub(crate) fn try_write<T, E>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let mut writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(write(&mut writer.store))
    }

    /// Takes small parts in, in one transaction.
    pub(crate) fn import_together(
        &self,
        parts: Vec<Part>,
        options: ImportOptions<'_>,
        now: Timestamp,
        progress: &Progress<'_>,
    ) -> Result<Imported, PipelineError> {
        let mut writer = locked(&self.writer);
        let store = writer.up_to_date(&self.setup, progress)?;
        let imported = import_together(store, &self.setup, parts, options, (now, progress))?;
        whole(writer.keep_folding(imported))
    }

    /// Takes in what is said of owners.
    pub(crate) fn owners(
        &self,
        asked: &OwnersAsked,
        now: Timestamp,
    ) -> Result<Vec<InventoryReport>, PipelineError> {
        self.judging(|store| refresh_owners(store, &self.setup, asked, now))
    }

    /// Judges the issues that something else than an import closed or opened again.
    pub(crate) fn judge_waiting(&self, now: Timestamp) -> Result<(), PipelineError> {
        self.judging(|store| judge_waiting(store, &self.setup, now))?;
        Ok(self.catch_up()?)
    }

    /// Changes what is judged of the findings, without an import.
    fn judging<T>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, PipelineError>,
    ) -> Result<T, PipelineError> {
        let mut writer = locked(&self.writer);
        let going_on = AtomicBool::new(false);
        work(quietly(&going_on, |progress| writer.up_to_date(&self.setup, progress))?)
    }

    /// Takes files in. What they say is on the disk once this returns with `durable`.
    pub(crate) fn import(
        &self,
        inputs: Vec<Result<Input, Unreadable>>,
        options: ImportOptions<'_>,
        (now, durable): (Timestamp, bool),
        progress: &Progress<'_>,
    ) -> Result<Imported, PipelineError> {
        let _inside = tracing::info_span!("import").entered();
        let mut writer = locked(&self.writer);
        let store = writer.up_to_date(&self.setup, progress)?;
        let imported =
            quell_pipeline::import(store, &self.setup, inputs, options, (now, progress))?;
        if durable {
            store.sync()?;
        }
        let imported = writer.keep_folding(imported);
        drop(writer);
        self.catch_up()?;
        whole(imported)
    }
}

/// What was read whole. Of what was not, the part that was taken stays: who tries again meets it as
/// unchanged, and takes the rest.
fn whole(imported: Imported) -> Result<Imported, PipelineError> {
    match &imported.by_system {
        Some(said) => Err(PipelineError::Unread(said.clone())),
        None => Ok(imported),
    }
}

/// A progress that nobody follows.
pub(crate) fn quietly<T>(cancelled: &AtomicBool, work: impl FnOnce(&Progress<'_>) -> T) -> T {
    work(&Progress { cancelled, bytes: &|_, _| {}, doing: &|_| {} })
}

/// A lock whatever happened to who held it before: what is behind it is a database, which is
/// whole by itself.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use quell_testkit::server::delivery;

    use super::*;

    #[test]
    fn what_was_imported_is_listed_while_somebody_else_brings_the_index_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let setup = Arc::new(Setup::embedded(None).unwrap());
        let tenants = Tenants::new(folder.path().to_owned(), setup);
        let findings = tenants.of(&TenantId::default()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let open = || {
            let count = |view: &View<'_>| Ok::<_, StoreError>(view.index.open_counts().0);
            findings.view(now, count).unwrap()
        };
        assert_eq!(open(), 0);
        for number in 0..2 {
            let inputs = vec![Ok(Input::bytes("a".to_owned(), delivery("a", number, 600)))];
            let never = AtomicBool::new(false);
            let options = ImportOptions { partial: true, ..ImportOptions::default() };
            let imported =
                quietly(&never, |p| findings.import(inputs, options, (now, true), p)).unwrap();
            assert!(imported.complete);
            let _busy = locked(&findings.index);
            assert_eq!(open(), number + 1);
        }
    }
}
