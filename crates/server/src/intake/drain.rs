//! From the intake log into the findings.
//!
//! A tenant's findings remember how far they were filled from the log. What is taken twice after a
//! crash changes nothing, so nothing is lost and nothing counts twice. The server remembers a place
//! that all tenants are past on the disk; reading begins there, and what is behind it stays in the
//! log until then.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use quell_audit::{Action, AuditError, Stage};
use quell_model::{KeyHasher, Reject, TenantId, Timestamp};
use quell_pipeline::{ImportOptions, Imported, Part};
use quell_report::FileReport;
use quell_spool::{Position, Reader, SpoolError, Stored};
use quell_store::{
    Heard, NewJob, Noted, PlatformKey, QuarantineRow, Reading, Store, StoreError, Touched,
};

use crate::audit::by_server;
use crate::data::{Findings, quietly};
use crate::jobs::{Failure, Outcome, Task, delivery_input, delivery_name, delivery_options};
use crate::state::App;
use crate::sync::PageName;

/// Deliveries, and bytes of them, taken in one go.
const DELIVERIES: usize = 4096;
const BYTES: usize = 16 << 20;
/// A larger delivery is read in pieces, in a transaction of its own.
const SMALL_BYTES: usize = 1 << 20;
/// Bytes of the log after which its place is written down.
const NOTED_AFTER: usize = 32 << 20;
/// How long to wait when there is nothing to do, or it cannot be done.
const IDLE: Duration = Duration::from_secs(1);
/// Deliveries looked at to find one of a tenant that waits.
const LOOKED_AT: usize = 1_000;
/// How often the audit log is told that deliveries are taken.
const SAID_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// The mark of a tenant's findings, and the setting of the server.
const MARK: &str = "intake";

/// Moves what was delivered into the findings until the server stops.
pub(crate) fn drain(app: &App) {
    let mut drain = match Drain::begin(app) {
        Ok(drain) => drain,
        Err(reason) => {
            tracing::error!(reason, "webhooks are kept, and not taken in");
            return;
        }
    };
    while !app.stopping.load(Ordering::SeqCst) {
        match drain.step() {
            Ok(true) => {}
            Ok(false) => app.delivered.wait(IDLE),
            Err(Failure::Stopped) => break,
            Err(Failure::Later(reason) | Failure::Never(reason)) => {
                tracing::error!(reason, "deliveries wait");
                drain.reader = app.spool.read_from(drain.from);
                app.delivered.wait(IDLE);
            }
        }
    }
    if let Err(error) = drain.note() {
        tracing::warn!(%error, "the place in the intake log is not noted; some is read again");
    }
}

/// The place up to which every tenant has taken what was delivered.
pub(crate) fn noted(app: &App) -> Result<Position, StoreError> {
    let known = app.office().setting(MARK)?.and_then(|bytes| bytes.try_into().ok());
    Ok(Position::from_i64(known.map_or(0, i64::from_le_bytes)))
}

/// The place up to which a tenant has taken what was delivered.
pub(crate) fn taken(findings: &Findings) -> Result<i64, StoreError> {
    let own = findings.read(|store| store.mark(MARK))?.and_then(|bytes| bytes.try_into().ok());
    Ok(own.map_or(0, i64::from_le_bytes))
}

/// When the oldest delivery came that a tenant has not taken; `None` where none waits.
pub(crate) fn oldest_waiting(
    app: &App,
    findings: &Findings,
) -> Result<Option<Timestamp>, StoreError> {
    let own = Position::from_i64(taken(findings)?);
    let mut waiting = app.spool.read_from(own.max(noted(app)?)).take(LOOKED_AT).flatten();
    let is_own = |stored: &Stored| stored.record.origin().tenant == findings.tenant.as_str();
    let oldest = waiting.find(is_own);
    let micros = oldest.map(|stored| stored.record.received_at_micros());
    Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
}

struct Drain<'a> {
    app: &'a App,
    reader: Reader,
    /// Everything before was taken.
    from: Position,
    /// Bytes taken since the place was written down.
    since_noted: usize,
    /// Deliveries that broke the reader.
    suspects: RefCell<BTreeSet<Position>>,
    /// What was taken of each tenant, as far as the audit log has to be told.
    taken: RefCell<BTreeMap<TenantId, Told>>,
}

/// What the audit log was told of a tenant's deliveries.
#[derive(Default)]
struct Told {
    said: Option<Timestamp>,
    count: u64,
    end: i64,
}

impl<'a> Drain<'a> {
    fn begin(app: &'a App) -> Result<Self, String> {
        let from = noted(app).map_err(|error| error.to_string())?;
        app.spool.require(from).map_err(|error| error.to_string())?;
        Ok(Self {
            app,
            reader: app.spool.read_from(from),
            from,
            since_noted: 0,
            suspects: RefCell::default(),
            taken: RefCell::default(),
        })
    }

