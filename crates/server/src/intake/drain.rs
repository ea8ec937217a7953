//! From the intake log into the findings.
//!
//! A tenant's findings remember how far they were filled from the log. What is taken twice after a
//! crash changes nothing, so nothing is lost and nothing counts twice. The server remembers a place
//! that all tenants are past on the disk; reading begins there, and what is behind it stays in the
//! log until then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quell_model::{KeyHasher, Reject, TenantId, Timestamp};
use quell_pipeline::{ImportOptions, Imported, Setup};
use quell_report::FileReport;
use quell_sources::intake::{Input, Unreadable};
use quell_spool::{Position, Reader, SpoolError, Stored};
use quell_store::{Heard, NewJob, PlatformKey, QuarantineRow, Reading, StoreError, Touched};

use crate::data::{Findings, quietly};
use crate::jobs::{Failure, Outcome, Task, delivery_input, delivery_options};
use crate::state::App;
use crate::sync::PageName;

/// Deliveries, and bytes of them, taken in one go.
const DELIVERIES: usize = 512;
const BYTES: usize = 4 << 20;
/// Bytes of the log after which its place is written down.
const NOTED_AFTER: usize = 32 << 20;
/// How long to wait when there is nothing to do, or it cannot be done.
const IDLE: Duration = Duration::from_secs(1);
/// Deliveries looked at to find one of a tenant that waits.
const LOOKED_AT: usize = 1_000;
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
}

