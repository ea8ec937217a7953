//! Files that are whole or not there, and readable by their owner only.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

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
    let beside = beside(path);
    write(&beside, bytes)?;
    fs::rename(&beside, path).map_err(AuditError::io(path))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Where a file is written before it takes its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Writes a file and flushes its content, not its name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(path)
        .map_err(AuditError::io(path))?;
    file.write_all(bytes).map_err(AuditError::io(path))?;
    file.sync_data().map_err(AuditError::io(path))
}

/// Files that are written and not flushed yet.
#[derive(Debug, Default)]
pub(crate) struct Unflushed {
    files: Vec<(PathBuf, File)>,
    folders: BTreeSet<PathBuf>,
}

/// Threads that flush at a time: a file system does many flushes at once in little more than the
/// time of one.
const FLUSHERS: usize = 16;

impl Unflushed {
    /// Writes a file. Who reads meanwhile sees all of it or none.
    pub(crate) fn write(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), AuditError> {
        if let Some(parent) = path.parent().filter(|parent| !self.folders.contains(*parent)) {
            make_folders(parent)?;
            self.folders.insert(parent.to_owned());
        }
        let mut options = OpenOptions::new();
        let options = private(options.write(true).create(true).truncate(true));
        let beside = beside(&path);
        let mut file = options.open(&beside).map_err(AuditError::io(&beside))?;
        file.write_all(bytes).map_err(AuditError::io(&path))?;
        fs::rename(&beside, &path).map_err(AuditError::io(&path))?;
        self.files.push((path, file));
        Ok(())
    }

    /// Returns once all of it is on the disk.
    pub(crate) fn flush(self) -> Result<(), AuditError> {
        let part = self.files.len().div_ceil(FLUSHERS).max(1);
        std::thread::scope(|threads| {
            let mut running = Vec::new();
            for files in self.files.chunks(part) {
                let thread = std::thread::Builder::new().spawn_scoped(threads, || flush(files));
                match thread {
                    Ok(thread) => running.push(thread),
                    // The system has no more threads.
                    Err(_) => flush(files)?,
                }
            }
            let join = |one: ScopedJoinHandle<'_, _>| one.join().unwrap_or(Err(AuditError::Closed));
            running.into_iter().try_for_each(join)
        })?;
        self.folders.iter().try_for_each(|folder| sync_folder(folder))
    }
}

fn flush(files: &[(PathBuf, File)]) -> Result<(), AuditError> {
    files.iter().try_for_each(|(path, file)| file.sync_data().map_err(AuditError::io(path)))
}

/// The content of a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuditError::io(path)(error)),
    }
}

/// Reads a file of a width, or a wider one that took its place meanwhile and begins the same.
pub(crate) fn read_either(
    width: usize,
    path: impl Fn(usize) -> PathBuf,
) -> Result<Vec<u8>, AuditError> {
    if let Some(bytes) = read(&path(width))? {
        return Ok(bytes);
    }
    let tries = if width < 256 { 3 } else { 0 };
    for _ in 0..tries {
        if let Some(bytes) = read(&path(256))? {
            return Ok(bytes);
        }
        let folder = path(width).parent().map(fs::read_dir);
        let names = folder.into_iter().flatten().flatten().flatten();
        let wider = names
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|there: &usize| *there > width)
            .max();
        if let Some(bytes) = wider.map(|wider| read(&path(wider))).transpose()?.flatten() {
            return Ok(bytes);
        }
    }
    Err(AuditError::Damaged(format!("`{}` is missing", path(width).display()).into()))
}
