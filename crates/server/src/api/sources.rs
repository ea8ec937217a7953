//! Sources: when each was last heard of, and what went wrong.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::Timestamp;
use quell_store::SourceRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::access::Caller;
use crate::state::App;

/// A source of findings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceReport {
    /// Its name.
    name: String,
    /// `hook`, `folder`, `bucket` or `import`.
    kind: String,
    /// `healthy`, `failing` (the last that came failed) or `silent` (nothing came yet).
    health: &'static str,
    /// When anything of it came.
    #[schema(value_type = Option<String>, format = DateTime)]
    heard_at: Option<Timestamp>,
    /// When something of it was last taken in.
    #[schema(value_type = Option<String>, format = DateTime)]
    taken_at: Option<Timestamp>,
    /// When something of it last failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<Timestamp>,
    /// Why.
    reason: Option<String>,
    /// How often something came.
    deliveries: u64,
    /// Records of all that came.
    records: u64,
    /// Records that were not taken.
    rejected: u64,
}

impl SourceReport {
    fn of(row: SourceRow) -> Self {
        let health = match (row.heard_at, row.failed_at) {
            (None, _) => "silent",
            (Some(heard), Some(failed)) if failed >= heard => "failing",
            (Some(_), _) => "healthy",
        };
        Self {
            name: row.name,
            kind: row.kind,
            health,
            heard_at: row.heard_at,
            taken_at: row.taken_at,
            failed_at: row.failed_at,
            reason: row.reason,
            deliveries: row.deliveries,
            records: row.records,
            rejected: row.rejected,
        }
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
    let mut rows = app.office().source_list(&caller.tenant)?;
    let config = &app.config;
    let hooks = config.hooks.iter().map(|(name, hook)| (name, "hook", &hook.tenant));
    let folders = config.folders.iter().map(|(name, folder)| (name, "folder", &folder.tenant));
    let buckets = config.buckets.iter().map(|(name, bucket)| (name, "bucket", &bucket.tenant));
    for (name, kind, tenant) in hooks.chain(folders).chain(buckets) {
        let known = rows.iter().any(|row| row.name == *name);
        if tenant == caller.tenant.as_str() && !known {
            rows.push(SourceRow {
                name: name.clone(),
                kind: kind.to_owned(),
                heard_at: None,
                taken_at: None,
                failed_at: None,
                reason: None,
                deliveries: 0,
                records: 0,
                rejected: 0,
            });
        }
    }
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows.into_iter().map(SourceReport::of).collect())
}

/// List sources with their health
#[utoipa::path(get, path = "/sources", tag = "intake", responses(
    (status = 200, description = "All sources", body = SourceList),
    (status = 401, description = "The token is not known", body = Problem),
    (status = 403, description = "The token may not read", body = Problem),
    (status = 429, description = "Too many requests", body = Problem),
    (status = 503, description = "Not now; `Retry-After` says when", body = Problem),
))]
pub(super) async fn list_sources(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SourceList>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || Ok(Json(SourceList { items: sources(&asking, &caller)? }))).await
}
