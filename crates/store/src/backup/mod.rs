//! Backups: a whole data directory in a folder, made beside a running writer, and put back.
//!
//! A backup is files and a manifest with their hashes. Databases are copied by `SQLite`'s own
//! backup from one snapshot, checked, and their rows counted on both sides. They are copied before
//! the intake log, so that the log holds at least what they say was taken from it.

mod audit;
mod before;
mod database;
mod files;
mod later;
mod manifest;
mod restore;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{StoreError, delivery, open, server};

pub(crate) use before::{copy_before, forget_older};
pub use database::{DatabaseState, Unconfirmed, database_state};
pub(crate) use database::{RESTORED, was_restored};
pub use manifest::{BackupFile, Manifest, verify_backup};
pub(crate) use restore::refuse_half;
pub use restore::{Existing, Restored, restore};

/// Why a backup cannot be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder cannot be used.
    #[error("cannot use `{}`: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is nothing to back up.
    #[error("there is no data in `{}`; name the data directory with `--data`", .0.display())]
    Nothing(PathBuf),
    /// What is to be made is there.
    #[error("`{}` is there already and not empty; choose another folder", .0.display())]
    Taken(PathBuf),
    /// Another backup is made there.
    #[error("another backup is being made in `{}`; wait for it", .0.display())]
    Making(PathBuf),
    /// The folder is no backup.
    #[error("`{}` is no backup of quell: {reason}", path.display())]
    NoBackup {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A file of the backup is not what was written.
    #[error("the backup is damaged: `{path}` {reason}; use another backup")]
    Damaged {
        /// The file, in the backup.
        path: String,
        /// In which way.
        reason: String,
    },
    /// A newer program made the backup.
    #[error(
        "the backup was made by a newer quell (`{path}` has schema {found}, this one knows {known}); restore it with that one"
    )]
    Newer {
        /// The file, in the backup.
        path: String,
        /// Its schema.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A process uses the data directory.
    #[error("a process is using `{}`; stop it first", .0.display())]
    InUse(PathBuf),
    /// The data directory holds something.
    #[error(
        "the data directory `{}` is not empty; choose another, or put what is there aside with `--force`",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// What is there is another server's.
    #[error(
        "the backup is of another server than the data in `{}`; choose another directory, or put that server's data aside with `--force --other-server`",
        .0.display()
    )]
    Other(PathBuf),
    /// A database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error of the system about a path.
fn about(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError + '_ {
    move |source| BackupError::Io { path: path.to_owned(), source }
}

/// The newest schema of a database that this program knows.
fn known_schema(path: &str) -> Option<u32> {
    let migrations = match path.rsplit('/').next() {
        Some("quell.db") => open::MIGRATIONS,
        Some("server.db") => server::MIGRATIONS,
        Some(delivery::FILE) => delivery::MIGRATIONS,
        Some(_) | None => return None,
    };
    u32::try_from(migrations.len()).ok()
}

/// Makes a backup of a data directory in a folder that is not there yet. Writers go on.
///
/// `made` is the program's version and the time.
///
/// # Errors
/// When something cannot be read or written, or a database is damaged. No folder is left then.
pub fn backup(data: &Path, to: &Path, made: (&str, &str)) -> Result<Manifest, BackupError> {
    refuse_half(data)?;
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BackupError::Taken(to.to_owned()));
    }
    let databases = files::databases(data)?;
    if databases.is_empty() {
        return Err(BackupError::Nothing(data.to_owned()));
    }
    let part = files::beside(to, "part");
    let lock = files::lock(&files::beside(to, "lock"))?;
    files::remove_folder(&part)?;
    let done = fill(data, (&part, &databases), made).and_then(|manifest| {
        files::move_into_place(&part, to)?;
        Ok(manifest)
    });
    if done.is_err() {
        // What cannot be removed is removed by the next backup.
        drop(fs::remove_dir_all(&part));
    }
    lock.release();
    done
}

fn fill(
    data: &Path,
    (part, databases): (&Path, &[String]),
    (program, made_at): (&str, &str),
) -> Result<Manifest, BackupError> {
    files::make_folder(part)?;
    let mut copied = Vec::new();
    for path in databases {
        let target = files::below(part, path)?;
        let found = database::copy(&data.join(path), &target)?;
        let (bytes, hash) = files::hash(&target)?;
        let (schema, rows) = (Some(found.schema), Some(found.rows));
        copied.push(BackupFile { path: path.clone(), bytes, blake3: hash, schema, rows });
    }
    copied.extend(files::copy_others(data, part)?);
    let manifest = Manifest::new(program, made_at, copied);
    manifest.write(part)?;
    files::sync_folders(part)?;
    Ok(manifest)
}
