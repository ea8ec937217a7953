//! Exceptions that end: written down, and their owners reminded. What they hide does not wait
//! for this.

use jiff::SignedDuration;
use quell_audit::{Action, Outcome, Stage};
use quell_model::{TenantId, Timestamp};
use quell_pipeline::govern::{Sweep, exception_due, exception_sweep, limits};
use quell_store::Store;

use crate::audit::by_server;
use crate::state::App;

/// How often it is looked.
const EVERY_SECONDS: i64 = 20;

/// When it was looked last.
#[derive(Debug, Default)]
pub(super) struct Watch(Option<Timestamp>);

impl Watch {
    /// Looks, where it is time.
    pub(super) fn look(&mut self, app: &App, now: Timestamp) {
        let every = SignedDuration::from_secs(EVERY_SECONDS);
        // A clock that went back is no reason to wait.
        let is_due = self.0.is_none_or(|last| now.duration_since(last).abs() >= every);
        if !is_due {
            return;
        }
        self.0 = Some(now);
        if let Err(reason) = look(app, now) {
            tracing::warn!(reason, "what ended is not written down");
        }
    }
}

fn look(app: &App, now: Timestamp) -> Result<(), String> {
    let limits = limits(&app.config.exceptions);
    for findings in app.tenants.all() {
        let due = findings.read(|store| exception_due(store, &limits, now));
        if !due.map_err(|error| error.to_string())? {
            continue;
        }
        // While an import writes, it waits for the next look.
        let Some(swept) = findings.try_write(|store| sweep(app, &findings.tenant, store, now))
        else {
            continue;
        };
        let swept = swept?;
        for one in swept.ended {
            tracing::info!(exception = one.id, owner = one.request.owner, "an exception has ended");
        }
        for one in swept.reminded {
            let (id, owner, until) = (one.id, one.request.owner, one.request.until);
            tracing::info!(exception = id, owner, %until, "an exception ends soon");
        }
    }
    Ok(())
}

/// Writes down what ended, between its two records of the audit log.
fn sweep(app: &App, tenant: &TenantId, store: &mut Store, now: Timestamp) -> Result<Sweep, String> {
    let leaf = by_server((Action::ExceptionChange, Stage::Begun), tenant, now);
    let begun = app.audit.begin(leaf).map_err(|error| error.to_string())?;
    let swept = exception_sweep(store, &limits(&app.config.exceptions), now);
    let outcome = if swept.is_ok() { Outcome::Done } else { Outcome::Failed };
    begun.end(app.clock.now(), outcome, |leaf| match &swept {
        Ok(swept) => {
            let all = swept.ended.iter().chain(&swept.reminded);
            leaf.objects("exception", all.map(|one| &one.id))
        }
        Err(_) => leaf,
    });
    swept.map_err(|error| error.to_string())
}
