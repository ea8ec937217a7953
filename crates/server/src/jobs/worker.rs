//! Workers: each takes a job with a lease, says how far it is, and ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_audit::{Action, Actor, Leaf, Stage};
use quell_bucket::Object;
use quell_model::{TenantId, Timestamp};
use quell_pipeline::{PipelineError, Progress};
use quell_spool::{PayloadError, SpoolError};
use quell_store::{Ended, JobRow, Renewed, StoreError};

use super::Task;
use super::import::{Outcome, take_delivery, take_payload};
use super::replay::replay;
use crate::access::still_may;
use crate::audit::by_server;
use crate::data::locked;
use crate::intake::take_object;
use crate::state::App;

/// How often a worker looks for jobs that nobody woke it for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a job says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may work later.
    Later(String),
    /// It will never work.
    Never(String),
    /// Somebody called it off, or the server is stopping.
    Stopped,
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Interrupted => Self::Stopped,
            PipelineError::Store(error) => error.into(),
            PipelineError::Body(_)
            | PipelineError::Threads(_)
            | PipelineError::Unread(_)
            | PipelineError::Repository { .. }
            | PipelineError::Unwritten { .. }
            | PipelineError::HalfWritten { .. }
            | PipelineError::Journal { .. }
            | PipelineError::Git { .. }
            | PipelineError::Intelligence { .. }
            | PipelineError::Inventory { .. }
            | PipelineError::NotFound { .. }
            | PipelineError::Refused(_) => Self::Later(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Newer { .. }
            | StoreError::Damaged(_)
            | StoreError::OlderCopy { .. }
            | StoreError::HalfRestored(_)
            | StoreError::Tenant { .. } => Self::Never(error.to_string()),
            StoreError::Directory { .. }
            | StoreError::Full
            | StoreError::Busy
            | StoreError::Sqlite(_)
            | StoreError::Body(_) => Self::Later(error.to_string()),
        }
    }
}

impl From<PayloadError> for Failure {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Missing { .. } => {
                Self::Never("its bytes are not kept any more".to_owned())
            }
            PayloadError::Damaged { .. } | PayloadError::TooLarge { .. } => {
                Self::Never(error.to_string())
            }
            PayloadError::DiskFull | PayloadError::Io { .. } => Self::Later(error.to_string()),
        }
    }
}

impl From<SpoolError> for Failure {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Missing { .. } => Self::Never("its bytes are not kept any more".to_owned()),
            SpoolError::Damaged { .. } | SpoolError::Newer { .. } => Self::Never(error.to_string()),
            SpoolError::Full { .. }
            | SpoolError::DiskFull
            | SpoolError::Broken { .. }
            | SpoolError::Closed
            | SpoolError::Refused { .. }
            | SpoolError::Locked { .. }
            | SpoolError::RolledBack { .. }
            | SpoolError::Io { .. } => Self::Later(error.to_string()),
        }
    }
}

/// Does jobs until the server stops.
pub(crate) fn work(app: &Arc<App>) {
    while !app.stopping.load(Ordering::SeqCst) {
        // A job that may not be written down is not taken, so that no attempt is lost for it.
        if app.audit.trouble(&TenantId::default()).is_some() {
            app.jobs_waiting.wait(LOOK_EVERY);
            continue;
        }
        let now = app.clock.now();
        let lease = lease(app, now);
        let taken = app.office().job_take(now, lease);
        match taken {
            Ok(Some(job)) => attempt(app, &job),
            Ok(None) => app.jobs_waiting.wait(LOOK_EVERY),
            Err(error) => {
                tracing::error!(%error, "no job can be taken");
                app.jobs_waiting.wait(LOOK_EVERY);
            }
        }
    }
}

fn lease(app: &App, now: Timestamp) -> Timestamp {
    later(now, app.config.jobs.lease_seconds)
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX / 2);
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// How far a job is, as its thread says.
#[derive(Default)]
struct Told {
    done: AtomicU64,
    total: AtomicU64,
    doing: Mutex<String>,
    cancelled: AtomicBool,
}

fn attempt(app: &Arc<App>, job: &JobRow) {
    let span = tracing::info_span!(
        "job",
        otel.name = format!("job {}", job.kind),
        otel.status_code = tracing::field::Empty,
        job.id = %job.id,
        job.attempt = i64::from(job.attempts),
    );
    let _inside = span.clone().entered();
    tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempts, "begins");
    let told = Told::default();
    let result = std::thread::scope(|threads| {
        let (over, ended) = channel();
        let telling = &told;
        let keeper = threads.spawn(move || keep_lease(app, job, telling, &ended));
        let result = catch_unwind(AssertUnwindSafe(|| run_noted(app, job, &told)));
        drop(over);
        // It only says how far the job is; what became of the job is said below.
        drop(keeper.join());
        result
    });
    let result = result.unwrap_or_else(|_| Err(Failure::Later("the job failed badly".to_owned())));
    if result.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    end(app, job, &told, &result);
}

