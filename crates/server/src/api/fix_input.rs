//! Open issues with their whole findings, for who makes fixes in a checkout of their own.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_pipeline::{FixCase, fix_case, fix_cases};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::Asked;
use crate::access::{Caller, Right};
use crate::state::App;

/// Stored issues that are looked at for one page.
const LOOKED_AT: u32 = 500;

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FixInputQuery {
    /// `next` of the page before.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// This issue alone, by its id or its first characters, whether it is open or not.
    #[param(min_length = 1, max_length = 200)]
    issue: Option<String>,
}

/// Some of the open issues.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FixInputPage {
    /// Issues with their findings as they are stored; there may be none on a page.
    items: Vec<FixCase>,
    /// Where the next page begins; this was the last one without.
    next: Option<i64>,
}

/// List open issues with their whole findings
///
/// What `quell fix` makes fixes for, in the code of who asks.
#[utoipa::path(get, operation_id = "list_fix_input", path = "/fix-input", tag = "fixes", params(FixInputQuery), responses(
    (status = 200, description = "Some of the open issues", body = FixInputPage),
    Refused, Missing,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<FixInputQuery>,
) -> Result<Json<FixInputPage>, Problem> {
    let after = query.after.unwrap_or(0);
    if after < 0 || (after > 0 && query.issue.is_some()) {
        return Err(Problem::invalid("`after` is the `next` of a page before, and of all issues"));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let findings = asking.tenants.of(&caller.tenant)?;
        let seen = findings.shown_to((caller.by(&asking), Right::Read), asking.clock.now())?;
        let sees = |row| seen.as_ref().is_none_or(|seen| seen.issues.contains(row));
        let (items, next) = findings.read(|store| match &query.issue {
            Some(id) => Ok((vec![fix_case(store, id, sees)?], None)),
            None => fix_cases(store, (after, LOOKED_AT), sees),
        })?;
        Ok(Json(FixInputPage { items, next }))
    })
    .await
}
