//! What is not kept any more: raw payloads, old jobs and replies, answers of models.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::Timestamp;
use quell_store::{AnswerCap, JobFilter, StoreError};
use tokio::time::Instant;

use super::drain::noted;
use super::ends::Watch;
use crate::jobs::Task;
use crate::state::App;

/// How often.
const EVERY_SECONDS: i64 = 3600;
/// How long replies are known.
const REPLIES: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How often the time is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Jobs read in one go.
const PAGE: u32 = 1000;

/// How often it is kept what time it is for certain.
const KEEP_CLOCK_EVERY: Duration = Duration::from_secs(60);
/// What time it was for certain when the server was there last.
pub(crate) const CLOCK_SEEN: &str = "clock_seen";

/// Removes what is too old until the server stops.
pub(crate) fn keep_house(app: &App) {
    let mut due = app.clock.now().as_second();
    let mut kept: Option<Instant> = None;
    let mut watch = Watch::default();
    while !app.stopping.load(Ordering::SeqCst) {
        let now = app.clock.now();
        let soon = now.as_second().saturating_add(EVERY_SECONDS);
        // Further off than that it is only where the clock went back.
        if now.as_second() >= due || due > soon {
            due = soon;
            if let Err(reason) = sweep(app, app.steady.certain(now)) {
                tracing::warn!(reason, "what is too old stays");
            }
        }
        let certain = app.steady.certain(now);
        watch.look(app, certain);
        if kept.is_none_or(|at| at.elapsed() >= KEEP_CLOCK_EVERY) {
            kept = Some(Instant::now());
            keep_clock(app, certain);
        }
        hasten_letters(app, now);
        let recovered = app.office().job_recover(now, false);
        let hastened = app.office().job_hasten(now, latest_due(app, now));
        if [recovered, hastened].into_iter().any(|changed| changed.is_ok_and(|count| count > 0)) {
            app.jobs_waiting.wake();
        }
        app.pause(LOOK_EVERY);
    }
    keep_clock(app, app.steady.certain(app.clock.now()));
}

/// Keeps what time it is for certain, for the next start. What is not kept is kept a minute later.
fn keep_clock(app: &App, certain: Timestamp) {
    let kept = app.office().setting_set(CLOCK_SEEN, certain.to_string().as_bytes());
    if let Err(error) = kept {
        tracing::debug!(%error, "what time it is is not kept");
    }
}

/// Has letters go on that would wait longer than any does: the clock went back.
fn hasten_letters(app: &App, now: Timestamp) {
    for findings in app.tenants.all() {
        let mut moved = false;
        let hastened = findings.outbox(|store| {
            app.unless_closed(|| {
                moved = store.outbox_hasten(now)?;
                Ok(())
            })
        });
        match hastened {
            Ok(()) if moved => app.outbox_waiting.notify_one(),
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, tenant = %findings.tenant, "the outbox cannot be read");
            }
        }
    }
}

fn sweep(app: &App, now: Timestamp) -> Result<(), String> {
    let said = |error: StoreError| error.to_string();
    app.office().reply_sweep(before(now, REPLIES)).map_err(said)?;
    sweep_models(app, now).map_err(said)?;
    let days = app.config.intake.raw_retention_days;
    if days == 0 {
        return Ok(());
    }
    let old = before(now, SignedDuration::from_hours(24 * i64::from(days)));
    app.office().job_sweep(old).map_err(said)?;
    let floor = noted(app).map_err(said)?;
    app.spool.remove_before(old.as_microsecond(), floor).map_err(|error| error.to_string())?;
    let used = payloads_in_use(app).map_err(said)?;
    for listed in app.payloads.list() {
        let listed = listed.map_err(|error| error.to_string())?;
        let hash = blake3::Hash::from_bytes(listed.hash).to_hex().to_string();
        let age = app.payloads.received_at_micros(&listed.hash);
        let is_old = age.is_some_and(|at| at < old.as_microsecond());
        if is_old && !used.contains(&hash) {
            app.payloads.remove(&listed.hash).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Gives up what language models never ended, and forgets their old answers.
fn sweep_models(app: &App, now: Timestamp) -> Result<(), StoreError> {
    let swept = app.office().spend_sweep(now)?;
    let batches = app.office().batch_sweep(now)?;
    if swept.lost > 0 || batches > 0 {
        let calls = swept.lost;
        tracing::warn!(calls, batches, "calls of models have no end: they count as spent in full");
    }
    app.office().answer_sweep(AnswerCap::of_days(app.config.analyst.keep_answers_days), now)?;
    Ok(())
}

/// The furthest that a job is put off.
fn latest_due(app: &App, now: Timestamp) -> Timestamp {
    let most = i64::try_from(app.config.jobs.backoff_most_seconds).unwrap_or(i64::MAX / 2);
    now.checked_add(SignedDuration::from_secs(most)).unwrap_or(Timestamp::MAX)
}

fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The payloads that a job still names.
fn payloads_in_use(app: &App) -> Result<BTreeSet<String>, StoreError> {
    let mut used = BTreeSet::new();
    let tenants = app.office().tenants()?;
    for tenant in tenants {
        let mut filter = JobFilter { kind: Some("import".to_owned()), ..JobFilter::default() };
        loop {
            let page = app.office().job_list(&tenant, &filter, PAGE)?;
            let Some(last) = page.last() else { break };
            filter.before = Some((last.made_at, last.id));
            let tasks = page.iter().filter_map(|row| serde_json::from_str(&row.what).ok());
            used.extend(tasks.filter_map(|task| match task {
                Task::Import { payload, .. } => Some(payload),
                Task::Delivery { .. } | Task::Object { .. } | Task::Replay { .. } => None,
            }));
        }
    }
    Ok(used)
}
