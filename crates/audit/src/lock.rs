//! One process writes at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::AuditError;
use crate::files::private;
use crate::layout;

/// How often it is tried, some milliseconds apart.
const MOST_TRIES: u32 = 2_500;
const BETWEEN: Duration = Duration::from_millis(4);

/// Waits until nobody else writes. The system lets go of it when the process ends.
pub(crate) fn take(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join(layout::LOCK);
    let file = private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(&path)
        .map_err(AuditError::io(&path))?;
    again(&file, &path)?;
    Ok(file)
}

/// Takes a lock whose file is open already.
pub(crate) fn again(file: &File, path: &Path) -> Result<(), AuditError> {
    for _ in 0..MOST_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(BETWEEN),
            Err(TryLockError::Error(error)) => return Err(AuditError::io(path)(error)),
        }
    }
    Err(AuditError::Held)
}
