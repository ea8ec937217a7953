//! Errors as RFC 9457 has them.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use quell_pipeline::PipelineError;
use quell_pipeline::query::QueryError;
use quell_sources::live::LiveError;
use quell_spool::{PayloadError, SpoolError};
use quell_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Right, Role};
use crate::sync::TellError;

/// Why a request was not done (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem, stable for programs.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The same for people.
    title: &'static str,
    /// The HTTP status.
    #[schema(value_type = u16)]
    #[serde(serialize_with = "number")]
    status: StatusCode,
    /// What happened here, and what to do.
    detail: String,
    /// Seconds after which to try again.
    #[serde(skip)]
    wait_seconds: Option<u64>,
}

fn number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

/// A kind of problem: its type, its title and its status.
type Kind = (&'static str, &'static str, StatusCode);

const UNAUTHORIZED: Kind = ("unauthorized", "Who asks is not known", StatusCode::UNAUTHORIZED);
const FORBIDDEN: Kind = ("forbidden", "Who asks may not do that", StatusCode::FORBIDDEN);
const FORGED: Kind = ("forged", "No page of Quell asked for that", StatusCode::FORBIDDEN);
const NOT_FOUND: Kind = ("not_found", "There is no such thing", StatusCode::NOT_FOUND);
const INVALID: Kind = ("invalid", "The request is wrong", StatusCode::BAD_REQUEST);
const METHOD: Kind = ("method_not_allowed", "Not in this way", StatusCode::METHOD_NOT_ALLOWED);
const TOO_SLOW: Kind = ("too_slow", "The body took too long", StatusCode::REQUEST_TIMEOUT);
const CONFLICT: Kind = ("conflict", "It is not in a state for that", StatusCode::CONFLICT);
const TOO_LARGE: Kind = ("too_large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE);
const MEDIA: Kind =
    ("unsupported_media", "The body's type is not taken", StatusCode::UNSUPPORTED_MEDIA_TYPE);
const UNPROCESSABLE: Kind =
    ("unprocessable", "The request cannot be done", StatusCode::UNPROCESSABLE_ENTITY);
const TOO_MANY: Kind = ("too_many", "Too many requests", StatusCode::TOO_MANY_REQUESTS);
const INTERNAL: Kind = ("internal", "The server failed", StatusCode::INTERNAL_SERVER_ERROR);
const GATEWAY: Kind = ("outside", "Somebody outside did not do it", StatusCode::BAD_GATEWAY);
const UNAVAILABLE: Kind =
    ("unavailable", "The server cannot do that now", StatusCode::SERVICE_UNAVAILABLE);

impl Problem {
    fn new((kind, title, status): Kind, detail: impl Into<String>) -> Self {
        Self { kind, title, status, detail: detail.into(), wait_seconds: None }
    }

    /// Nobody that is known. The same for every reason, so that an outsider learns nothing.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            UNAUTHORIZED,
            "send a valid token as `Authorization: Bearer …`, or sign in at `/sign-in`",
        )
    }

    pub(crate) fn forbidden(role: Role, right: Right) -> Self {
        let detail = format!("the role `{}` has not the right `{}`", role.as_str(), right.as_str());
        Self::new(FORBIDDEN, detail)
    }

    /// A browser's request that no page of ours made.
    pub(crate) fn forged() -> Self {
        let detail = "a request by a session repeats the session's token as `X-CSRF-Token`; \
                      `/api/v1/me` tells it";
        Self::new(FORGED, detail)
    }

    /// Something that they see and may not change, or not all of it.
    pub(crate) fn beyond(what: &str, right: Right) -> Self {
        let right = right.as_str();
        let detail = format!("the right `{right}` does not reach all of this {what}");
        Self::new(FORBIDDEN, detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(NOT_FOUND, format!("there is no {what}"))
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(INVALID, detail)
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(METHOD, "`/api/v1/openapi.json` names what each address takes")
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(CONFLICT, detail)
    }

    pub(crate) fn too_large(most_bytes: u64) -> Self {
        Self::new(TOO_LARGE, format!("a body of at most {most_bytes} bytes is taken"))
    }

    pub(crate) fn too_slow(most_seconds: u64) -> Self {
        Self::new(TOO_SLOW, format!("nothing came for {most_seconds} s"))
    }

    pub(crate) fn media(detail: impl Into<String>) -> Self {
        Self::new(MEDIA, detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(UNPROCESSABLE, detail)
    }

    pub(crate) fn too_many(wait_seconds: u64) -> Self {
        let detail = format!("try again in {wait_seconds} s");
        Self { wait_seconds: Some(wait_seconds), ..Self::new(TOO_MANY, detail) }
    }

    pub(crate) fn outside(detail: impl Into<String>) -> Self {
        Self::new(GATEWAY, detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>, wait_seconds: u64) -> Self {
        Self { wait_seconds: Some(wait_seconds), ..Self::new(UNAVAILABLE, detail) }
    }

    /// Something that only the operator can do something about: it is logged, and the caller is
    /// told no more than that.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(INTERNAL, "the server's log says why")
    }

    /// Whether it is the caller who has to do something.
    pub(crate) fn is_client(&self) -> bool {
        self.status.is_client_error()
    }

    /// What kind of problem, for people.
    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    /// What happened, for a log.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        // A page for people says it in its own way.
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.wait_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::unavailable("the server's disk is full", 60),
            StoreError::Busy => Self::unavailable("another process writes to the data", 5),
            StoreError::Directory { .. }
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)
            | StoreError::OlderCopy { .. }
            | StoreError::HalfRestored(_)
            | StoreError::Tenant { .. }
            | StoreError::Sqlite(_)
            | StoreError::Body(_) => Self::internal(&error),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Pipeline(error) => error.into(),
            QueryError::NotFound { kind, .. } => Self::not_found(&format!("{kind} of that id")),
            QueryError::DamagedCursor | QueryError::OtherCursor | QueryError::Limit { .. } => {
                Self::invalid(error.to_string())
            }
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Store(error) => error.into(),
            PipelineError::NotFound { kind, .. } => Self::not_found(&format!("{kind} of that id")),
            PipelineError::Refused(reason) => Self::unprocessable(reason),
            PipelineError::Interrupted => Self::unavailable("the server is stopping", 5),
            PipelineError::Threads(_) | PipelineError::Unread(_) => {
                Self::unavailable(error.to_string(), 5)
            }
            PipelineError::Intelligence { .. } | PipelineError::Inventory { .. } => {
                Self::unprocessable(error.to_string())
            }
            PipelineError::Body(_)
            | PipelineError::Repository { .. }
            | PipelineError::Unwritten { .. }
            | PipelineError::HalfWritten { .. }
            | PipelineError::Journal { .. }
            | PipelineError::Git { .. } => Self::internal(&error),
        }
    }
}

