//! When incidents came, were understood and were gone, kept while the server runs.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::{TenantId, Timestamp};
use quell_pipeline::govern::{Happened, TimesChange};
use quell_pipeline::query::QueryError;

use crate::data::Findings;
use crate::state::App;

/// How often it is looked whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long it is waited between two looks at a tenant.
const EVERY: SignedDuration = SignedDuration::from_secs(10);

/// A tenant as it was looked at last.
#[derive(Debug, Default)]
struct Seen {
    at: Option<Timestamp>,
    /// What was stored, and what exceptions hid.
    state: Option<(i64, u64)>,
}

impl Seen {
    fn is_due(&self, now: Timestamp) -> bool {
        // A clock that went back is no reason to wait.
        self.at.is_none_or(|last| now.duration_since(last).abs() >= EVERY)
    }
}

/// Keeps the times of incidents until the server stops.
pub(crate) fn keep_times(app: &App) {
    let mut seen: BTreeMap<TenantId, Seen> = BTreeMap::new();
    let mut look = |now: Timestamp, must: bool| {
        for findings in app.tenants.all() {
            let seen = seen.entry(findings.tenant.clone()).or_default();
            let is_due = seen.is_due(now) || (must && findings.has_happened());
            if !is_due {
                continue;
            }
            seen.at = Some(now);
            if let Err(error) = follow(&findings, seen, now) {
                tracing::warn!(%error, "the times of incidents are not kept");
            }
        }
    };
    while !app.stopping.load(Ordering::SeqCst) {
        look(app.clock.now(), false);
        app.pause(LOOK_EVERY);
    }
    look(app.clock.now(), true);
}

fn follow(findings: &Findings, seen: &mut Seen, now: Timestamp) -> Result<(), QueryError> {
    // While an import writes, incidents wait for it.
    if findings.try_write(|_| Ok::<_, QueryError>(())).is_none() {
        return Ok(());
    }
    let state = findings
        .read(|store| Ok::<_, QueryError>((store.changes()?, store.suppression(now)?.mark())))?;
    if seen.state == Some(state) && !findings.has_happened() {
        return Ok(());
    }
    let happened = findings.take_happened();
    match keep(findings, &happened, now) {
        Ok(true) => seen.state = Some(state),
        Ok(false) => findings.note(happened),
        Err(error) => {
            findings.note(happened);
            return Err(error);
        }
    }
    Ok(())
}

/// Whether they could be kept: somebody else may make the incidents, or write.
fn keep(findings: &Findings, happened: &Happened, now: Timestamp) -> Result<bool, QueryError> {
    let change: Option<TimesChange> =
        findings.view(now, |view| findings.incidents().times(view, happened))?;
    let Some(change) = change else { return Ok(false) };
    if change.is_empty() {
        return Ok(true);
    }
    findings.try_write(|store| Ok(change.save(store)?)).transpose().map(|done| done.is_some())
}
