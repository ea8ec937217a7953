//! Platforms that are asked: how far each stream was read, and what a person says about them.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quell_model::{Timestamp, Untrusted};
use quell_sources::live::{Pace, Right, RightState, Stream};
use quell_store::{QuarantineRow, ServerStore, StoreError, StreamRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{Missing, OnceKey, Refused, Unchanged};
use super::extract::{Asked, Id};
use crate::access::Caller;
use crate::state::App;
use crate::sync::{Act, Platform, Reach, Readings, Running};

/// Records in quarantine that are shown.
const MOST_SHOWN: u32 = 50;

/// A platform that is asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformReport {
    /// Its name in the configuration.
    name: String,
    /// What it is (`wiz`).
    kind: &'static str,
    /// The same, for people.
    title: &'static str,
    /// Whether somebody paused it.
    paused: bool,
    /// Whose data it brings, as the vendor says.
    #[schema(value_type = Option<String>)]
    owner: Option<Untrusted>,
    /// What it does now.
    now: Running,
    /// Its streams.
    streams: Vec<StreamReport>,
    /// The last records that could not be taken, newest first.
    quarantine: Vec<QuarantineReport>,
}

/// A stream of a platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamReport {
    /// Its name.
    name: &'static str,
    /// What it brings.
    title: &'static str,
    /// The right that it needs at the vendor.
    right: &'static str,
    /// `often`, `hourly` or `nightly`.
    pace: &'static str,
    /// `new`, `reading`, `good` or `failing`.
    state: &'static str,
    /// What changed later was not read yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// How far that lies back.
    lag_seconds: Option<i64>,
    /// When a reading last came to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    good_at: Option<Timestamp>,
    /// When the last whole reading began that came to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    whole_at: Option<Timestamp>,
    /// When it last failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<Timestamp>,
    /// Why, in the vendor's words.
    #[schema(value_type = Option<String>)]
    reason: Option<Untrusted>,
    /// Whether findings that are no longer listed wait for somebody to let them close.
    held: bool,
    /// Whether somebody wanted it to be read now, and it was not yet.
    asked: bool,
}

/// A record that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineReport {
    /// Where its delivery stands in the intake log.
    position: i64,
    /// The byte within the delivery.
    offset_bytes: u64,
    /// Why; it names the path in the record.
    #[schema(value_type = String)]
    reason: Untrusted,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl PlatformReport {
    /// What is known of a platform.
    pub(crate) fn of(
        office: &ServerStore,
        platform: &Platform,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let row = office.platform(platform.key())?;
        let rows = office.streams(platform.key())?;
        let stream = |stream: &'static Stream| {
            let row = rows.iter().find(|row| row.name == stream.name).cloned();
            StreamReport::of(stream, row.unwrap_or_default(), now)
        };
        let quarantine = office.quarantine(platform.key(), MOST_SHOWN)?;
        Ok(Self {
            name: platform.name.clone(),
            kind: platform.kind.id,
            title: platform.kind.title,
            paused: row.paused,
            owner: row.owner.map(Untrusted::from),
            now: platform.running(),
            streams: platform.streams().map(stream).collect(),
            quarantine: quarantine.into_iter().map(QuarantineReport::of).collect(),
        })
    }
}

impl StreamReport {
    fn of(stream: &'static Stream, row: StreamRow, now: Timestamp) -> Self {
        let state = match (&row.reason, row.under_way.is_some(), row.good_at) {
            (Some(_), ..) => "failing",
            (None, true, _) => "reading",
            (None, false, Some(_)) => "good",
            (None, false, None) => "new",
        };
        Self {
            name: stream.name,
            title: stream.title,
            right: stream.right,
            pace: match stream.pace {
                Pace::Often => "often",
                Pace::Hourly => "hourly",
                Pace::Nightly => "nightly",
            },
            state,
            since: row.since,
            lag_seconds: row.since.map(|since| now.duration_since(since).as_secs()),
            good_at: row.good_at,
            whole_at: row.whole_at,
            failed_at: row.failed_at,
            reason: row.reason.map(Untrusted::from),
            held: row.held.is_some(),
            asked: row.asked_at.is_some() || row.wanted_at > row.whole_at,
        }
    }
}

impl QuarantineReport {
    fn of(row: QuarantineRow) -> Self {
        Self {
            position: row.position,
            offset_bytes: row.place,
            reason: Untrusted::from(row.reason),
            at: row.at,
        }
    }
}

/// What came of asking a platform what its login may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestReport {
    /// Whether every right is there that reading needs.
    pub(crate) works: bool,
    /// Why it does not, in the vendor's words.
    #[schema(value_type = Option<String>)]
    pub(crate) reason: Option<Untrusted>,
    /// Each right.
    pub(crate) rights: Vec<RightReport>,
}

