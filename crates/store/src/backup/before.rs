//! The copy that is made before a migration.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::{BackupError, database, files};
use crate::StoreError;

/// Copies a database that holds something to `<name>.before-v<version>` beside it. A copy that an
/// earlier try of the same upgrade made stays: it is older still.
pub(crate) fn copy_before(connection: &mut Connection, version: u32) -> Result<(), StoreError> {
    let Some(path) = connection.path().map(PathBuf::from).filter(|p| !p.as_os_str().is_empty())
    else {
        return Ok(());
    };
    // No other process may write, or make the same copy, until this one is whole.
    let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = lock.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found == 0 || found >= version || !database::has_rows(&lock)? {
        return Ok(());
    }
    let copy = named(&path, version);
    if copy.exists() && database::schema_of(&copy).is_ok_and(|schema| schema < found) {
        return Ok(());
    }
    let made = make(&path, &copy);
    lock.rollback()?;
    made.map_err(|error| refused(&path, error))
}

fn make(path: &Path, copy: &Path) -> Result<(), BackupError> {
    let part = files::beside(copy, "part");
    files::remove_file(&part)?;
    database::copy(path, &part)?;
    files::move_into_place(&part, copy)
}

fn refused(path: &Path, error: BackupError) -> StoreError {
    match error {
        BackupError::Store(error) => error,
        BackupError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            StoreError::Full
        }
        BackupError::Io { path, source } => StoreError::Directory { path, source },
        BackupError::Nothing(_)
        | BackupError::Taken(_)
        | BackupError::Making(_)
        | BackupError::NoBackup { .. }
        | BackupError::Damaged { .. }
        | BackupError::Newer { .. }
        | BackupError::InUse(_)
        | BackupError::NotEmpty(_)
        | BackupError::Other(_) => StoreError::Directory {
            path: path.to_owned(),
            source: std::io::Error::other(error.to_string()),
        },
    }
}

fn named(path: &Path, version: u32) -> PathBuf {
    files::beside(path, &format!("before-v{version}"))
}

/// Removes the copies that earlier upgrades made; the one of this upgrade stays. One that cannot
/// be removed only takes space.
pub(crate) fn forget_older(connection: &Connection, version: u32) {
    let Some(path) = connection.path().map(PathBuf::from) else { return };
    for older in 1..version {
        drop(fs::remove_file(named(&path, older)));
    }
}
