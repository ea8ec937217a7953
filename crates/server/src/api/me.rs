//! Who asks, as the server sees them.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::errors::Refused;
use crate::access::{Caller, Right, Role, Scope};
use crate::state::App;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeReport {
    /// The id of the person or the token.
    id: String,
    /// What they are called.
    name: String,
    /// Whose data they see.
    #[schema(value_type = String)]
    tenant: TenantId,
    /// What they are, each role with its limits.
    grants: Vec<Grant>,
    /// What they may do in some place or other.
    rights: Vec<&'static str>,
    /// What a page repeats as `X-CSRF-Token` in requests that change something; only of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

/// Roles with what they are limited to.
#[derive(Debug, Serialize, ToSchema)]
struct Grant {
    /// The roles.
    roles: Vec<Role>,
    /// What they are limited to; what is left out limits nothing.
    limits: Scope,
}

/// Show who asks
#[utoipa::path(get, path = "/me", tag = "operation", responses(
    (status = 200, description = "Who asks, and what they may do", body = MeReport),
    Refused,
))]
pub(super) async fn show_me(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<MeReport>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let by = caller.by(&asking);
        let rights = Right::ALL.into_iter().filter(|right| by.may(*right)).map(Right::as_str);
        let grants = caller.hats.iter().map(|hat| Grant {
            roles: hat.roles.iter().copied().collect(),
            limits: hat.scope.clone(),
        });
        Ok(Json(MeReport {
            rights: rights.collect(),
            grants: grants.collect(),
            id: caller.token.clone(),
            name: caller.name.clone(),
            tenant: caller.tenant.clone(),
            csrf_token: caller.csrf.clone(),
        }))
    })
    .await
}