impl<'a> Drain<'a> {
    fn begin(app: &'a App) -> Result<Self, String> {
        let from = noted(app).map_err(|error| error.to_string())?;
        app.spool.require(from).map_err(|error| error.to_string())?;
        Ok(Self { app, reader: app.spool.read_from(from), from, since_noted: 0 })
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
        for (source, deliveries) in by_source(new) {
            self.source(&findings, &source, deliveries)?;
        }
        let mark = next.to_i64().to_le_bytes();
        Ok(findings.write(|store| store.mark_set(MARK, &mark))?)
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
        let together = import(app, findings, deliveries.clone(), options);
        let (outcome, failed) = match together {
            Ok(outcome) => outcome,
            Err(Failure::Later(reason)) if reason == PANICKED => {
                self.one_by_one(findings, deliveries, options)?
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
        deliveries: Vec<Stored>,
        options: ImportOptions<'_>,
    ) -> Result<Taken, Failure> {
        let mut sum: Option<Taken> = None;
        for stored in deliveries {
            let position = stored.position;
            match import(self.app, findings, vec![stored], options) {
                Ok((outcome, failed)) => match &mut sum {
                    None => sum = Some((outcome, failed)),
                    Some((all, all_failed)) => {
                        all.accounting.add(&outcome.accounting);
                        all_failed.extend(failed);
                    }
                },
                Err(Failure::Later(reason)) if reason == PANICKED => {
                    let sum = sum.get_or_insert_with(|| (Outcome::nothing(), Vec::new()));
                    sum.1.push((position, reason));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(sum.unwrap_or_else(|| (Outcome::nothing(), Vec::new())))
    }

    /// Writes down the place that all are past, once all of it is on the disk.
    fn note(&mut self) -> Result<(), StoreError> {
        for findings in self.app.tenants.all() {
            findings.write(quell_store::Store::sync)?;
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
    let stays = |stored: &Stored| {
        let page = PageName::of(stored.record.origin().delivery.as_deref()).is_some();
        page || !platform.announce(stored.record.body())
    };
    deliveries.into_iter().filter(stays).collect()
}

/// What some deliveries came to, and which of them failed.
type Taken = (Outcome, Vec<(Position, String)>);

/// Why a delivery failed that broke the reader.
const PANICKED: &str = "reading it failed badly";

/// Imports deliveries; those that may stand in a row go together, since each file is a
/// transaction of its own.
fn import(
    app: &App,
    findings: &Findings,
    deliveries: Vec<Stored>,
    options: ImportOptions<'_>,
) -> Result<Taken, Failure> {
    let mut outcome = Outcome::nothing();
    let mut failed = Vec::new();
    for row in rows(findings.setup(), deliveries) {
        let (positions, alone) = (row.positions(), row.deliveries.clone());
        let imported = import_inputs(app, findings, vec![Ok(row.into_input())], options)?;
        note_page(app, findings, &alone, &imported)?;
        quarantine(app, findings, &alone, &imported)?;
        let whole =
            imported.files.iter().all(|file| file.complete && file.accounting.rejected == 0);
        match (positions.as_slice(), whole) {
            ([_], _) | (_, true) => {
                let told = imported.files.iter().find_map(failure);
                failed.extend(positions.first().copied().zip(told));
                outcome.add(Outcome::of(imported));
            }
            // Which of them it is shows when each is read by itself; the others change nothing.
            (_, false) => {
                for stored in alone {
                    let position = stored.position;
                    let input = delivery_input((position, stored.record));
                    let imported = import_inputs(app, findings, vec![Ok(input)], options)?;
                    let told = imported.files.iter().find_map(failure);
                    failed.extend(told.map(|reason| (position, reason)));
                    outcome.add(Outcome::of(imported));
                }
            }
        }
    }
    Ok((outcome, failed))
}

/// Notes what a page of a whole reading brought.
fn note_page(
    app: &App,
    findings: &Findings,
    deliveries: &[Stored],
    imported: &Imported,
) -> Result<(), Failure> {
    let [stored] = deliveries else { return Ok(()) };
    let origin = stored.record.origin();
    let name = PageName::of(origin.delivery.as_deref()).filter(|name| name.whole);
    let Some(name) = name else { return Ok(()) };
    let reading = Reading { source: &origin.source, stream: &name.stream, number: name.reading };
    let (now, mut touched) = (app.clock.now(), Touched::default());
    let seen = &imported.touched.findings;
    findings.write(|store| store.reading_note((reading, name.page), seen, (&mut touched, now)))?;
    Ok(())
}

/// Notes records that could not be taken, so that somebody can look at them.
fn quarantine(
    app: &App,
    findings: &Findings,
    deliveries: &[Stored],
    imported: &Imported,
) -> Result<(), Failure> {
    let [stored] = deliveries else { return Ok(()) };
    let now = app.clock.now();
    let row = |reject: &Reject| QuarantineRow {
        position: stored.position.to_i64(),
        place: reject.offset_bytes,
        reason: reject.reason.clone(),
        at: now,
    };
    let rows: Vec<QuarantineRow> = imported.rejects.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let key = PlatformKey { tenant: &findings.tenant, name: &stored.record.origin().source };
    Ok(app.office().quarantine_add(key, &rows)?)
}

fn import_inputs(
    app: &App,
    findings: &Findings,
    inputs: Vec<Result<Input, Unreadable>>,
    options: ImportOptions<'_>,
) -> Result<Imported, Failure> {
    let never = AtomicBool::new(false);
    let now = app.clock.now();
    let imported = catch_unwind(AssertUnwindSafe(|| {
        quietly(&never, |progress| findings.import(inputs, options, (now, false), progress))
    }));
    Ok(imported.map_err(|_| Failure::Later(PANICKED.to_owned()))??)
}

/// Deliveries that are read as one input.
struct DeliveryRow {
    format: Option<&'static str>,
    deliveries: Vec<Stored>,
}

impl DeliveryRow {
    fn positions(&self) -> Vec<Position> {
        self.deliveries.iter().map(|stored| stored.position).collect()
    }

    /// The deliveries one behind the other, under the name of the first and the last.
    fn into_input(mut self) -> Input {
        if self.deliveries.len() == 1
            && let Some(only) = self.deliveries.pop()
        {
            return delivery_input((only.position, only.record));
        }
        let source = self.deliveries.first().map(|s| s.record.origin().source.clone());
        let ends = [self.deliveries.first(), self.deliveries.last()];
        let ends = ends.map(|end| end.map(|s| s.position.to_string()).unwrap_or_default());
        let name = format!("hook:{}/{}", source.unwrap_or_default(), ends.join("-"));
        let mut text = Vec::new();
        for stored in &self.deliveries {
            text.extend_from_slice(stored.record.body());
            text.push(b'\n');
        }
        Input::bytes(name, text)
    }
}

/// Puts deliveries of one format that stand alone in rows.
fn rows(setup: &Setup, deliveries: Vec<Stored>) -> Vec<DeliveryRow> {
    let mut rows: Vec<DeliveryRow> = Vec::new();
    for stored in deliveries {
        // A page tells what it brought by itself.
        let page = PageName::of(stored.record.origin().delivery.as_deref()).is_some();
        let format = if page { None } else { setup.lone_document(stored.record.body()) };
        match rows.last_mut() {
            Some(row) if format.is_some() && row.format == format => row.deliveries.push(stored),
            _ => rows.push(DeliveryRow { format, deliveries: vec![stored] }),
        }
    }
    rows
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
