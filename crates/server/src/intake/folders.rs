//! Watched folders: files that are put there are imported, once they stand still.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use quell_config::Folder;
use quell_model::{KeyHasher, TenantId};
use quell_spool::Payload;
use quell_store::{Heard, NewJob, StoreError};

use super::receive::keep;
use crate::jobs::Task;
use crate::state::App;

/// How often a due folder is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Files of a folder that are looked at.
const MOST_FILES: usize = 100_000;
/// How long a file has to stand still: whoever writes it may not be done.
const STILL: Duration = Duration::from_secs(2);

/// Looks at the folders until the server stops.
pub(crate) fn watch_folders(app: &App) {
    let mut due: Vec<(String, i64)> =
        app.config.folders.keys().map(|name| (name.clone(), i64::MIN)).collect();
    while !app.stopping.load(Ordering::SeqCst) {
        let now = app.clock.now().as_second();
        for (name, at) in &mut due {
            let Some(folder) = app.config.folders.get(name).filter(|folder| folder.enabled) else {
                continue;
            };
            let every = i64::try_from(folder.every_seconds).unwrap_or(60);
            // Further off than that it is only where the clock went back.
            if *at <= now || *at > now.saturating_add(every) {
                look(app, name, folder);
                *at = now.saturating_add(every);
            }
        }
        app.pause(LOOK_EVERY);
    }
}

fn look(app: &App, name: &str, folder: &Folder) {
    let tenant = &folder.tenant;
    if let Err(error) = scan(app, (tenant, name), folder) {
        let reason = format!("`{}`: {error}", folder.path.display());
        tracing::warn!(folder = name, %error, "a folder cannot be read");
        let heard = Heard { failed: Some(reason), ..Heard::default() };
        let key = (tenant, name, "folder");
        drop(app.office().source_heard(key, &heard, app.clock.now()));
    }
}

fn scan(app: &App, source: (&TenantId, &str), folder: &Folder) -> io::Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&folder.path)?.take(MOST_FILES) {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A link may lead anywhere, so it is not followed.
        if entry.file_type()?.is_file() && !hidden {
            files.push(entry.path());
        }
    }
    files.sort_unstable();
    for path in files {
        if let Err(error) = take(app, source, (&path, &folder.format)) {
            tracing::warn!(file = %path.display(), error, "a file is not taken");
        }
    }
    Ok(())
}

/// Takes a file that is new or another one than before, and has stood still.
fn take(
    app: &App,
    (tenant, source): (&TenantId, &str),
    (path, format): (&Path, &str),
) -> Result<(), String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    let changed = meta.modified().map_err(|error| error.to_string())?;
    let since_epoch = changed.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let age = app.clock.now().as_nanosecond() - i128::try_from(since_epoch.as_nanos()).unwrap_or(0);
    if age < i128::try_from(STILL.as_nanos()).unwrap_or(0) {
        return Ok(());
    }
    let version = format!("{} {}", meta.len(), since_epoch.as_nanos());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let key = (tenant, source, name.as_str());
    let said = |error: StoreError| error.to_string();
    if app.office().taken(key).map_err(said)?.as_deref() == Some(version.as_str()) {
        return Ok(());
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let payload = keep(app, file).map_err(|problem| problem.detail().to_owned())?;
    queue(app, (tenant, source), &Found { name: &name, version: &version, format }, &payload)
        .map_err(said)
}

/// A file that was found.
pub(crate) struct Found<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) format: &'a str,
}

/// Queues the import of a file, and notes that it was taken.
pub(crate) fn queue(
    app: &App,
    (tenant, source): (&TenantId, &str),
    found: &Found<'_>,
    payload: &Payload,
) -> Result<(), StoreError> {
    let task = Task::Import {
        payload: blake3::Hash::from_bytes(payload.hash).to_hex().to_string(),
        name: format!("{source}/{}", found.name),
        format: Some(found.format.to_owned()).filter(|format| format != "auto"),
        close: false,
        asked_by: None,
    };
    let what = serde_json::to_string(&task)?;
    let now = app.clock.now();
    let parts = [source, found.name, found.version];
    let id = parts.into_iter().fold(KeyHasher::new("found"), KeyHasher::part).finish();
    let new = NewJob { id, kind: task.kind(), what: &what, source, made_by: source, due_at: now };
    let mut office = app.office();
    office.job_add(tenant, &new, now)?;
    office.take((tenant, source, found.name), found.version, now)?;
    drop(office);
    app.jobs_waiting.wake();
    Ok(())
}
