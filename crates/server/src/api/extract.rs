//! What handlers take of a request. What cannot be taken is refused as every other problem is.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;

use super::Problem;
use crate::state::App;

/// Bytes of a JSON body, where the route says nothing else.
const JSON_BYTES: usize = 1 << 20;

/// What the query of an address asks.
#[derive(Debug)]
pub(crate) struct Asked<Q>(pub(crate) Q);

impl<Q: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Asked<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let asked = Query::<Q>::from_request_parts(parts, app).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|error| Problem::invalid(error.body_text()))
    }
}

/// The id in an address, or several parts of it.
#[derive(Debug)]
pub(crate) struct Id<T = String>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let id = Path::<T>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|error| Problem::invalid(error.body_text()))
    }
}

/// A JSON object as the body, of at most so many bytes.
#[derive(Debug)]
pub(super) struct Given<T, const MOST_BYTES: usize = JSON_BYTES>(pub(super) T);

impl<T: DeserializeOwned, const MOST_BYTES: usize> FromRequest<Arc<App>> for Given<T, MOST_BYTES> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(is_json) {
            return Err(Problem::media("send the body as `Content-Type: application/json`"));
        }
        let body = read(app, request.into_body(), MOST_BYTES).await?;
        // A list would be taken for the fields in their order.
        let first = body.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first.is_some_and(|byte| *byte != b'{') {
            return Err(Problem::unprocessable("the body is to be a JSON object: `{…}`"));
        }
        serde_json::from_slice(&body.bytes).map(Self).map_err(|error| {
            let said = format!("the body cannot be used: {error}");
            if error.is_data() { Problem::unprocessable(said) } else { Problem::invalid(said) }
        })
    }
}

fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A body with the room that it takes among all that are being received.
pub(crate) struct Whole<'a> {
    pub(crate) bytes: Bytes,
    _room: Option<SemaphorePermit<'a>>,
}

/// Reads the whole of a body, within its size, its time and the room for all bodies.
pub(crate) async fn read(
    app: &App,
    mut body: Body,
    most_bytes: usize,
) -> Result<Whole<'_>, Problem> {
    let reading = async {
        let mut bytes = Vec::new();
        let mut held: Option<SemaphorePermit<'_>> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::invalid("the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > most_bytes {
                return Err(Problem::too_large(u64::try_from(most_bytes).unwrap_or(u64::MAX)));
            }
            let room = app.room(data.len())?;
            match &mut held {
                Some(held) => held.merge(room),
                none => *none = Some(room),
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Whole { bytes: Bytes::from(bytes), _room: held })
    };
    let most = Duration::from_secs(app.config.limits.body_seconds);
    match tokio::time::timeout(most, reading).await {
        Ok(read) => read,
        Err(_) => Err(Problem::too_slow(most.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_type_alone() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/x+json"] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in ["", "text/json", "application/jsonx", "application/x-www-form-urlencoded"] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}
