//! Routes are asked whenever the findings change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use quell_config::Config;
use quell_deliver::route::{Route, What};
use quell_model::{TenantId, Timestamp};
use quell_pipeline::PipelineError;
use quell_pipeline::deliver::{Places, Planned, Planner, Post, Wishes};
use quell_pipeline::query::QueryError;
use quell_store::StoreError;

use super::places;
use super::routes::routes;
use crate::api::{Problem, ruling, standing};
use crate::data::Findings;
use crate::explain::write_beside;
use crate::state::App;

/// How often it is looked whether something changed although nobody said so.
const EVERY: Duration = Duration::from_millis(300);
/// How long to wait where more is to be looked at.
const SOON: Duration = Duration::from_millis(10);
/// How often it is looked although nothing did: digests have their hours.
const AT_LEAST_SECONDS: i64 = 30;

/// How often the routes are asked for what they want, where nothing is kept.
const MOST_ROUNDS: usize = 32;

/// What is known of one tenant.
#[derive(Debug, Default)]
struct Desk {
    planner: Planner,
    routes: Vec<Route>,
    /// Which state of the findings was looked at, and when.
    looked: Option<(i64, Timestamp)>,
    /// Routes that may ask for no more plans within this hour.
    held_back: BTreeSet<String>,
}

/// Asks the routes until the server stops.
pub(crate) fn plan(app: &Arc<App>) {
    if app.config.routes.values().all(|route| !route.enabled) {
        return;
    }
    let places = places(&app.config);
    let mut desks: BTreeMap<TenantId, Desk> = BTreeMap::new();
    while !app.stopping.load(Ordering::SeqCst) {
        let mut has_more = false;
        for findings in app.tenants.all() {
            let desk = desks.entry(findings.tenant.clone()).or_insert_with(|| Desk {
                routes: routes(&app.config, &findings.tenant),
                ..Desk::default()
            });
            if let Err(error) = look_at_plans(app, &findings, desk, &places) {
                let why = error.detail();
                tracing::warn!(why, tenant = %findings.tenant, "plans are not asked for");
            }
            match look(app, &findings, desk, &places) {
                Ok(more) => has_more |= more,
                Err(error) => {
                    tracing::warn!(%error, tenant = %findings.tenant, "routes are not asked");
                }
            }
        }
        app.planning.wait(if has_more { SOON } else { EVERY });
    }
}

/// Asks for plans that wait where routes say so, and tells what became of them.
fn look_at_plans(
    app: &App,
    findings: &Findings,
    desk: &mut Desk,
    places: &Places,
) -> Result<(), Problem> {
    if desk.routes.iter().all(|route| route.what != What::Approvals) {
        return Ok(());
    }
    let (ruling, now) = (ruling(app, &findings.tenant)?, app.clock.now());
    let known = |person: &_, plan: &_| standing(app, &findings.tenant, (person, plan));
    let remind_after = remind_after(&app.config);
    let outbox = findings.outbox_reader()?;
    let (tenant, outbox) = (&findings.tenant, &outbox);
    let wishes = Wishes { tenant, routes: &desk.routes, outbox, places, remind_after };
    let planner = &mut desk.planner;
    let planned =
        findings.read(|store| planner.approvals(store, &ruling, wishes, (now, &known)))?;
    for route in planned.held_back.difference(&desk.held_back) {
        tracing::warn!(route, "a route asks for no more plans within this hour; the rest waits");
    }
    desk.held_back = planned.held_back;
    if planned.posts.is_empty() {
        return Ok(());
    }
    findings.flush()?;
    findings.outbox(|store| {
        for post in &planned.posts {
            let told = (post.before.as_ref(), &post.delivery);
            store.outbox_add_with(told, (&post.rows, &post.with), now)?;
        }
        Ok::<_, StoreError>(())
    })?;
    app.outbox_waiting.notify_one();
    Ok(())
}

