//! Fixes that a language model is asked to write for an issue, where no recipe makes one.
//!
//! The code of the fault comes from who asks, and so does the proof: nothing is kept here but the
//! answer, and nothing follows from it.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_analyst::Audience;
use quell_model::Answered;
use quell_pipeline::query::{self, QueryError};
use quell_pipeline::{FIX_TASK, FixFault};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::{Given, Id};
use super::view::check_reach;
use crate::access::{Caller, Right};
use crate::analyst;
use crate::data::Target;
use crate::state::App;

/// Bytes of one fault.
const MOST_BYTES: usize = 256 << 10;

/// Have a fix written by a language model
///
/// The fault and its block are masked, told to the model that the configuration gives the task
/// `fix`, and forgotten. What comes back is a text: who asked proves it, or withholds it. Where no
/// model may be asked, or none answers in time, nothing is written and it is said why.
#[utoipa::path(post, operation_id = "write_fix", path = "/issues/{id}/fix", tag = "fixes", request_body = FixFault,
    params(("id" = String, Path, description = "The issue's id, or its first characters"), OnceKey),
    responses((status = 200, description = "What a model wrote, or why none did", body = Answered),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn write(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Given(fault): Given<FixFault, MOST_BYTES>,
) -> Result<Json<Answered>, Problem> {
    let (asking, by) = (Arc::clone(&app), caller.clone());
    let fault = app.quick(move || {
        check_reach(&asking, &by, Right::Fix, Target::Issue(&id))?;
        check_control(&asking, &by, (&id, &fault))?;
        Ok(fault)
    });
    let fault = fault.await?;
    let asking = Arc::clone(&app);
    app.explaining(move || ask(&asking, &caller, &fault).map(Json)).await
}

/// A fault is one of the issue's own: whoever asks does not choose what a model is asked about.
fn check_control(
    app: &App,
    caller: &Caller,
    (id, fault): (&str, &FixFault),
) -> Result<(), Problem> {
    let findings = app.tenants.of(&caller.tenant)?;
    let now = app.clock.now();
    let story =
        findings.view_as::<_, QueryError>(caller.by(app), now, |view, _| query::issue(view, id))?;
    match story.issue.control.as_deref() {
        Some(control) if control == fault.control => Ok(()),
        Some(control) => Err(Problem::unprocessable(format!(
            "`control` is another than the issue's, which is `{control}`"
        ))),
        None => Err(Problem::unprocessable("no control is known of that issue".to_owned())),
    }
}

fn ask(app: &App, caller: &Caller, fault: &FixFault) -> Result<Answered, Problem> {
    let catalog = app.setup.catalog();
    let unknown = || Problem::unprocessable("the catalogue has no such `control`".to_owned());
    let control = catalog.control(&fault.control).ok_or_else(unknown)?;
    let task = app.desk.tasks().get(FIX_TASK);
    let task = task.ok_or_else(|| Problem::not_found("task of that name"))?;
    if fault.code.len() > task.most_field_bytes {
        let said = format!("`code` is longer than {} bytes", task.most_field_bytes);
        return Err(Problem::unprocessable(said));
    }
    let by = analyst::Given::of(caller, Audience::Owner);
    Ok(app.desk.write(app, task, &fault.brief(control), by))
}
