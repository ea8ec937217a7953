//! Files that are whole or not there, and readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::AuditError;

/// Only the owner may read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a folder and those above it, and flushes the names of those that were missing.
pub(crate) fn make_folders(path: &Path) -> Result<(), AuditError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folders(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(AuditError::io(path)(error)),
    }
    sync_folder(parent.unwrap_or(Path::new(".")))
}

/// Returns once the names in a folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), AuditError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|folder| folder.sync_all()).map_err(AuditError::io(path))
}

/// Puts bytes in the place of a file, all of them or none, and flushes.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    write(&beside, bytes)?;
    fs::rename(&beside, path).map_err(AuditError::io(path))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Writes a file and flushes its content, not its name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(path)
        .map_err(AuditError::io(path))?;
    file.write_all(bytes).map_err(AuditError::io(path))?;
    file.sync_data().map_err(AuditError::io(path))
}

/// The content of a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuditError::io(path)(error)),
    }
}