/// Looks at what changed; whether there is more.
fn look(
    app: &Arc<App>,
    findings: &Findings,
    desk: &mut Desk,
    places: &Places,
) -> Result<bool, PipelineError> {
    let now = app.clock.now();
    if desk.routes.is_empty() {
        return Ok(false);
    }
    let changes = findings.read::<_, PipelineError>(|store| Ok(store.changes()?))?;
    let is_new = desk.looked.is_none_or(|(known, at)| {
        known != changes || now.duration_since(at).abs().as_secs() >= AT_LEAST_SECONDS
    });
    if !is_new {
        return Ok(false);
    }
    let outbox = findings.outbox_reader()?;
    let (tenant, outbox) = (&findings.tenant, &outbox);
    let remind_after = remind_after(&app.config);
    let wishes = Wishes { tenant, routes: &desk.routes, outbox, places, remind_after };
    let planner = &mut desk.planner;
    let planned: Result<Planned, QueryError> =
        findings.whole(now, |view, cache| Ok(planner.plan(view, cache, wishes)?));
    let mut planned = match planned {
        Ok(planned) => planned,
        Err(QueryError::Pipeline(error)) => return Err(error),
        Err(error) => {
            tracing::debug!(%error, "the incidents changed while they were looked at");
            return Ok(true);
        }
    };
    for route in &planned.held_back {
        tracing::warn!(route, "a route writes no more letters within this hour; the rest waits");
    }
    if !planned.posts.is_empty() {
        write_beside(app, findings, &mut planned.posts);
        findings.flush()?;
    }
    let (mut added, mut all) = (0, true);
    for post in &planned.posts {
        let told = (post.before.as_ref(), &post.delivery);
        let new = findings
            .outbox(|outbox| outbox.outbox_add_with(told, (&post.rows, &post.with), now))?;
        all &= new.is_some();
        added += new.unwrap_or_default();
    }
    if added > 0 {
        tracing::debug!(added, tenant = %findings.tenant, "letters are in the outbox");
        app.outbox_waiting.notify_one();
    }
    if !all {
        // Somebody else changed what was known meanwhile.
        desk.planner.look_again();
    }
    // What a route holds back waits; asking again at once would only read the same.
    let is_over = all && (!planned.more || !planned.held_back.is_empty());
    if is_over {
        desk.looked = Some((changes, now));
    }
    Ok(!is_over)
}

/// How long something waits for people before they are reminded.
fn remind_after(config: &Config) -> SignedDuration {
    SignedDuration::from_hours(i64::from(config.approvals.remind_hours))
}

/// What the routes of a tenant want now. Nothing is kept.
pub(crate) fn wanted(
    config: &Config,
    findings: &Findings,
    now: Timestamp,
) -> Result<Vec<Post>, PipelineError> {
    let (routes, places) = (routes(config, &findings.tenant), places(config));
    let (tenant, outbox) = (&findings.tenant, findings.outbox_reader()?);
    let remind_after = remind_after(config);
    let wishes = Wishes { tenant, routes: &routes, outbox: &outbox, places: &places, remind_after };
    let mut planner = Planner::default();
    let mut posts: Vec<Post> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let planned: Result<Planned, QueryError> =
            findings.whole(now, |view, cache| Ok(planner.plan(view, cache, wishes)?));
        let planned = match planned {
            Ok(planned) => planned,
            Err(QueryError::Pipeline(error)) => return Err(error),
            Err(_) => continue,
        };
        let known = |post: &Post| {
            let same = |known: &Post| {
                known.delivery.sink == post.delivery.sink
                    && known.delivery.subject == post.delivery.subject
            };
            posts.iter().any(same)
        };
        let new: Vec<Post> = planned.posts.into_iter().filter(|post| !known(post)).collect();
        let is_over = !planned.more || !planned.held_back.is_empty();
        posts.extend(new);
        if is_over {
            break;
        }
    }
    Ok(posts)
}
