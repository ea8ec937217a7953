//! What is due: each place has its steps (one, ten, a hundred) and its cap within an hour.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_contain::{Batch, Limits, Next};
use quell_model::{TenantId, Timestamp};
use quell_pipeline::PipelineError;
use quell_pipeline::contain::{Containment, Stage, hold_back, recover};
use quell_store::{ContainmentRow, Store, StoreError};
use tokio::runtime::Handle;

use super::places::Tenancy;
use super::step::{Came, Step};
use crate::data::{Findings, locked};
use crate::state::App;

/// How often it is looked at what is due although nobody woke this.
const EVERY: Duration = Duration::from_millis(500);

/// A place of a tenant.
type Lane = (TenantId, String);

/// Carries out what is due until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    let starting = Arc::clone(&app);
    drop(tokio::task::spawn_blocking(move || recover_all(&starting)).await);
    let under_way: Arc<Mutex<HashSet<Lane>>> = Arc::default();
    loop {
        drop(tokio::time::timeout(EVERY, app.containing.notified()).await);
        let asking = Arc::clone(&app);
        let due = tokio::task::spawn_blocking(move || due(&asking)).await;
        for (lane, steps) in due.unwrap_or_default() {
            if !locked(&under_way).insert(lane.clone()) {
                continue;
            }
            // A stop waits for what is being done, as it does for calls to sinks.
            let Ok(permit) = Arc::clone(&app.deliveries).acquire_owned().await else { return };
            let (handle, under_way) = (Handle::current(), Arc::clone(&under_way));
            tokio::task::spawn_blocking(move || {
                handle.block_on(one_lane(steps));
                locked(&under_way).remove(&lane);
                drop(permit);
            });
        }
    }
}

/// What was being done when the last process ended: nobody knows how far it came.
fn recover_all(app: &App) {
    for findings in app.tenants.all() {
        let now = app.clock.now();
        let done = findings.write(|store| app.unless_closed(|| recover_in(store, now)));
        if let Err(error) = done {
            tracing::error!(%error, tenant = %findings.tenant, "containments cannot be read");
        }
    }
}

fn recover_in(store: &mut Store, now: Timestamp) -> Result<(), StoreError> {
    for row in store.containment_in(Stage::Running.as_str())? {
        recover_one(store, &row, now);
    }
    store.sync()
}

fn recover_one(store: &mut Store, row: &ContainmentRow, now: Timestamp) {
    let moved = Containment::read(row).and_then(|kept| recover(kept, now).keep(store, row));
    if let Err(error) = moved {
        tracing::error!(%error, plan = row.plan, "a containment cannot be read");
    }
}

fn due(app: &Arc<App>) -> BTreeMap<Lane, Vec<Step>> {
    let mut lanes: BTreeMap<Lane, Vec<Step>> = BTreeMap::new();
    for findings in app.tenants.all() {
        let Some(tenancy) = app.grounds.of(&findings.tenant) else { continue };
        let rows = findings.read::<_, StoreError>(|store| store.containment_due(app.clock.now()));
        let rows = rows.unwrap_or_else(|error| {
            tracing::warn!(%error, tenant = %findings.tenant, "containments cannot be read");
            Vec::new()
        });
        for row in rows {
            let kept = match Containment::read(&row) {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::error!(%error, plan = row.plan, "a containment cannot be read");
                    continue;
                }
            };
            let step = Step {
                app: Arc::clone(app),
                findings: Arc::clone(&findings),
                tenancy: Arc::clone(tenancy),
                row,
                kept,
            };
            let lane = (findings.tenant.clone(), step.kept.place.clone());
            lanes.entry(lane).or_default().push(step);
        }
    }
    lanes
}

