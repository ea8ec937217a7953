//! Finding out who asks, before anything of the request is looked at.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quell_model::{TenantId, Timestamp};

use super::{Presented, Right, Role};
use crate::api::Problem;
use crate::state::App;

/// How seldom the last use of a token is written down.
const USED_EVERY_SECONDS: i64 = 60;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Whose data they see.
    pub(crate) tenant: TenantId,
    /// What they may do.
    pub(crate) role: Role,
    /// The token's id, which is no secret.
    pub(crate) token: String,
    /// What the token is called.
    pub(crate) name: String,
}

impl Caller {
    /// How what they did is signed: what the token is called, and its id.
    pub(crate) fn signature(&self) -> String {
        format!("{} ({})", self.name, self.token)
    }
}

/// Lets a request through whose caller has a right, and tells the handler who it is.
pub(crate) async fn require(
    State((app, right)): State<(Arc<App>, Right)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = given.and_then(bearer).map(str::to_owned);
    let asking = Arc::clone(&app);
    let found = app.quick(move || find(&asking, text.as_deref())).await;
    let caller = match found {
        Ok(Some(caller)) => caller,
        Ok(None) => return Problem::unauthorized().into_response(),
        Err(problem) => return problem.into_response(),
    };
    if !caller.role.may(right) {
        return Problem::forbidden(caller.role, right).into_response();
    }
    if let Err(wait) = app.rates.token(&caller.token) {
        return Problem::too_many(wait).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The token of an `Authorization` header; the scheme's case does not matter (RFC 9110).
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who a token belongs to, if it opens anything.
pub(crate) fn find(app: &App, text: Option<&str>) -> Result<Option<Caller>, Problem> {
    let Some(presented) = text.and_then(Presented::parse) else { return Ok(None) };
    let now = app.clock.now();
    let row = app.access().token_find(presented.id)?;
    let Some(row) = row.filter(|row| presented.opens(&app.key, row, now)) else { return Ok(None) };
    let Some(role) = Role::from_word(&row.role) else { return Ok(None) };
    if is_stale(row.used_at, now) {
        // On a full disk it stays unsaid; whoever reads is answered nevertheless.
        if let Err(error) = app.access().token_used(&row.id, now) {
            tracing::warn!(%error, "the last use of a token is not noted");
        }
    }
    Ok(Some(Caller { tenant: row.tenant, role, token: row.id, name: row.name }))
}

fn is_stale(used_at: Option<Timestamp>, now: Timestamp) -> bool {
    used_at.is_none_or(|at| now.as_second() - at.as_second() >= USED_EVERY_SECONDS)
}