    /// Takes the next deliveries; whether there were any.
    fn step(&mut self) -> Result<bool, Failure> {
        let mut batch: Vec<Stored> = Vec::new();
        let mut bytes = 0;
        while batch.len() < DELIVERIES && bytes < BYTES {
            match self.reader.next() {
                None => break,
                Some(Ok(stored)) => {
                    bytes += stored.record.body().len();
                    batch.push(stored);
                }
                Some(Err(SpoolError::Damaged { damage, .. })) => {
                    tracing::error!(%damage, "a part of the intake log is damaged");
                }
                Some(Err(error)) => return Err(error.into()),
            }
        }
        let next = self.reader.position();
        let oldest = batch.first().map(|stored| stored.record.received_at_micros());
        let now = self.app.clock.now().as_microsecond();
        let behind = oldest.map_or(0, |oldest| now.saturating_sub(oldest) / 1_000_000);
        self.app.metrics.behind_seconds.set(behind);
        if batch.is_empty() {
            self.from = next;
            if self.since_noted > 0 {
                self.note()?;
            }
            return Ok(false);
        }
        for (tenant, group) in by_tenant(batch) {
            self.take(&tenant, group, next)?;
        }
        self.app.planning.wake();
        self.from = next;
        self.since_noted += bytes;
        if self.since_noted > NOTED_AFTER {
            self.note()?;
        }
        Ok(true)
    }

    /// Takes a tenant's deliveries, a source at a time; the mark is set with the last.
    fn take(&self, tenant: &str, group: Vec<Stored>, next: Position) -> Result<(), Failure> {
        let Ok(tenant) = tenant.parse::<TenantId>() else { return Ok(()) };
        let findings = self.app.tenants.of(&tenant)?;
        let done = findings.write(|store| store.mark(MARK))?;
        let done = done.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_le_bytes);
        let new = group.into_iter().filter(|stored| stored.position.to_i64() >= done).collect();
        let new: Vec<Stored> = new;
        self.note_taking(&tenant, &new, next)?;
        for (source, deliveries) in by_source(new) {
            self.source(&findings, &source, deliveries)?;
        }
        let mark = next.to_i64().to_le_bytes();
        Ok(findings.write(|store| store.mark_set(MARK, &mark))?)
    }

    /// Says that deliveries are taken, before the first and then once a minute: the intake log
    /// itself says which they were.
    fn note_taking(
        &self,
        tenant: &TenantId,
        new: &[Stored],
        next: Position,
    ) -> Result<(), Failure> {
        let Some(first) = new.first() else { return Ok(()) };
        let later = |error: AuditError| {
            Failure::Later(format!(
                "nothing is changed, since that cannot be written down: {error}"
            ))
        };
        let now = self.app.clock.now();
        let mut taken = self.taken.borrow_mut();
        let known = taken.entry(tenant.clone()).or_default();
        let old = known.said.is_none_or(|said| now.duration_since(said).abs() >= SAID_EVERY);
        if old {
            let leaf = by_server((Action::IntakeTake, Stage::Begun), tenant, now)
                .fact("from_position", first.position.to_i64())
                .fact("taken_before", i64::try_from(known.count).unwrap_or(i64::MAX));
            self.app.audit.note(leaf).map_err(later)?;
            known.said = Some(now);
        } else {
            self.app.audit.of(tenant).map_err(later)?;
        }
        known.count += u64::try_from(new.len()).unwrap_or(0);
        known.end = next.to_i64();
        Ok(())
    }

    fn source(
        &self,
        findings: &Findings,
        source: &str,
        deliveries: Vec<Stored>,
    ) -> Result<(), Failure> {
        let (app, count) = (self.app, deliveries.len());
        let deliveries = believed(app, &findings.tenant, source, deliveries);
        let options = delivery_options(app, source);
        let positions: Vec<Position> = deliveries.iter().map(|stored| stored.position).collect();
        let together = import(app, findings, deliveries, options);
        let (outcome, failed) = match together {
            Ok(outcome) => outcome,
            Err(Failure::Later(reason)) if reason == PANICKED => {
                self.one_by_one(findings, positions, options)?
            }
            Err(other) => return Err(other),
        };
        for (position, reason) in &failed {
            bury(app, (&findings.tenant, source), *position, reason)?;
        }
        let deliveries = u64::try_from(count).unwrap_or(u64::MAX);
        let failed = failed.into_iter().next().map(|(_, reason)| reason);
        let heard = Heard { failed, ..outcome.heard(deliveries) };
        let platform = app.platforms.of(&findings.tenant, source).is_some();
        let key = (&findings.tenant, source, if platform { "platform" } else { "hook" });
        Ok(app.office().source_heard(key, &heard, app.clock.now())?)
    }

    /// Takes deliveries singly, since one of them breaks the reader.
    fn one_by_one(
        &self,
        findings: &Findings,
        positions: Vec<Position>,
        options: ImportOptions<'_>,
    ) -> Result<Taken, Failure> {
        let mut sum: Option<Taken> = None;
        let mut fresh = false;
        for position in positions {
            // They are read again, so that nobody has to keep them until then.
            let record = self.app.spool.get(position)?;
            let stored = Stored { position, next: position, record };
            match import(self.app, findings, vec![stored], options) {
                Ok((outcome, failed)) => match &mut sum {
                    None => sum = Some((outcome, failed)),
                    Some((all, all_failed)) => {
                        all.accounting.add(&outcome.accounting);
                        all_failed.extend(failed);
                    }
                },
                Err(Failure::Later(reason)) if reason == PANICKED => {
                    fresh |= self.suspects.borrow_mut().insert(position);
                    let sum = sum.get_or_insert_with(|| (Outcome::nothing(), Vec::new()));
                    sum.1.push((position, reason));
                }
                Err(other) => return Err(other),
            }
        }
        // It may have been the machine: only what breaks the reader twice is put aside.
        if fresh {
            return Err(Failure::Later(PANICKED.to_owned()));
        }
        self.suspects.borrow_mut().clear();
        Ok(sum.unwrap_or_else(|| (Outcome::nothing(), Vec::new())))
    }

    /// Writes down the place that all are past, once all of it is on the disk.
    fn note(&mut self) -> Result<(), StoreError> {
        for findings in self.app.tenants.all() {
            findings.write(Store::sync)?;
        }
        self.app.office().setting_set(MARK, &self.from.to_i64().to_le_bytes())?;
        self.since_noted = 0;
        Ok(())
    }
}

