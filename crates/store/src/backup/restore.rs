//! Putting a backup back: all of it or nothing.
//!
//! The files are first written to `restore.part` in the data directory. Once they are whole, the
//! folder is renamed to `restore.ready`: from there on the restore counts, and a run that is cut
//! off is ended by the next. Only then is what was there moved aside and the new moved up. The
//! data directory itself is never renamed, since it may be a mount.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::database::Unconfirmed;
use super::manifest::Manifest;
use super::{BackupError, about, audit, database, files, later, verify_backup};
use crate::{StoreError, delivery};

/// What is being written.
const PART: &str = "restore.part";
/// What is whole, and is being moved up.
const READY: &str = "restore.ready";
/// Where what was there is put.
const BEFORE: &str = "before-restore";
/// The database of people and tokens.
const SERVER: &str = "server.db";
/// The database of a tenant's findings.
const TENANTS: &str = "quell.db";
/// Entries that a data directory may have without being used.
const NOT_OURS: &[&str] = &["lost+found", audit::AUDIT, PART, READY];

/// Files that a process which uses the data directory keeps locked.
const LOCKS: &[&str] = &["server.lock", "intake/lock"];

/// What was put back.
#[derive(Debug)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// Where what was there before is now.
    pub before: Option<PathBuf>,
    /// Whether an earlier restore that was cut off was ended instead.
    pub ended_earlier: bool,
    /// Whether the intake log stayed, since it goes on from the backup's.
    pub keeps_log: bool,
    /// Tokens and people that count again only once somebody confirms them.
    pub unconfirmed: Unconfirmed,
}

/// Whether what was there may be put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is refused.
    Refuse,
    /// It is put aside, where it is the same server's.
    PutAside,
    /// It is put aside, whoever's it is.
    PutAsideAny,
}

/// Puts a backup into a data directory.
///
/// # Errors
/// When the backup is damaged or newer, when the directory is used by a process or holds something
/// that may not be put aside, or when it cannot be written. What was there is as it was then.
pub fn restore(from: &Path, data: &Path, existing: Existing) -> Result<Restored, BackupError> {
    if data.join(READY).exists() {
        refuse_used(data)?;
        let manifest = Manifest::read(&data.join(READY))?;
        let before = move_up(data, &manifest)?;
        let unconfirmed = database::unconfirmed(&data.join(SERVER))?;
        let ended_earlier = true;
        return Ok(Restored { manifest, before, ended_earlier, keeps_log: false, unconfirmed });
    }
    let manifest = verify_backup(from)?;
    files::make_folder(data)?;
    refuse_used(data)?;
    if existing == Existing::Refuse && !entries(data)?.is_empty() {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    if existing == Existing::PutAside && later::is_another(from, data) {
        return Err(BackupError::Other(data.to_owned()));
    }
    let part = data.join(PART);
    files::remove_folder(&part)?;
    let written = write(from, &part, &manifest);
    if written.is_err() {
        // What cannot be removed is removed by the next restore.
        drop(fs::remove_dir_all(&part));
    }
    written?;
    // A log that goes on from the backup's holds what came after it: it stays where it is.
    let keeps_log = existing != Existing::Refuse && later::log_goes_on(&part, data);
    if keeps_log {
        later::leave_out(&part).map_err(about(&part))?;
    }
    audit::keep_logs(data, &part)?;
    database::distrust(&part.join(SERVER))?;
    for path in files::databases(&part)?.iter().filter(|path| path.ends_with(TENANTS)) {
        database::note_restored(&part.join(path))?;
    }
    for path in files::databases(&part)?.iter().filter(|path| path.ends_with(delivery::FILE)) {
        database::note_older(&part.join(path))?;
    }
    let unconfirmed = database::unconfirmed(&part.join(SERVER))?;
    files::move_into_place(&part, &data.join(READY))?;
    let before = move_up(data, &manifest)?;
    Ok(Restored { manifest, before, ended_earlier: false, keeps_log, unconfirmed })
}

fn write(from: &Path, part: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    files::make_folder(part)?;
    for file in &manifest.files {
        files::copy_known(&from.join(&file.path), &files::below(part, &file.path)?, file)?;
    }
    manifest.write(part)?;
    files::sync_folders(part)
}

/// Moves what was there aside and the new up. Run again after it was cut off, it goes on: what is
/// in the list and no longer waits was moved up already.
fn move_up(data: &Path, manifest: &Manifest) -> Result<Option<PathBuf>, BackupError> {
    let ready = data.join(READY);
    let new: BTreeSet<&str> =
        manifest.files.iter().filter_map(|file| file.path.split('/').next()).collect();
    let is_old = |name: &str| !new.contains(name) || fs::symlink_metadata(ready.join(name)).is_ok();
    let old: Vec<String> = entries(data)?.into_iter().filter(|name| is_old(name)).collect();
    let before = if old.is_empty() { None } else { Some(make_before(data)?) };
    if let Some(before) = &before {
        for name in &old {
            rename(&data.join(name), &before.join(name))?;
        }
        files::sync_folder(before)?;
        files::sync_folder(data)?;
    }
    for name in new.iter().filter(|name| fs::symlink_metadata(ready.join(name)).is_ok()) {
        rename(&ready.join(name), &data.join(name))?;
    }
    files::sync_folder(data)?;
    // From here on nothing waits any more; what is left of the folder is rubbish.
    let part = data.join(PART);
    files::remove_folder(&part)?;
    files::move_into_place(&ready, &part)?;
    files::remove_folder(&part)?;
    Ok(before)
}

fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(about(from))
}

fn make_before(data: &Path) -> Result<PathBuf, BackupError> {
    let mut number = 1_u32;
    loop {
        let folder = data.join(format!("{BEFORE}-{number}"));
        if !folder.exists() {
            files::make_folder(&folder)?;
            return Ok(folder);
        }
        number += 1;
    }
}

/// What stands in a data directory, beside what restores left.
fn entries(data: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data).map_err(about(data))? {
        let name = entry.map_err(about(data))?.file_name().to_string_lossy().into_owned();
        if !NOT_OURS.contains(&name.as_str()) && !name.starts_with(BEFORE) {
            found.push(name);
        }
    }
    Ok(found)
}

/// Refuses a data directory that a process uses.
fn refuse_used(data: &Path) -> Result<(), BackupError> {
    let databases = files::databases(data)?;
    let used = databases.iter().any(|path| database::in_use(&data.join(path)));
    if used || LOCKS.iter().any(|lock| files::is_locked(&data.join(lock))) {
        return Err(BackupError::InUse(data.to_owned()));
    }
    Ok(())
}

/// Refuses a data directory in which a restore was cut off: it is neither the old nor the new.
pub(crate) fn refuse_half(data: &Path) -> Result<(), StoreError> {
    if data.join(READY).exists() {
        return Err(StoreError::HalfRestored(data.to_owned()));
    }
    Ok(())
}
