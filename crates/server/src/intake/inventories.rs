//! Inventories that are read again when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use quell_model::TenantId;
use quell_pipeline::{OwnersAsked, PipelineError};

use crate::state::App;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a file looked like: its length and when it was written.
type Looks = BTreeMap<PathBuf, Option<(u64, SystemTime)>>;

/// Takes in what the configuration says of owners, and looks at the inventories until the server
/// stops.
pub(crate) fn watch_inventories(app: &App) {
    let mut known: BTreeMap<TenantId, Looks> = BTreeMap::new();
    while !app.stopping.load(Ordering::SeqCst) {
        for tenant in tenants(app) {
            let looks = looks(app, &tenant);
            if known.get(&tenant) != Some(&looks) {
                take(app, &tenant);
                known.insert(tenant, looks);
            }
        }
        app.pause(LOOK_EVERY);
    }
}

/// Whoever has findings here, or an inventory; nobody where nothing is said of owners.
fn tenants(app: &App) -> BTreeSet<TenantId> {
    let usual = OwnersAsked::default_settings(&app.config);
    if usual && app.config.inventory.is_empty() {
        return BTreeSet::new();
    }
    let known = app.office().tenants().unwrap_or_default();
    known.into_iter().chain(app.config.inventory.values().map(|one| one.tenant.clone())).collect()
}

fn looks(app: &App, tenant: &TenantId) -> Looks {
    let own = app.config.inventory.values().filter(|one| one.enabled && one.tenant == *tenant);
    own.map(|one| {
        let meta = fs::metadata(&one.file).ok();
        (one.file.clone(), meta.and_then(|meta| Some((meta.len(), meta.modified().ok()?))))
    })
    .collect()
}

/// What was known stays where a file cannot be read.
fn take(app: &App, tenant: &TenantId) {
    let asked = OwnersAsked::of(&app.config, tenant);
    let told = app
        .tenants
        .of(tenant)
        .map_err(PipelineError::from)
        .and_then(|findings| findings.owners(&asked, app.clock.now()));
    match told {
        Ok(told) => {
            for one in told {
                let (joined, unmatched, rejected) = (one.joined, one.unmatched, one.rejected);
                let name = one.name.raw();
                tracing::info!(%tenant, name, joined, unmatched, rejected, "an inventory is read");
            }
        }
        Err(error) => tracing::warn!(%tenant, %error, "the inventories are left as they were"),
    }
}