/// Deliveries that count as they are. One that only announces is asked for at its platform.
fn believed(app: &App, tenant: &TenantId, hook: &str, deliveries: Vec<Stored>) -> Vec<Stored> {
    let source = app.config.hooks.get(hook).and_then(|hook| hook.source.as_deref());
    let Some(platform) = source.and_then(|source| app.platforms.of(tenant, source)) else {
        return deliveries;
    };
    let stays =
        |stored: &Stored| page_of(stored).is_some() || !platform.announce(stored.record.body());
    deliveries.into_iter().filter(stays).collect()
}

/// What some deliveries came to, and which of them failed.
type Taken = (Outcome, Vec<(Position, String)>);

/// Why a delivery failed that broke the reader.
const PANICKED: &str = "reading it failed badly";

/// Imports deliveries: small ones in one transaction, larger ones each in its own.
fn import(
    app: &App,
    findings: &Findings,
    deliveries: Vec<Stored>,
    options: ImportOptions<'_>,
) -> Result<Taken, Failure> {
    let mut outcome = Outcome::nothing();
    let mut failed = Vec::new();
    for group in groups(deliveries) {
        let positions: Vec<Position> = group.iter().map(|stored| stored.position).collect();
        let page = group.first().and_then(page_of);
        let source = group.first().map(|stored| stored.record.origin().source.clone());
        let source = source.unwrap_or_default();
        let imported = import_group(app, findings, group, options)?;
        if let Some(name) = &page {
            note_page(app, findings, (&source, name), &imported)?;
        }
        quarantine(app, findings, (&source, &positions), &imported)?;
        // Each has a report of its own.
        let told = positions.into_iter().zip(&imported.files);
        failed.extend(told.filter_map(|(position, file)| Some((position, failure(file)?))));
        outcome.add(Outcome::of(imported));
    }
    Ok((outcome, failed))
}

/// The page that a delivery is, if it is one.
fn page_of(stored: &Stored) -> Option<PageName> {
    PageName::of(stored.record.origin().delivery.as_deref())
}

/// Notes what a page brought.
fn note_page(
    app: &App,
    findings: &Findings,
    (source, name): (&str, &PageName),
    imported: &Imported,
) -> Result<(), Failure> {
    let reading = Reading { source, stream: &name.stream, number: name.reading };
    let (now, mut touched) = (app.clock.now(), Touched::default());
    let seen = &imported.touched;
    let whole = imported.files.iter().all(|file| file.complete && file.accounting.rejected == 0);
    let noted = match (name.whole, whole) {
        (false, _) => Noted::New,
        (true, true) => Noted::Page(name.page),
        (true, false) => Noted::Part,
    };
    let note = |store: &mut Store| store.reading_note((reading, noted), seen, (&mut touched, now));
    if findings.write(note)? > 0 {
        findings.judge_waiting(now)?;
    }
    Ok(())
}

