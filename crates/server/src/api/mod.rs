//! `/api/v1`: one file a resource.

mod approvals;
mod assets;
mod audit;
mod containments;
mod controls;
mod decisions;
mod delegations;
mod docs;
mod errors;
mod exceptions;
mod explanations;
mod extract;
mod findings;
mod fix_input;
mod fix_plan;
mod fix_write;
mod fixes;
mod health;
mod imports;
mod incidents;
mod issues;
mod jobs;
mod llm;
mod marks;
mod me;
mod outbox;
mod people;
mod platforms;
mod policy;
mod problem;
mod report;
mod service_levels;
mod sources;
mod statistics;
mod status;
mod tell;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Right, everywhere, once, require};
use crate::audit::audited;
use crate::deliver::{__path_receive_back, receive_back};
use crate::intake::__path_receive_hook;
use crate::intake::receive_hook;
use crate::state::App;

pub(crate) use approvals::{
    GlassSeen, PlanAlarm, PlanSeen, PlansAsked, plan_seen, plans_seen, plans_unreviewed,
    say_of_plan,
};
pub(crate) use delegations::{
    MOST_DAYS as MOST_DELEGATION_DAYS, delegations_now, give_place, may_be_given,
};
pub(crate) use docs::docs;
pub(crate) use errors::{Missing, Unchanged, Undelivered};
pub(crate) use exceptions::{
    ExceptionSeen, ask_exception, decide_exceptions, exception_drafted, exception_named,
    exception_seen, exception_told, exceptions_seen, issues_of_incident,
};
pub(crate) use extract::{Asked, Id, read};
pub(crate) use health::{live, metrics, ready};
pub(crate) use jobs::JobReport;
pub(crate) use people::{person, ruling, standing};
pub(crate) use platforms::{PlatformReport, TestReport};
pub(crate) use problem::Problem;
pub(crate) use report::write as write_report;
pub(crate) use sources::{report as source_report, told as source_told};
pub(crate) use status::{DiskReport, StatusReport, job_counts};
pub(crate) use tell::ToldReport;

/// The description of the whole API.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Quell",
        description = "Findings of any security tool in, a few explained incidents with proved fixes out.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    security(("token" = [])),
    components(schemas(Problem)),
    modifiers(&Security)
)]
struct Description;

#[derive(Debug)]
struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// Routes of the API, each with its description.
type Routes = OpenApiRouter<Arc<App>>;

/// Routes that take the same right.
struct Group {
    right: Right,
    /// Whether it has to reach every place: what is decided there concerns them all.
    is_everywhere: bool,
    routes: Routes,
}

/// The routes of the API by the right that they take, and those that take none.
fn resources() -> (Vec<Group>, Routes) {
    let read = OpenApiRouter::new()
        .routes(routes!(issues::list))
        .routes(routes!(issues::show))
        .routes(routes!(issues::risk))
        .routes(routes!(findings::list))
        .routes(routes!(findings::show))
        .routes(routes!(assets::list))
        .routes(routes!(assets::show))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::show))
        .routes(routes!(explanations::show))
        .routes(routes!(controls::list))
        .routes(routes!(controls::show))
        .routes(routes!(fixes::list))
        .routes(routes!(fixes::show))
        .routes(routes!(statistics::show))
        .routes(routes!(report::get_report));
    let follow = OpenApiRouter::new().routes(routes!(jobs::get_job)).routes(routes!(me::show_me));
    let import = OpenApiRouter::new().routes(routes!(imports::create_import));
    let operate = OpenApiRouter::new()
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(jobs::retry_job))
        .routes(routes!(jobs::release_job))
        .routes(routes!(jobs::create_replay))
        .routes(routes!(platforms::test))
        .routes(routes!(platforms::act))
        .routes(routes!(outbox::test))
        .routes(routes!(tell::tell));
    let decide = OpenApiRouter::new()
        .routes(routes!(decisions::split_one_issue))
        .routes(routes!(decisions::split_one_incident))
        .routes(routes!(decisions::join_one_incident))
        .routes(routes!(decisions::reset_one_incident))
        .routes(routes!(explanations::explain))
        .routes(routes!(marks::mark_one_issue, marks::unmark_one_issue))
        .routes(routes!(marks::mark_one_incident, marks::unmark_one_incident));
    let request = OpenApiRouter::new()
        .routes(routes!(approvals::request))
        .routes(routes!(containments::request));
    let undo = OpenApiRouter::new().routes(routes!(containments::rollback));
    let release = OpenApiRouter::new().routes(routes!(containments::retry));
    let hooks = OpenApiRouter::new().routes(routes!(receive_hook)).routes(routes!(receive_back));
    let group = |(right, routes)| Group { right, is_everywhere: false, routes };
    let in_places = [
        (Right::Read, read),
        (Right::Follow, follow),
        (Right::Oversee, oversee()),
        (Right::Import, import),
        (Right::Decide, decide),
        (Right::Fix, fixes()),
        (Right::Operate, operate),
        (Right::Audit, audit_log()),
        (Right::RollBack, undo),
        (Right::Approve, release),
    ];
    let grants = OpenApiRouter::new().routes(routes!(llm::grants));
    let everywhere = [
        (Right::Decide, govern()),
        (Right::Fix, request),
        (Right::Oversee, posted()),
        (Right::Audit, grants),
        (Right::Manage, manage()),
    ];
    let everywhere = everywhere.map(group).map(|group| Group { is_everywhere: true, ..group });
    (in_places.map(group).into_iter().chain(everywhere).collect(), hooks)
}

