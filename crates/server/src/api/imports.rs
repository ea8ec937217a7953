//! Imports: a body of any format that `quell triage` reads.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::header::{CONTENT_ENCODING, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use quell_model::{JobKey, KeyHasher};
use quell_pipeline::query::{self, ImportItem, Page};
use quell_store::{JobRow, NewJob};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Problem;
use super::errors::{BadBody, OnceKey, Refused, Unchanged};
use super::extract::Asked;
use super::jobs::JobReport;
use super::view::view;
use crate::access::{Caller, check_key, random_job};
use crate::intake::receive;
use crate::jobs::Task;
use crate::state::App;

/// Longest name of an import, and of a source.
const MOST_NAME_BYTES: usize = 256;
/// How long a wait may go unwoken.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How an import is taken.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportQuery {
    /// What people call it; it stands in reports.
    #[param(nullable = false, min_length = 1, max_length = 256)]
    name: Option<String>,
    /// The source that it is counted for.
    #[param(nullable = false, min_length = 1, max_length = 256)]
    source: Option<String>,
    /// The format that it has to have.
    format: Option<String>,
    /// Whether the answer waits for the import.
    #[serde(default)]
    wait: bool,
}

/// How the body is sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
struct ImportHeaders {
    /// How the body is packed, if it is.
    #[param(rename = "Content-Encoding", nullable = false, pattern = "^(gzip|identity)$")]
    encoding: Option<String>,
}

/// Import findings
///
/// The body is what `quell triage` reads from a file: JSON, NDJSON, CSV or a zip of them.
#[utoipa::path(
    post, path = "/imports", tag = "intake", params(ImportQuery,
        OnceKey,
        ImportHeaders),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It was imported, with `wait`", body = JobReport),
        (status = 202, description = "It will be; the job says how far it is", body = JobReport),
        Refused, Unchanged, BadBody,
    )
)]
pub(super) async fn create_import(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<ImportQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().map(str::to_owned));
    let odd = |_| Problem::invalid("a header is not written in ASCII");
    let key = text("idempotency-key").transpose().map_err(odd)?;
    key.as_ref().map_or(Ok(()), |key| check_key(key.as_bytes()))?;
    let encoding = text(CONTENT_ENCODING.as_str()).transpose().map_err(odd)?;
    let plan = Plan::of(&query, &app)?;
    let payload = receive(&app, encoding.as_deref(), body).await?;
    if payload.bytes == 0 {
        return Err(Problem::invalid("the body is empty"));
    }
    let hash = blake3::Hash::from_bytes(payload.hash).to_hex().to_string();
    let (asking, who) = (Arc::clone(&app), caller.clone());
    let job = app.quick(move || plan.add(&asking, &who, &hash, key.as_deref())).await?;
    app.jobs_waiting.wake();
    let job = if query.wait { wait(&app, &caller, job).await? } else { job };
    let status = if job.state.is_over() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok((status, [(LOCATION, location)], Json(JobReport::of(job))).into_response())
}

/// List imports, newest first
#[utoipa::path(get, path = "/imports", tag = "intake", params(query::ImportQuery), responses(
    (status = 200, description = "A page of imported files", body = Page<ImportItem>),
    Refused,
))]
pub(super) async fn list_imports(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    OriginalUri(address): OriginalUri,
    Asked(asked): Asked<query::ImportQuery>,
) -> Result<Response, Problem> {
    view(&app, caller, address, move |view| query::imports(view, &asked)).await
}

/// What is to become of the body.
struct Plan {
    name: String,
    source: String,
    format: Option<String>,
}

impl Plan {
    fn of(query: &ImportQuery, app: &App) -> Result<Self, Problem> {
        let fits = |text: &str| {
            !text.is_empty() && text.len() <= MOST_NAME_BYTES && !text.chars().any(char::is_control)
        };
        let name = query.name.clone().unwrap_or_else(|| "import".to_owned());
        let source = query.source.clone().unwrap_or_else(|| "api".to_owned());
        if !fits(&name) || !fits(&source) {
            return Err(Problem::invalid(
                "`name` and `source` are 1 to 256 bytes without control characters",
            ));
        }
        let known = app.setup.format_names();
        if let Some(format) = &query.format
            && !known.contains(&format.as_str())
        {
            let known = known.join(", ");
            return Err(Problem::invalid(format!("`format` is one of {known}")));
        }
        Ok(Self { name, source, format: query.format.clone() })
    }

    fn add(
        &self,
        app: &App,
        caller: &Caller,
        payload: &str,
        key: Option<&str>,
    ) -> Result<JobRow, Problem> {
        let id: JobKey = match key {
            Some(key) => KeyHasher::new("import").part(&caller.token).part(key).finish(),
            None => random_job().map_err(|error| Problem::internal(&error))?,
        };
        let task = Task::Import {
            payload: payload.to_owned(),
            name: self.name.clone(),
            format: self.format.clone(),
            close: false,
            asked_by: Some(caller.asked_by()),
        };
        let what = serde_json::to_string(&task).map_err(|error| Problem::internal(&error))?;
        let now = app.clock.now();
        let made_by = caller.signature();
        let new = NewJob {
            id,
            kind: task.kind(),
            what: &what,
            source: &self.source,
            made_by: &made_by,
            due_at: now,
        };
        let mut office = app.office();
        let is_new = office.job_add(&caller.tenant, &new, now)?;
        let job = office.job(&caller.tenant, id)?.ok_or_else(|| Problem::not_found("such job"))?;
        let same = is_new
            || matches!(serde_json::from_str(&job.what),
                Ok(Task::Import { payload: known, .. }) if known == payload);
        if same {
            Ok(job)
        } else {
            Err(Problem::unprocessable("the `Idempotency-Key` was used for another body"))
        }
    }
}

/// Waits until a job is over, as long as the configuration says.
async fn wait(app: &Arc<App>, caller: &Caller, job: JobRow) -> Result<JobRow, Problem> {
    let most = Duration::from_secs(app.config.server.import_wait_seconds);
    let (id, tenant) = (job.id, caller.tenant.clone());
    let waiting = async {
        let mut job = job;
        while !job.state.is_over() {
            // A job that ends between the look and the wait is seen at the next look.
            drop(tokio::time::timeout(LOOK_EVERY, app.job_ended.notified()).await);
            let (asking, of) = (Arc::clone(app), tenant.clone());
            let found = app.quick(move || Ok(asking.office().job(&of, id)?)).await?;
            job = found.ok_or_else(|| Problem::not_found("such job"))?;
        }
        Ok(job)
    };
    match tokio::time::timeout(most, waiting).await {
        Ok(over) => over,
        Err(_) => {
            let asking = Arc::clone(app);
            let of = caller.tenant.clone();
            let found = app.quick(move || Ok(asking.office().job(&of, id)?)).await?;
            found.ok_or_else(|| Problem::not_found("such job"))
        }
    }
}
