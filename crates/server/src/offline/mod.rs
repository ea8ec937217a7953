//! What can be done on a data directory without a server: its jobs, a replay, how it stands.
//!
//! Answers are the same JSON as the API's, so that who asks need not know which of both it was.

mod deliveries;
mod explain;
mod fixes;
mod letters;
mod look_up;
mod models;
mod platforms;
mod prompts;
mod room;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quell_audit::{Action, Outcome as AuditOutcome, Stage};
use quell_model::{Clock, JobKey, TenantId, Timestamp};
use quell_pipeline::Progress;
use quell_pipeline::query::QueryError;
use quell_store::{JobFilter, JobRow, JobState, ServerStore, Store, StoreError};
use serde_json::Value;

use crate::api::{DiskReport, JobReport, StatusReport, job_counts, source_report};
use crate::audit::by_server;
use crate::data::Lock;
use crate::jobs::{Change, Failure, replay as read_again};
use crate::start::{Plan, StartError, open_app};
use crate::sync::TellError;

pub use deliveries::{Outbox, deliver};
pub use explain::{ExplainAsked, Explainer};
pub use fixes::FixWriter;
pub use letters::LetterWriter;
pub use look_up::Lookups;
pub use models::{llm_spend, llm_test};
pub use platforms::{Asked, Wanted, sync};
pub use prompts::{Examination, Examined, prompts_provider};

/// Why something cannot be done on a data directory.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// No server ever ran there.
    #[error(
        "no server ever ran on `{}`; name its data directory with `--data`, or a server with `--server`",
        .0.display()
    )]
    NoData(PathBuf),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be opened as a server opens it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no such job.
    #[error("there is no job `{0}`; `quell jobs list` names them")]
    NotFound(String),
    /// There is no such platform.
    #[error("no `[sources.{0}]` is configured and switched on; `quell source list` names them")]
    NoPlatform(String),
    /// There is no such sink.
    #[error("no `[sinks.{0}]` is configured and switched on; `quell sink list` names them")]
    NoSink(String),
    /// There is no such provider of models.
    #[error("no `[llm.{0}]` is configured and switched on; docs/llm.md shows how")]
    NoLlm(String),
    /// There is no such finding.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A platform was not told.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// The job is not in a state for that.
    #[error("{0}")]
    Conflict(String),
    /// Somebody stopped it.
    #[error("stopped; what was read again until then is kept")]
    Stopped,
    /// It did not work.
    #[error("{0}")]
    Failed(String),
}

/// What is read again.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// Whose.
    pub tenant: TenantId,
    /// Only what was received since.
    pub since: Option<Timestamp>,
    /// Only of this source.
    pub source: Option<String>,
}

/// Opens what a server knows beside findings; a directory without it is left as it is.
pub(crate) fn office(data: &Path) -> Result<ServerStore, OfflineError> {
    if !data.join("server.db").exists() {
        return Err(OfflineError::NoData(data.to_owned()));
    }
    Ok(ServerStore::open(data)?)
}

/// Jobs of a tenant as the API tells them, newest first.
///
/// # Errors
/// When the directory cannot be used.
pub fn job_list(
    data: &Path,
    tenant: &TenantId,
    filter: &JobFilter,
    limit: u32,
) -> Result<Vec<Value>, OfflineError> {
    let rows = office(data)?.job_list(tenant, filter, limit)?;
    Ok(rows.into_iter().map(told).collect())
}

/// A job as the API tells it.
///
/// # Errors
/// When there is none of that id, or the directory cannot be used.
pub fn job_show(data: &Path, tenant: &TenantId, id: &str) -> Result<Value, OfflineError> {
    Ok(told(found(&office(data)?, tenant, id)?))
}

/// Changes a job, whether a server runs or not. One that runs sees it within a second.
///
/// # Errors
/// When there is none of that id, it is in no state for that, or the directory cannot be used.
pub fn job_change(
    data: &Path,
    (tenant, id): (&TenantId, &str),
    change: Change,
    now: Timestamp,
) -> Result<Value, OfflineError> {
    let mut office = office(data)?;
    let row = found(&office, tenant, id)?;
    if !change.apply(&mut office, &row, now)? {
        return Err(OfflineError::Conflict(change.refusal(row.state)));
    }
    Ok(told(found(&office, tenant, id)?))
}

