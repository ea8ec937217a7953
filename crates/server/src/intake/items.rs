//! Inventories that are had from a CMDB over the network: each becomes a file, which is read as any
//! other inventory is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_config::Inventory;
use quell_model::Timestamp;
use quell_sources::servicenow::{Had, Items, ItemsError};
use quell_store::Heard;

use crate::outside::Login;
use crate::state::App;

/// How often is looked at what is due.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// When one that could not be had is asked for again.
const AGAIN_SECONDS: u64 = 300;

/// Has inventories as often as the configuration says, until the server stops.
pub(crate) fn ask_inventories(app: &App) {
    let asked = |one: &Inventory| one.enabled && one.servicenow.is_some();
    let mut due: BTreeMap<&str, Timestamp> = BTreeMap::new();
    while !app.stopping.load(Ordering::SeqCst) {
        for (name, one) in app.config.inventory.iter().filter(|(_, one)| asked(one)) {
            let now = app.clock.now();
            if due.get(name.as_str()).is_some_and(|at| now < *at) {
                continue;
            }
            let had = ask(app, one);
            let wait =
                if had.is_ok() { one.every_seconds } else { AGAIN_SECONDS.min(one.every_seconds) };
            due.insert(name, now.checked_add(Duration::from_secs(wait)).unwrap_or(now));
            tell(app, (name, one), had);
        }
        app.pause(LOOK_EVERY);
    }
}

/// Has one. Its file stays as it is where not all of it came, or nothing in it changed.
fn ask(app: &App, one: &Inventory) -> Result<Had, String> {
    let folder = one.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let told = |error: io::Error| format!("cannot write `{}`: {error}", one.file.display());
    fs::create_dir_all(folder).map_err(told)?;
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(told)?;
    let mut out = BufWriter::new(&mut new);
    let had = write(app, one, &mut out).map_err(|error| match error {
        ItemsError::Live(error) => error.to_string(),
        ItemsError::Io(error) => told(error),
    })?;
    out.flush().map_err(told)?;
    drop(out);
    if same(new.path(), &one.file) {
        return Ok(had);
    }
    new.as_file().sync_all().map_err(told)?;
    new.persist(&one.file).map_err(|error| told(error.error))?;
    Ok(had)
}

fn write(app: &App, one: &Inventory, out: &mut (dyn io::Write + Send)) -> Result<Had, ItemsError> {
    let (Some(url), Some(password)) = (&one.servicenow, &one.password) else {
        return Ok(Had::default());
    };
    let named = [
        &one.id,
        &one.name,
        &one.owner,
        &one.environment,
        &one.criticality,
        &one.data_class,
        &one.public,
    ];
    let login =
        Login { outside: Arc::clone(&app.outside), id: one.user.clone(), secret: password.clone() };
    let items = Items {
        url: url.clone(),
        query: one.query.clone(),
        columns: named.into_iter().flatten().cloned().collect(),
        credentials: Arc::new(login),
        client: app.outside.client.clone(),
    };
    let Some(runtime) = app.runtime.get() else { return Ok(Had::default()) };
    runtime.block_on(async {
        tokio::select! {
            had = items.write(out) => had,
            () = stopped(app) => Err(io::Error::from(io::ErrorKind::Interrupted).into()),
        }
    })
}

async fn stopped(app: &App) {
    while !app.stopping.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether two files hold the same bytes.
fn same(new: &Path, old: &Path) -> bool {
    let hash = |path: &Path| {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path).ok()?).ok()?;
        Some(hasher.finalize())
    };
    let length = |path: &Path| fs::metadata(path).ok().map(|meta| meta.len());
    length(new) == length(old) && hash(new) == hash(old)
}

/// Writes down how it went, as for every source.
fn tell(app: &App, (name, one): (&str, &Inventory), had: Result<Had, String>) {
    if app.stopping.load(Ordering::SeqCst) {
        return;
    }
    let heard = match had {
        Ok(Had { items, hidden }) => {
            if hidden > 0 {
                tracing::warn!(name, hidden, "a CMDB does not show all of its items to this login");
            }
            Heard { deliveries: 1, records: items, ..Heard::default() }
        }
        Err(reason) => {
            tracing::warn!(name, reason, "an inventory is not had; what was known stays");
            Heard { failed: Some(reason), ..Heard::default() }
        }
    };
    let noted =
        app.office().source_heard((&one.tenant, name, "inventory"), &heard, app.clock.now());
    if let Err(error) = noted {
        tracing::warn!(name, %error, "how an inventory was had is not noted");
    }
}
