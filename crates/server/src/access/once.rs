//! `Idempotency-Key`: a request that comes again is answered as before, and done once.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quell_store::Reply;

use super::Caller;
use crate::api::{Problem, read};
use crate::state::App;

/// Longest key.
const MOST_KEY_BYTES: usize = 255;
/// Longest request and answer that are compared and kept.
const MOST_BYTES: usize = 8 << 20;

/// Does a request once for each key that comes with it.
pub(crate) async fn once(
    State(app): State<Arc<App>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let key = request.headers().get("idempotency-key").cloned();
    let Some(key) = key.filter(|_| !request.method().is_safe()) else {
        return next.run(request).await;
    };
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return Problem::unauthorized().into_response();
    };
    match answer(&app, (caller, key), request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(
    app: &Arc<App>,
    (caller, key): (Caller, HeaderValue),
    request: Request<Body>,
    next: Next,
) -> Result<Response, Problem> {
    check_key(key.as_bytes())?;
    let (parts, body) = request.into_parts();
    let body = read(app, body, MOST_BYTES).await?;
    let name = hash(&[caller.token.as_bytes(), key.as_bytes()]);
    let asked = [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes(), &body.bytes]
        .map(<[u8]>::to_vec);
    let asked = hash(&asked.each_ref().map(Vec::as_slice));
    let (office, tenant) = (Arc::clone(app), caller.tenant.clone());
    let begun = app.quick(move || {
        let now = office.clock.now();
        Ok(office.office().reply_begin(&tenant, (&name, &asked), now)?)
    });
    match begun.await? {
        Reply::New => {}
        Reply::Pending => {
            return Err(Problem::conflict("the first request with this key is not answered yet"));
        }
        Reply::Other => {
            return Err(Problem::unprocessable(
                "the `Idempotency-Key` was used for another request",
            ));
        }
        Reply::Known { status, body } => return Ok(again(status, body)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body.bytes.clone()))).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.map_err(|error| Problem::internal(&error))?;
    let (office, tenant, kept) = (Arc::clone(app), caller.tenant, body.clone());
    let status = parts.status;
    app.quick(move || {
        let mut office = office.office();
        // What failed may work the next time.
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            Ok(office.reply_forget(&tenant, &name)?)
        } else {
            Ok(office.reply_keep(&tenant, &name, (status.as_u16(), &kept))?)
        }
    })
    .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Refuses a key that is none.
pub(crate) fn check_key(key: &[u8]) -> Result<(), Problem> {
    if key.is_empty() || key.len() > MOST_KEY_BYTES {
        return Err(Problem::invalid("`Idempotency-Key` is 1 to 255 bytes"));
    }
    Ok(())
}

fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    (status, headers, body).into_response()
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}
