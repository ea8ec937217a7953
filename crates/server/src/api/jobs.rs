//! Jobs: how far they are, and what a person does about those that failed or wait.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quell_model::{JobKey, Timestamp};
use quell_store::{JobFilter, JobRow, JobState, NewJob};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Given, Id};
use crate::access::{Caller, random_job};
use crate::jobs::{Change, Task};
use crate::state::App;

/// Jobs of a page that does not say how many.
const PAGE: u32 = 50;
/// Most jobs that a page may be asked to have; the configuration may allow fewer.
const MOST_ITEMS: u32 = 10_000;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobReport {
    /// Its id.
    pub(crate) id: JobKey,
    /// `import`, `delivery`, `object` or `replay`.
    kind: String,
    /// `queued`, `running`, `done`, `held`, `dead` or `cancelled`.
    state: &'static str,
    /// The source it is counted for.
    source: String,
    /// Who asked for it.
    made_by: String,
    /// When it was asked for.
    made_at: Timestamp,
    /// When it is tried next.
    due_at: Timestamp,
    /// When it was last begun.
    started_at: Option<Timestamp>,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// How often it was begun.
    attempts: u32,
    /// How much of its bytes is done.
    done_bytes: u64,
    /// How many there are, where that is known.
    total_bytes: u64,
    /// What it does just now.
    doing: String,
    /// Why it failed, or what it waits for.
    reason: Option<String>,
    /// What is to be done.
    #[schema(value_type = Object)]
    task: serde_json::Value,
    /// What it came to: the accounting, the files and what changed.
    #[schema(value_type = Option<Object>)]
    result: Option<serde_json::Value>,
}

impl JobReport {
    pub(crate) fn of(row: JobRow) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            id: row.id,
            kind: row.kind,
            state: row.state.as_str(),
            source: row.source,
            made_by: row.made_by,
            made_at: row.made_at,
            due_at: row.due_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            attempts: row.attempts,
            done_bytes: row.progress.0,
            total_bytes: row.progress.1,
            doing: row.doing,
            reason: row.reason,
            task: json(&row.what),
            result: row.result.as_deref().map(json),
        }
    }
}

/// Which jobs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct JobQuery {
    /// In this state.
    #[param(schema_with = states)]
    state: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// Of this source.
    source: Option<String>,
    /// Where the last page ended.
    cursor: Option<String>,
    /// Most jobs of the page.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

fn states() -> Object {
    let words = JobState::ALL.map(JobState::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobPage {
    /// The jobs.
    items: Vec<JobReport>,
    /// Give this for the next page; there is none without.
    next_cursor: Option<String>,
}

/// List jobs, newest first
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(JobQuery), responses(
    (status = 200, description = "A page of jobs", body = JobPage),
    Refused,
))]
pub(super) async fn list_jobs(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<JobQuery>,
) -> Result<Json<JobPage>, Problem> {
    let words = || JobState::ALL.map(JobState::as_str).join(", ");
    let state = query.state.as_deref().map(|word| {
        JobState::from_word(word)
            .ok_or_else(|| Problem::invalid(format!("`state` is one of {}", words())))
    });
    let before = query.cursor.as_deref().map(parse_cursor);
    let filter = JobFilter {
        state: state.transpose()?,
        kind: query.kind,
        source: query.source,
        before: before.transpose()?,
    };
    let limit = match query.limit.unwrap_or(PAGE) {
        limit @ 1..=MOST_ITEMS => limit.min(app.config.limits.page_items),
        given => {
            return Err(Problem::invalid(format!("`limit` is 1 to {MOST_ITEMS}, not {given}")));
        }
    };
    let asking = Arc::clone(&app);
    let tenant = caller.tenant;
    app.quick(move || {
        let mut rows = asking.office().job_list(&tenant, &filter, limit.saturating_add(1))?;
        let more = u32::try_from(rows.len()).is_ok_and(|found| found > limit);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_cursor = rows.last().filter(|_| more).map(cursor);
        Ok(Json(JobPage { items: rows.into_iter().map(JobReport::of).collect(), next_cursor }))
    })
    .await
}

fn cursor(last: &JobRow) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {} {}", last.made_at.as_microsecond(), last.id))
}

fn parse_cursor(text: &str) -> Result<(Timestamp, JobKey), Problem> {
    let parse = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, id) = text.strip_prefix("1 ")?.split_once(' ')?;
        Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, id.parse().ok()?))
    };
    parse().ok_or_else(|| Problem::invalid("`cursor` is none of this list; begin without one"))
}