/// A right at the vendor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RightReport {
    /// Its name there.
    #[schema(value_type = String)]
    name: Untrusted,
    /// What it is for.
    #[schema(value_type = String)]
    purpose: Untrusted,
    /// `held`, `missing`, `not_needed`, `missing_to_write` or `unknown`.
    state: &'static str,
}

impl TestReport {
    /// Asks a platform.
    pub(crate) async fn of(platform: &Platform) -> Self {
        match platform.connector.test().await {
            Err(error) => Self {
                works: false,
                reason: Some(Untrusted::from(error.to_string())),
                rights: Vec::new(),
            },
            Ok(rights) => Self {
                works: !rights.iter().any(|right| right.state == RightState::Missing),
                reason: None,
                rights: rights.into_iter().map(RightReport::of).collect(),
            },
        }
    }
}

impl RightReport {
    fn of(right: Right) -> Self {
        Self {
            name: Untrusted::from(right.name),
            purpose: Untrusted::from(right.purpose),
            state: match right.state {
                RightState::Held => "held",
                RightState::Missing => "missing",
                RightState::NotNeeded => "not_needed",
                RightState::MissingToWrite => "missing_to_write",
                RightState::Unknown => "unknown",
            },
        }
    }
}

/// Which readings are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ActQuery {
    /// For `sync`: read all that there is, and not only what is new.
    #[serde(default)]
    whole: bool,
    /// For `sync`: only what would be read by itself now. Streams that are read once an hour or at
    /// night wait for their time.
    #[serde(default)]
    due: bool,
    /// For `sync`: only this stream.
    stream: Option<String>,
}

impl ActQuery {
    fn readings(&self) -> Result<Readings<'_>, Problem> {
        let reach = match (self.whole, self.due) {
            (false, false) => Reach::New,
            (true, false) => Reach::Whole,
            (false, true) if self.stream.is_none() => Reach::Due,
            (_, true) => {
                return Err(Problem::invalid("what is due is neither `whole` nor one `stream`"));
            }
        };
        Ok(Readings { reach, stream: self.stream.as_deref() })
    }
}

fn found<'a>(app: &'a App, caller: &Caller, name: &str) -> Result<&'a Arc<Platform>, Problem> {
    let platform = app.platforms.of(&caller.tenant, name);
    platform.ok_or_else(|| {
        Problem::not_found("platform of that name that is asked; `quell source list` names them")
    })
}

fn report(app: &App, platform: &Platform) -> Result<Json<PlatformReport>, Problem> {
    Ok(Json(PlatformReport::of(&app.office(), platform, app.clock.now())?))
}

/// Show a platform that is asked
#[utoipa::path(get, operation_id = "show_platform", path = "/sources/{name}", tag = "intake", params(("name" = String, Path, description = "Its name in the configuration")), responses(
    (status = 200, description = "The platform, its streams and what could not be taken", body = PlatformReport),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(name): Id,
) -> Result<Json<PlatformReport>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || report(&asking, found(&asking, &caller, &name)?)).await
}

/// Tell a platform what to do
///
/// `sync` reads every stream now: what is new where the platform can be asked for that, else all
/// that there is. `pause` and `resume` stop and start asking. `release` lets findings close
/// that it no longer lists, where that was too much to believe. `adopt` takes the data of another
/// owner than before, after its login was changed on purpose.
#[utoipa::path(post, operation_id = "tell_platform", path = "/sources/{name}/{action}", tag = "intake", params(
    ("name" = String, Path, description = "Its name in the configuration"),
    ("action" = inline(Act), Path, description = "What it is told"),
    ActQuery, OnceKey,
), responses(
    (status = 202, description = "It will be so", body = PlatformReport),
    Refused, Missing, Unchanged,
))]
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id((name, action)): Id<(String, String)>,
    Asked(query): Asked<ActQuery>,
) -> Result<Response, Problem> {
    let act = Act::from_word(&action).ok_or_else(|| Problem::not_found("action of that name"))?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let platform = found(&asking, &caller, &name)?;
        let readings = query.readings()?;
        platform.check_stream(readings.stream).map_err(Problem::invalid)?;
        act.apply(&mut asking.office(), platform, readings, asking.clock.now())?;
        Ok((StatusCode::ACCEPTED, report(&asking, platform)?).into_response())
    })
    .await
}

/// Ask a platform what its login may do
///
/// Nothing is changed there.
#[utoipa::path(post, operation_id = "test_platform", path = "/sources/{name}/test", tag = "intake", params(
    ("name" = String, Path, description = "Its name in the configuration"), OnceKey,
), responses(
    (status = 200, description = "Each right, or why it cannot be asked", body = TestReport),
    Refused, Missing, Unchanged,
))]
pub(super) async fn test(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(name): Id,
) -> Result<Json<TestReport>, Problem> {
    let platform = Arc::clone(found(&app, &caller, &name)?);
    Ok(Json(TestReport::of(&platform).await))
}