/// What is due at one place: what is undone and what is in doubt first, then what was approved.
async fn one_lane(steps: Vec<Step>) {
    let mut ready = Vec::new();
    for step in steps {
        let done = match step.kept.stage {
            Stage::Undoing => Box::pin(step.roll_back()).await,
            Stage::Doubt => Box::pin(step.look()).await,
            Stage::Asked => match is_ready(&step) {
                Ok(true) => {
                    ready.push(step);
                    continue;
                }
                Ok(false) => Ok(()),
                Err(problem) => Err(problem),
            },
            Stage::HeldBack
            | Stage::Running
            | Stage::Contained
            | Stage::Failed
            | Stage::Undone
            | Stage::NotBack
            | Stage::Dropped => Ok(()),
        };
        if let Err(problem) = done {
            let (plan, why) = (&step.row.plan, problem.detail());
            tracing::warn!(plan, why, "a step of a containment was not made; it is made again");
        }
    }
    if let Some(first) = ready.first() {
        let (app, findings) = (Arc::clone(&first.app), Arc::clone(&first.findings));
        let tenancy = Arc::clone(&first.tenancy);
        Box::pin(batch(&app, (&findings, &tenancy), ready)).await;
    }
}

fn is_ready(step: &Step) -> Result<bool, crate::api::Problem> {
    Ok(step.still_waits()? && step.is_ready()?)
}

/// Those that may be done now: one first, then ten, then a hundred at a time, and none after the
/// first that fails.
async fn batch(app: &App, (findings, tenancy): (&Findings, &Tenancy), ready: Vec<Step>) {
    let Some(place) = ready.first().map(|step| step.kept.place.clone()) else { return };
    let limits = Limits { per_hour: tenancy.per_hour(&place) };
    let ids = ready.iter().map(|step| step.row.plan.clone());
    let mut batch = Batch::new(ids, limits);
    let mut steps: BTreeMap<String, Step> =
        ready.into_iter().map(|step| (step.row.plan.clone(), step)).collect();
    while !app.stopping.load(Ordering::SeqCst) {
        let now = app.clock.now();
        let hour_ago = now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(now);
        let begun = findings.read(|store: &Store| store.containment_begun(&place, hour_ago));
        let Ok(begun) = begun else { return };
        let Next::Begin(plans) = batch.next(&begun, now) else { return };
        let group = plans.iter().filter_map(|plan| steps.remove(plan)).collect();
        match Box::pin(some(group, &mut batch)).await {
            End::Goes => {}
            End::Waits => return,
            // Nothing more begins: a person looks first.
            End::Failed(because) => {
                steps.values().for_each(|step| hold(step, &because));
                return;
            }
        }
    }
}

/// What came of some of a batch.
enum End {
    /// All of them hold.
    Goes,
    /// One waits; the rest is looked at again in the next round.
    Waits,
    /// One failed.
    Failed(String),
}

/// Carries out some of a batch, one after another.
async fn some(group: Vec<Step>, batch: &mut Batch) -> End {
    let mut group = group.into_iter();
    for step in group.by_ref() {
        let plan = &step.row.plan;
        match Box::pin(step.carry_out()).await {
            Ok(Came::Holds) => batch.holds(plan),
            Ok(Came::Waits) => return End::Waits,
            Ok(Came::Fails(why)) => {
                let because = format!("plan `{plan}` failed before it: {why}");
                group.for_each(|left| hold(&left, &because));
                return End::Failed(because);
            }
            Err(problem) => {
                tracing::warn!(plan, why = problem.detail(), "a containment waits");
                return End::Waits;
            }
        }
    }
    End::Goes
}

fn hold(step: &Step, because: &str) {
    let now = step.app.clock.now();
    let held = step.findings.write(|store| {
        step.app.unless_closed(|| {
            let moved = hold_back(step.kept.clone(), because, now).keep(store, &step.row);
            if let Err(error) = moved {
                let error: PipelineError = error;
                tracing::error!(%error, plan = step.row.plan, "a containment is not held back");
            }
            store.sync()
        })
    });
    if let Err(error) = held {
        tracing::error!(%error, plan = step.row.plan, "a containment is not held back");
    }
}