/// The routes by which fixes are proposed.
fn fixes() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(fix_plan::plan))
        .routes(routes!(fix_input::list))
        .routes(routes!(fix_write::write))
}

/// The routes that show what is the whole tenant's.
fn oversee() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(exceptions::list))
        .routes(routes!(exceptions::show))
        .routes(routes!(exceptions::preview))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::show))
        .routes(routes!(delegations::list))
        .routes(routes!(policy::rules))
        .routes(routes!(policy::explain))
        .routes(routes!(service_levels::show))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(imports::list_imports))
        .routes(routes!(sources::list_sources))
        .routes(routes!(platforms::show))
        .routes(routes!(status::show_status))
}

/// The routes by which people decide what is hidden, approved and let go.
fn govern() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(approvals::say))
        .routes(routes!(delegations::delegate))
        .routes(routes!(policy::back))
        .routes(routes!(exceptions::request))
        .routes(routes!(exceptions::import))
        .routes(routes!(exceptions::decide))
        .routes(routes!(outbox::act))
        .routes(routes!(llm::batches))
}

/// The routes that say what may leave for language models.
fn manage() -> Routes {
    OpenApiRouter::new().routes(routes!(llm::grant)).routes(routes!(llm::take_back))
}

/// The routes that show what is delivered, what is contained and what models cost.
fn posted() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(llm::spend))
        .routes(routes!(outbox::list))
        .routes(routes!(outbox::show))
        .routes(routes!(outbox::deliveries))
        .routes(routes!(outbox::sinks))
        .routes(routes!(containments::list))
        .routes(routes!(containments::show))
}

/// The routes of the audit log.
fn audit_log() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(audit::list))
        .routes(routes!(audit::show))
        .routes(routes!(audit::proof))
        .routes(routes!(audit::checkpoint))
}

/// The routes of the API and their description.
pub(crate) fn router(app: &Arc<App>) -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (guarded_by, mut v1) = resources();
    for Group { right, is_everywhere, routes } in guarded_by {
        let routes = match is_everywhere {
            true => routes.layer(from_fn_with_state((Arc::clone(app), right), everywhere)),
            false => routes,
        };
        let routes = routes.layer(from_fn_with_state(Arc::clone(app), audited));
        // Uploads know by their job whether they came before.
        let routes = match right {
            Right::Decide
            | Right::Fix
            | Right::Operate
            | Right::Approve
            | Right::RollBack
            | Right::Manage => routes.layer(from_fn_with_state(Arc::clone(app), once)),
            Right::Read | Right::Follow | Right::Oversee | Right::Audit | Right::Import => routes,
        };
        v1 = v1.merge(routes.layer(from_fn_with_state((Arc::clone(app), right), require)));
    }
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1).split_for_parts()
}

/// The description of the API as JSON.
pub(crate) fn description() -> String {
    let (guarded_by, open) = resources();
    let all = guarded_by.into_iter().fold(open, |all, group| all.merge(group.routes));
    let document = OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", all);
    serde_json::to_string_pretty(&document.into_openapi()).unwrap_or_default()
}
