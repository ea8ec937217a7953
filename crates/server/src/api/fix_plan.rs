//! Fixes for code that a client sends along: proposed and proved, written nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path as FilePath};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use quell_model::Fix;
use quell_pipeline::query::keep_fixes;
use quell_pipeline::{FixHelp, FixRequest, fixes_report, patch_text, plan_fixes};
use quell_report::FixesReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::Problem;
use super::errors::{BadBody, Missing, OnceKey, Refused, Unchanged};
use super::extract::Given;
use crate::access::{Caller, Right};
use crate::data::quietly;
use crate::state::App;

/// Bytes of one request.
const MOST_BYTES: usize = 8 << 20;
/// Files of one request.
const MOST_FILES: usize = 5_000;

/// Code, and which fixes are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FixPlanRequest {
    /// The files of the repository, by path; `quell.toml` is read as settings.
    #[schema(schema_with = files)]
    files: BTreeMap<String, String>,
    /// Incidents, issues, fixes, controls or rules; none means all.
    #[serde(default)]
    names: Vec<String>,
    /// Whether fixes that need a person's approval are left out.
    #[serde(default)]
    only_safe: bool,
}

fn files() -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "The files of the repository, by path; `quell.toml` is read as settings.",
        ))
        .additional_properties(Some(text))
        .min_properties(Some(1))
        .max_properties(Some(MOST_FILES))
        .build()
}

/// The fixes, and one patch of those that are made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FixPlanReport {
    /// As `docs/fixes.schema.json` has it.
    plan: FixesReport,
    /// The patch, for `git apply`.
    patch: String,
}

/// Propose fixes for code, each with its proof
///
/// The code is sent along, kept for the time of the answer and written nowhere else.
#[utoipa::path(post, operation_id = "plan_fixes", path = "/fixes/plan", tag = "fixes", params(OnceKey), request_body = FixPlanRequest,
    responses((status = 200, description = "The fixes, offered and withheld", body = FixPlanReport),
        Refused, Missing, Unchanged, BadBody))]
pub(super) async fn plan(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Given(body): Given<FixPlanRequest, MOST_BYTES>,
) -> Result<Json<FixPlanReport>, Problem> {
    if body.files.is_empty() || body.files.len() > MOST_FILES {
        return Err(Problem::unprocessable(format!("send 1 to {MOST_FILES} files")));
    }
    if let Some(path) = body.files.keys().find(|path| !is_inside(path)) {
        let shown: String = path.chars().take(200).collect();
        return Err(Problem::unprocessable(format!(
            "`{shown}` is no path below the repository; send paths like `infra/main.tf`"
        )));
    }
    let asking = Arc::clone(&app);
    app.quick(move || {
        let folder = tempfile::tempdir_in(&asking.data).map_err(|e| Problem::internal(&e))?;
        lay_out(folder.path(), &body.files).map_err(|error| full(&error))?;
        let findings = asking.tenants.of(&caller.tenant)?;
        let reach = (caller.by(&asking), Right::Fix);
        let among = findings.shown_to(reach, asking.clock.now())?.map(|shown| shown.issues);
        // What is kept is what was proposed of all there is.
        let is_whole = among.is_none();
        let request = FixRequest {
            among,
            names: body.names,
            repository: folder.path().to_owned(),
            only_safe: body.only_safe,
            ..FixRequest::default()
        };
        let never = AtomicBool::new(false);
        let plan = findings.read(|store| {
            quietly(&never, |progress| {
                let help = FixHelp::default();
                plan_fixes(store, (findings.setup(), &request), help, &*asking.clock, progress)
            })
        })?;
        let offered: Vec<Fix> = plan.offers.iter().map(|offer| offer.fix.clone()).collect();
        if is_whole {
            findings.write(|store| keep_fixes(store, &offered))?;
        }
        let mut report = fixes_report(&plan, None);
        report.repository = quell_model::Untrusted::from(".");
        Ok(Json(FixPlanReport { patch: patch_text(&plan.files), plan: report }))
    })
    .await
}

/// Whether a path stays below the folder it is taken from, on every system.
fn is_inside(path: &str) -> bool {
    let plain = |part| matches!(part, Component::Normal(_));
    !path.is_empty()
        && path.len() <= 1024
        && !path.contains(['\\', '\0', ':'])
        && FilePath::new(path).components().all(plain)
}

fn lay_out(folder: &FilePath, files: &BTreeMap<String, String>) -> io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

fn full(error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::StorageFull {
        return Problem::unavailable("the server's disk is full", 60);
    }
    Problem::unprocessable(format!("the files cannot be laid out: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_its_folder() {
        for path in
            ["", "/etc/passwd", "../x", "a/../b", "a/./../../b", "C:\\x", "a\\b", "a\0", "c:x"]
        {
            assert!(!is_inside(path), "{path:?}");
        }
        for path in ["main.tf", "infra/prod/main.tf", ".github/workflows/ci.yml"] {
            assert!(is_inside(path), "{path:?}");
        }
    }
}