/// Notes records that could not be taken, so that somebody can look at them.
fn quarantine(
    app: &App,
    findings: &Findings,
    (source, positions): (&str, &[Position]),
    imported: &Imported,
) -> Result<(), Failure> {
    if imported.rejects.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let names: BTreeMap<String, Position> =
        positions.iter().map(|position| (delivery_name(source, *position), *position)).collect();
    let row = |reject: &Reject| QuarantineRow {
        position: names.get(&reject.path).map_or(0, |position| position.to_i64()),
        place: reject.offset_bytes,
        reason: reject.reason.clone(),
        at: now,
    };
    let rows: Vec<QuarantineRow> = imported.rejects.iter().map(row).collect();
    let key = PlatformKey { tenant: &findings.tenant, name: source };
    Ok(app.office().quarantine_add(key, &rows)?)
}

fn import_group(
    app: &App,
    findings: &Findings,
    mut group: Vec<Stored>,
    options: ImportOptions<'_>,
) -> Result<Imported, Failure> {
    let never = AtomicBool::new(false);
    let now = app.clock.now();
    let large = match group.pop() {
        Some(only) if group.is_empty() && is_large(&only) => Some(only),
        other => {
            group.extend(other);
            None
        }
    };
    let imported = catch_unwind(AssertUnwindSafe(|| {
        quietly(&never, |progress| match large {
            Some(Stored { position, record, next: _ }) => {
                let inputs = vec![Ok(delivery_input((position, record)))];
                findings.import(inputs, options, (now, false), progress)
            }
            None => {
                let parts = group.into_iter().map(|stored| part(stored, now)).collect();
                findings.import_together(parts, options, now, progress)
            }
        })
    }));
    Ok(imported.map_err(|_| Failure::Later(PANICKED.to_owned()))??)
}

fn part(stored: Stored, now: Timestamp) -> Part {
    let received = Timestamp::from_microsecond(stored.record.received_at_micros());
    let input = delivery_input((stored.position, stored.record));
    Part { input, received: received.unwrap_or(now) }
}

fn is_large(stored: &Stored) -> bool {
    stored.record.body().len() > SMALL_BYTES
}

/// Small deliveries that came one after the other, and each large one by itself.
fn groups(deliveries: Vec<Stored>) -> Vec<Vec<Stored>> {
    let mut groups: Vec<Vec<Stored>> = Vec::new();
    for stored in deliveries {
        // A page tells what it brought by itself, and a large delivery is read by several threads.
        let apart = |stored: &Stored| is_large(stored) || page_of(stored).is_some();
        let joins = |group: &&mut Vec<Stored>| {
            !apart(&stored) && group.last().is_some_and(|last| !apart(last))
        };
        match groups.last_mut().filter(joins) {
            Some(group) => group.push(stored),
            None => groups.push(vec![stored]),
        }
    }
    groups
}

/// Why nothing of a delivery was taken, where nothing was.
fn failure(file: &FileReport) -> Option<String> {
    let none = file.accounting.records == file.accounting.rejected && file.accounting.records > 0;
    let why = || file.message.as_ref().map_or("every record was rejected", |said| said.raw());
    none.then(|| why().to_owned())
}

/// Puts a delivery aside, to be seen and tried again.
fn bury(
    app: &App,
    (tenant, source): (&TenantId, &str),
    position: Position,
    reason: &str,
) -> Result<(), Failure> {
    let task = Task::Delivery { position: position.to_i64() };
    let what = serde_json::to_string(&task).unwrap_or_default();
    let now = app.clock.now();
    let new = NewJob {
        id: KeyHasher::new("delivery").part(&position.to_string()).finish(),
        kind: task.kind(),
        what: &what,
        source,
        made_by: source,
        due_at: now,
    };
    app.office().job_bury(tenant, &new, reason, now)?;
    app.metrics.job(task.kind(), "dead");
    Ok(())
}

fn by_tenant(batch: Vec<Stored>) -> Vec<(String, Vec<Stored>)> {
    grouped(batch, |stored| stored.record.origin().tenant.clone())
}

fn by_source(batch: Vec<Stored>) -> Vec<(String, Vec<Stored>)> {
    grouped(batch, |stored| stored.record.origin().source.clone())
}

/// Groups in the order in which their first members came.
fn grouped(batch: Vec<Stored>, name: impl Fn(&Stored) -> String) -> Vec<(String, Vec<Stored>)> {
    let mut groups: Vec<(String, Vec<Stored>)> = Vec::new();
    for stored in batch {
        let name = name(&stored);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(stored),
            None => groups.push((name, vec![stored])),
        }
    }
    groups
}
