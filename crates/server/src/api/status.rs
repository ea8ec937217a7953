//! How the server stands, in one answer: what `quell status` shows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::{TenantId, Timestamp};
use quell_pipeline::query::statistics;
use quell_report::SourceReport;
use quell_store::{JobState, ServerStore, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::errors::Refused;
use super::sources::sources;
use crate::access::Caller;
use crate::data::sizes;
use crate::intake::oldest_waiting;
use crate::state::App;

/// How a server stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusReport {
    /// The program's version.
    pub(crate) version: &'static str,
    /// Now, by the server's clock.
    pub(crate) at: Timestamp,
    /// Whether it takes work.
    pub(crate) ready: bool,
    /// Why it does not.
    pub(crate) why: Option<String>,
    /// How many of your jobs are in each state.
    pub(crate) jobs: BTreeMap<&'static str, u64>,
    /// Your sources.
    pub(crate) sources: Vec<SourceReport>,
    /// How far the deliveries of webhooks are.
    pub(crate) intake: Option<IntakeReport>,
    /// Your open findings; not counted without a server.
    pub(crate) findings_open: Option<u64>,
    /// Your open issues.
    pub(crate) issues_open: u64,
    /// What it takes of the disk.
    pub(crate) disk: DiskReport,
}

/// How far the deliveries of webhooks are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntakeReport {
    /// When the oldest delivery came that is not taken in yet; none waits without.
    pub(crate) waiting_since: Option<Timestamp>,
    /// For how many seconds it waits.
    pub(crate) behind_seconds: u64,
}

/// Bytes on the disk.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DiskReport {
    /// All of it.
    pub(crate) total_bytes: u64,
    /// The databases.
    pub(crate) database_bytes: u64,
    /// The intake log.
    pub(crate) intake_bytes: u64,
    /// Raw payloads.
    pub(crate) raw_bytes: u64,
}

impl DiskReport {
    /// What a data directory takes.
    pub(crate) fn of(data: &Path) -> Self {
        let (intake_bytes, raw_bytes) = (sizes(&data.join("intake")), sizes(&data.join("raw")));
        let total_bytes = sizes(data);
        let database_bytes = total_bytes.saturating_sub(intake_bytes).saturating_sub(raw_bytes);
        Self { total_bytes, database_bytes, intake_bytes, raw_bytes }
    }
}

/// How many jobs of a tenant are in each state, those with none left out.
pub(crate) fn job_counts(
    office: &ServerStore,
    tenant: &TenantId,
) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let counts = office.job_counts(Some(tenant))?;
    Ok(counts.into_iter().map(|(state, count)| (JobState::as_str(state), count)).collect())
}

/// Show how the server stands
///
/// Readiness, jobs by state, sources with their health, what waits, and the disk.
#[utoipa::path(get, path = "/status", tag = "operation", responses(
    (status = 200, description = "How it stands", body = StatusReport),
    Refused,
))]
pub(super) async fn show_status(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<StatusReport>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || status(&asking, &caller).map(Json)).await
}

fn status(app: &App, caller: &Caller) -> Result<StatusReport, Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let at = app.clock.now();
    let waiting_since = oldest_waiting(app, &findings)?;
    let behind = waiting_since.map_or(0, |since| at.as_second() - since.as_second());
    // Reading goes on without the audit log, so readiness does not ask for it.
    let closed = app.audit.trouble(&caller.tenant);
    let closed = closed.map(|why| format!("nothing is changed: {why}"));
    let why = why_not_ready(app).map(str::to_owned).or(closed);
    let counted = findings.view(at, statistics)?;
    // Let go of here: sources are asked of the same place.
    let jobs = job_counts(&app.office(), &caller.tenant)?;
    Ok(StatusReport {
        version: env!("CARGO_PKG_VERSION"),
        at,
        ready: why.is_none(),
        why,
        jobs,
        sources: sources(app, caller)?,
        intake: Some(IntakeReport {
            waiting_since,
            behind_seconds: u64::try_from(behind).unwrap_or(0),
        }),
        findings_open: Some(counted.open_findings),
        issues_open: findings.read(Store::issue_count_open)?,
        disk: DiskReport::of(&app.data),
    })
}

/// Why the server takes no work, where it takes none.
pub(super) fn why_not_ready(app: &App) -> Option<&'static str> {
    if app.stopping.load(Ordering::SeqCst) {
        Some("the server is stopping")
    } else if !app.ready.load(Ordering::SeqCst) {
        Some("the server is starting")
    } else if app.spool.status().broken.is_some() {
        Some("the intake log has stopped")
    } else {
        None
    }
}