/// Reads what was received again, here and now. No server may run on the directory.
///
/// # Errors
/// When the directory is taken or cannot be used, or somebody stops it.
pub fn replay(
    plan: Plan,
    wanted: &Replay,
    clock: Arc<dyn Clock>,
    progress: &Progress<'_>,
) -> Result<Value, OfflineError> {
    office(&plan.data)?;
    let now = clock.now();
    let app = open_app(plan, clock)?;
    let job = nameless(&wanted.tenant, now);
    let leaf = by_server((Action::ReplayRun, Stage::Begun), &wanted.tenant, now);
    let begun = app.audit.begin(leaf.word("by", "command"));
    let begun = begun.map_err(|error| OfflineError::Failed(error.to_string()))?;
    let outcome = read_again(&app, &job, (wanted.since, wanted.source.as_deref()), progress);
    let ended = if outcome.is_ok() { AuditOutcome::Done } else { AuditOutcome::Failed };
    begun.end(app.clock.now(), ended, |leaf| leaf);
    match outcome {
        Ok(outcome) => {
            serde_json::to_value(outcome).map_err(|error| OfflineError::Failed(error.to_string()))
        }
        Err(Failure::Stopped) => Err(OfflineError::Stopped),
        Err(Failure::Later(reason) | Failure::Never(reason)) => Err(OfflineError::Failed(reason)),
    }
}

/// A job that nobody stores: it is done before anybody could ask for it.
fn nameless(tenant: &TenantId, now: Timestamp) -> JobRow {
    JobRow {
        tenant: tenant.clone(),
        id: JobKey::from_bytes([0; 16]),
        kind: "replay".to_owned(),
        state: JobState::Running,
        what: String::new(),
        source: "replay".to_owned(),
        made_by: "local user".to_owned(),
        made_at: now,
        due_at: now,
        started_at: Some(now),
        ended_at: None,
        attempts: 1,
        cancel: false,
        progress: (0, 0),
        doing: String::new(),
        reason: None,
        result: None,
    }
}

/// How a data directory stands, as far as that is told without its server. Not ready means that no
/// server runs there.
///
/// # Errors
/// When the directory cannot be used.
pub fn status(data: &Path, tenant: &TenantId, now: Timestamp) -> Result<Value, OfflineError> {
    let office = office(data)?;
    let ready = is_served(data)?;
    let heard = office.source_list(tenant)?.into_iter();
    let sources = heard.map(|row| source_report(&office, tenant, row)).collect::<Result<_, _>>()?;
    let report = StatusReport {
        version: env!("CARGO_PKG_VERSION"),
        at: now,
        ready,
        why: (!ready).then(|| "no server runs on this data directory".to_owned()),
        jobs: job_counts(&office, tenant)?,
        sources,
        intake: None,
        findings_open: None,
        issues_open: Store::reader_for(data, tenant)?.issue_count_open()?,
        disk: DiskReport::of(data),
    };
    serde_json::to_value(report).map_err(|error| OfflineError::Failed(error.to_string()))
}

/// Whether a server runs on the directory.
///
/// # Errors
/// When the directory cannot be used.
pub fn is_served(data: &Path) -> Result<bool, OfflineError> {
    let io = |source| StartError::Io { path: data.to_owned(), source };
    Ok(Lock::is_taken(data).map_err(io)?)
}

fn found(office: &ServerStore, tenant: &TenantId, id: &str) -> Result<JobRow, OfflineError> {
    let not_found = || OfflineError::NotFound(id.chars().take(40).collect());
    let key: JobKey = id.parse().map_err(|_| not_found())?;
    office.job(tenant, key)?.ok_or_else(not_found)
}

fn told(row: JobRow) -> Value {
    serde_json::to_value(JobReport::of(row)).unwrap_or_default()
}