fn job_id(text: &str) -> Result<JobKey, Problem> {
    text.parse().map_err(|_| Problem::not_found("job of that id"))
}

/// Show a job
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "The job's id")), responses(
    (status = 200, description = "The job", body = JobReport),
    Refused, Missing,
))]
pub(super) async fn get_job(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Json<JobReport>, Problem> {
    let id = job_id(&id)?;
    let asking = Arc::clone(&app);
    app.quick(move || found(&asking, &caller, id)).await.map(|row| Json(JobReport::of(row)))
}

fn found(app: &App, caller: &Caller, id: JobKey) -> Result<JobRow, Problem> {
    let row = app.office().job(&caller.tenant, id)?;
    // Who is limited to some places follows what they asked for, and no other's.
    let is_theirs = |row: &JobRow| !caller.is_limited() || row.made_by == caller.signature();
    row.filter(is_theirs).ok_or_else(|| Problem::not_found("job of that id"))
}

/// Call a job off
///
/// One that waits is called off at once, one that runs as soon as it can stop.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = String, Path, description = "The job's id"), OnceKey), responses(
    (status = 202, description = "It is called off, or will be soon", body = JobReport),
    Refused, Missing, Unchanged,
))]
pub(super) async fn cancel_job(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Response, Problem> {
    change(&app, caller, &id, Change::Cancel).await
}

/// Try a job again
#[utoipa::path(post, path = "/jobs/{id}/retry", tag = "jobs", params(("id" = String, Path, description = "The job's id"), OnceKey), responses(
    (status = 202, description = "It is tried again", body = JobReport),
    Refused, Missing, Unchanged,
))]
pub(super) async fn retry_job(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Response, Problem> {
    change(&app, caller, &id, Change::Retry).await
}

/// Release a job that is held
///
/// A file that would close more of what is open than the configuration allows brings its news and
/// closes nothing, until somebody says that it may.
#[utoipa::path(post, path = "/jobs/{id}/release", tag = "jobs", params(("id" = String, Path, description = "The job's id"), OnceKey), responses(
    (status = 202, description = "It is done again, and closes what it is silent about", body = JobReport),
    Refused, Missing, Unchanged,
))]
pub(super) async fn release_job(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Response, Problem> {
    change(&app, caller, &id, Change::Release).await
}

/// Changes a job; a conflict where it is not in a state for that.
async fn change(
    app: &Arc<App>,
    caller: Caller,
    id: &str,
    change: Change,
) -> Result<Response, Problem> {
    let id = job_id(id)?;
    let asking = Arc::clone(app);
    let row = app
        .quick(move || {
            let row = found(&asking, &caller, id)?;
            if change.apply(&mut asking.office(), &row, asking.clock.now())? {
                found(&asking, &caller, id)
            } else {
                Err(Problem::conflict(change.refusal(row.state)))
            }
        })
        .await?;
    app.jobs_waiting.wake();
    Ok((StatusCode::ACCEPTED, Json(JobReport::of(row))).into_response())
}

/// What is read again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayPlan {
    /// Only what was received since.
    #[serde(default)]
    since: Option<Timestamp>,
    /// Only of this source.
    #[serde(default)]
    source: Option<String>,
}

/// Read what was received again
///
/// A newer program may understand it better. What it says of the same moment replaces what was
/// read before.
#[utoipa::path(post, path = "/replays", tag = "jobs", params(OnceKey), request_body = ReplayPlan, responses(
    (status = 202, description = "It will be", body = JobReport),
    Refused, Unchanged, BadBody,
))]
pub(super) async fn create_replay(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(plan): Given<ReplayPlan>,
) -> Result<Response, Problem> {
    let asked_by = Some(caller.asked_by());
    let task = Task::Replay { since: plan.since, source: plan.source, asked_by };
    let asking = Arc::clone(&app);
    let row = app
        .quick(move || {
            let id = random_job().map_err(|error| Problem::internal(&error))?;
            let what = serde_json::to_string(&task).map_err(|error| Problem::internal(&error))?;
            let now = asking.clock.now();
            let made_by = caller.signature();
            let new = NewJob {
                id,
                kind: task.kind(),
                what: &what,
                source: "replay",
                made_by: &made_by,
                due_at: now,
            };
            asking.office().job_add(&caller.tenant, &new, now)?;
            found(&asking, &caller, id)
        })
        .await?;
    app.jobs_waiting.wake();
    Ok((StatusCode::ACCEPTED, Json(JobReport::of(row))).into_response())
}
