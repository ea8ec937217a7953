//! Sources: when each was last heard of, and what went wrong.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::{TenantId, Untrusted};
use quell_report::{SourceHealth, SourceReport};
use quell_store::{PlatformKey, ServerStore, SourceRow, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::errors::Refused;
use crate::access::Caller;
use crate::state::App;

/// What is known of a source of a tenant.
pub(crate) fn report(
    office: &ServerStore,
    tenant: &TenantId,
    row: SourceRow,
) -> Result<SourceReport, StoreError> {
    let key = PlatformKey { tenant, name: &row.name };
    let paused = row.kind == "platform" && office.platform(key)?.paused;
    Ok(told(row, paused))
}

/// What is known of a source, and whether it is paused.
pub(crate) fn told(row: SourceRow, paused: bool) -> SourceReport {
    let health = match (row.heard_at, row.failed_at) {
        (None, _) => SourceHealth::Silent,
        (Some(heard), Some(failed)) if failed >= heard => SourceHealth::Failing,
        (Some(_), _) => SourceHealth::Healthy,
    };
    SourceReport {
        name: row.name,
        kind: row.kind,
        health,
        paused,
        heard_at: row.heard_at,
        taken_at: row.taken_at,
        failed_at: row.failed_at,
        reason: row.reason.map(Untrusted::from),
        deliveries: row.deliveries,
        records: row.records,
        rejected: row.rejected,
    }
}

/// All sources.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceList {
    /// By name.
    items: Vec<SourceReport>,
}

/// Each source of a tenant: what is configured, and what was heard of.
pub(crate) fn sources(app: &App, caller: &Caller) -> Result<Vec<SourceReport>, Problem> {
    let office = app.office();
    let mut rows = office.source_list(&caller.tenant)?;
    let config = &app.config;
    let hooks = config.hooks.iter().map(|(name, hook)| (name, "hook", &hook.tenant));
    let folders = config.folders.iter().map(|(name, folder)| (name, "folder", &folder.tenant));
    let buckets = config.buckets.iter().map(|(name, bucket)| (name, "bucket", &bucket.tenant));
    let asked = config.sources.iter().map(|(name, source)| (name, "platform", &source.tenant));
    for (name, kind, tenant) in hooks.chain(folders).chain(buckets).chain(asked) {
        let known = rows.iter().any(|row| row.name == *name);
        if *tenant == caller.tenant && !known {
            rows.push(SourceRow::silent(name, kind));
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let told = rows.into_iter().map(|row| report(&office, &caller.tenant, row));
    told.collect::<Result<_, StoreError>>().map_err(Problem::from)
}

/// List sources with their health
#[utoipa::path(get, path = "/sources", tag = "intake", responses(
    (status = 200, description = "All sources", body = SourceList),
    Refused,
))]
pub(super) async fn list_sources(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SourceList>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(SourceList { items: sources(&asking, &caller)? }))).await
}