/// Keeps the lease of a job that runs, and hears when it is called off.
fn keep_lease(app: &App, job: &JobRow, told: &Told, ended: &Receiver<()>) {
    while matches!(ended.recv_timeout(TELL_EVERY), Err(RecvTimeoutError::Timeout)) {
        if app.hard_stop.load(Ordering::SeqCst) {
            told.cancelled.store(true, Ordering::SeqCst);
        }
        let doing = locked(&told.doing).clone();
        let progress =
            (told.done.load(Ordering::SeqCst), told.total.load(Ordering::SeqCst), doing.as_str());
        match app.office().job_renew(job, progress, lease(app, app.clock.now())) {
            Ok(Renewed::Yes) => {}
            Ok(Renewed::Cancelled | Renewed::Lost) => told.cancelled.store(true, Ordering::SeqCst),
            Err(error) => tracing::warn!(job = %job.id, %error, "the lease is not renewed"),
        }
    }
}

/// Runs a job between its two records in the audit log.
fn run_noted(app: &Arc<App>, job: &JobRow, told: &Told) -> Result<Outcome, Failure> {
    let begun = app.audit.begin(record(app, job)).map_err(|error| {
        Failure::Later(format!("nothing is changed, since that cannot be written down: {error}"))
    })?;
    let result = run(app, job, told);
    let outcome = match &result {
        Ok(_) => quell_audit::Outcome::Done,
        Err(Failure::Stopped) => quell_audit::Outcome::Stopped,
        Err(Failure::Later(_) | Failure::Never(_)) => quell_audit::Outcome::Failed,
    };
    begun.end(app.clock.now(), outcome, |leaf| match &result {
        Ok(outcome) => outcome.counts().into_iter().fold(leaf, |leaf, (name, count)| {
            leaf.fact(name, i64::try_from(count).unwrap_or(i64::MAX))
        }),
        Err(_) => leaf,
    });
    result
}

/// What the audit log says of a job before it runs.
fn record(app: &App, job: &JobRow) -> Leaf {
    let action = if job.kind == "replay" { Action::ReplayRun } else { Action::ImportRun };
    let leaf = by_server((action, Stage::Begun), &job.tenant, app.clock.now())
        .object("job", &job.id.to_string())
        .object("source", &job.source)
        .fact("attempt", i64::from(job.attempts));
    // Who asked is named by the token's id, which stands behind its name.
    let asked = job.made_by.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let Some(token) = asked else { return leaf };
    let actor = Actor { kind: "token", id: token.to_owned(), role: None, name: None };
    leaf.on_behalf(&actor)
}

fn run(app: &Arc<App>, job: &JobRow, told: &Told) -> Result<Outcome, Failure> {
    let task: Task = serde_json::from_str(&job.what)
        .map_err(|error| Failure::Never(format!("this program does not know the task: {error}")))?;
    if let Some((asked_by, right)) = task.asked() {
        let may = still_may(app, Some(asked_by), right);
        if !may.map_err(|problem| Failure::Later(problem.detail().to_owned()))? {
            return Err(Failure::Never("who asked for it may not any more".to_owned()));
        }
    }
    let progress = Progress {
        cancelled: &told.cancelled,
        bytes: &|done, total| {
            told.done.store(done, Ordering::SeqCst);
            told.total.store(total, Ordering::SeqCst);
        },
        doing: &|what| what.clone_into(&mut locked(&told.doing)),
    };
    match &task {
        Task::Import { .. } => take_payload(app, job, &task, &progress),
        Task::Delivery { position } => take_delivery(app, job, *position, &progress),
        Task::Object { key, size, modified, e_tag } => {
            let object =
                Object { key: key.clone(), size: *size, modified: *modified, e_tag: e_tag.clone() };
            take_object(app, job, &object)
        }
        Task::Replay { since, source, .. } => {
            replay(app, job, (*since, source.as_deref()), &progress)
        }
    }
}

fn end(app: &App, job: &JobRow, told: &Told, result: &Result<Outcome, Failure>) {
    let now = app.clock.now();
    let called_off = told.cancelled.load(Ordering::SeqCst) && !app.hard_stop.load(Ordering::SeqCst);
    let text;
    let (ended, state) = match result {
        Ok(outcome) => {
            text = serde_json::to_string(outcome).unwrap_or_else(|_| "{}".to_owned());
            match &outcome.held {
                Some(held) => (Ended::Held(&text, &held.reason), "held"),
                None => (Ended::Done(&text), "done"),
            }
        }
        Err(Failure::Stopped) if called_off => (Ended::Cancelled, "cancelled"),
        Err(Failure::Stopped) => {
            (Ended::Retry { reason: "the server stopped while it ran", at: now }, "queued")
        }
        Err(Failure::Later(reason)) if job.attempts < app.config.jobs.attempts => {
            (Ended::Retry { reason, at: later(now, wait_seconds(app, job.attempts)) }, "queued")
        }
        Err(Failure::Later(reason) | Failure::Never(reason)) => (Ended::Dead(reason), "dead"),
    };
    tracing::info!(job = %job.id, kind = job.kind, state, "ended");
    app.metrics.job(&job.kind, state);
    if let Err(error) = app.office().job_end(job, ended, now) {
        // Its lease runs out, and it is done again: what it did is not done twice.
        tracing::error!(job = %job.id, %error, "the end of a job is not kept");
    }
    app.planning.wake();
    app.job_ended.notify_waiters();
}

/// How long a job waits after so many attempts: twice as long each time.
fn wait_seconds(app: &App, attempts: u32) -> u64 {
    let jobs = &app.config.jobs;
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    jobs.backoff_first_seconds.saturating_mul(doubled).min(jobs.backoff_most_seconds)
}