impl From<TellError> for Problem {
    fn from(error: TellError) -> Self {
        match &error {
            TellError::Wrong(why) => Self::unprocessable(why.clone()),
            TellError::Unlisted => Self::conflict(error.to_string()),
            TellError::Live(LiveError::Unsupported(_)) => Self::unprocessable(error.to_string()),
            TellError::Live(_) => Self::outside(error.to_string()),
        }
    }
}

impl From<PayloadError> for Problem {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::TooLarge { most_bytes } => Self::too_large(most_bytes),
            PayloadError::DiskFull => Self::unavailable("the server's disk is full", 60),
            PayloadError::Missing { .. }
            | PayloadError::Damaged { .. }
            | PayloadError::Io { .. } => Self::internal(&error),
        }
    }
}

impl From<SpoolError> for Problem {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Full { .. } => Self::unavailable("too much waits to be written", 1),
            SpoolError::DiskFull => Self::unavailable("the server's disk is full", 60),
            SpoolError::Refused { reason } => Self::invalid(reason),
            SpoolError::Closed => Self::unavailable("the server is stopping", 5),
            SpoolError::Broken { .. }
            | SpoolError::Damaged { .. }
            | SpoolError::Missing { .. }
            | SpoolError::Locked { .. }
            | SpoolError::Newer { .. }
            | SpoolError::RolledBack { .. }
            | SpoolError::Io { .. } => {
                tracing::error!(%error, "the intake log failed");
                Self::unavailable("the intake log has stopped; the server's log says why", 60)
            }
        }
    }
}
