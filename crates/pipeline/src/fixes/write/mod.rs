//! Writes changed files into a repository: all of them, or none.
//!
//! What the files held before stands in a journal, synced, before the first of them is touched.
//! The journal goes last. So whoever finds one knows that a run ended between, and puts every
//! file back; [`recover_files`] does that before the next run reads anything.

mod journal;

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use self::journal::{Home, Journal, Moment};
use crate::PipelineError;

/// The new text of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path below the repository, with forward slashes.
    pub path: String,
    /// The text that the change was made upon.
    pub before: String,
    /// The new text.
    pub after: String,
}

/// A file that is written beside its place and not yet moved there.
struct Staged {
    path: PathBuf,
    file: NamedTempFile,
}

/// Asked before each step on the disk; a test ends the run there.
type Steps<'s> = &'s dyn Fn(Moment) -> io::Result<()>;

/// Writes all changes below a folder, or none: each is first written and synced beside its file,
/// then all are moved into place, and what was moved is moved back where one fails. Where the
/// program ends between, the next run puts all back.
///
/// # Errors
/// When a path leads out of the folder or through a link, is read-only, changed since it was
/// read, another run writes there, or the disk refuses. Nothing has changed then.
pub fn write_files(root: &Path, changes: &[FileChange]) -> Result<(), PipelineError> {
    write_with(root, changes, &|_| Ok(()))
}

/// Puts back what a run that ended while it wrote left by halves. The paths of the files that
/// were put back, below the top of the checkout; empty where it had not come to the first.
/// None where no run ended so.
///
/// # Errors
/// When another run writes there now, a file has been changed since, or the disk refuses.
pub fn recover_files(root: &Path) -> Result<Option<Vec<String>>, PipelineError> {
    recover_with(root, &|_| Ok(()))
}

fn recover_with(root: &Path, steps: Steps<'_>) -> Result<Option<Vec<String>>, PipelineError> {
    let root = root
        .canonicalize()
        .map_err(|source| PipelineError::Repository { path: root.display().to_string(), source })?;
    let home = Home::of(&root)?;
    if !home.has_journal() {
        return Ok(None);
    }
    let _lock = home.lock()?;
    home.recover(steps)
}

fn write_with(root: &Path, changes: &[FileChange], steps: Steps<'_>) -> Result<(), PipelineError> {
    let root = root.canonicalize().map_err(|e| cannot(root, e))?;
    let mut paths = Vec::new();
    for change in changes {
        paths.push(checked(&root, change)?);
    }
    let home = Home::of(&root)?;
    let _lock = home.lock()?;
    if home.has_journal() {
        let why = "a run before ended while it wrote; run it again";
        return Err(PipelineError::Refused(why.into()));
    }
    let journal = home.begin(changes, steps)?;
    let staged = match staged(&journal, changes, &paths, steps) {
        Ok(staged) => staged,
        Err(error) => {
            home.end(&|_| Ok(()))?;
            return Err(error);
        }
    };
    let mut done: Vec<(&FileChange, PathBuf)> = Vec::new();
    for (change, Staged { path, file }) in changes.iter().zip(staged) {
        let moved = steps(Moment::Move).and_then(|()| into_place(file, &path));
        if let Err(error) = moved {
            return Err(undone((&home, &journal), &done, &path, error));
        }
        done.push((change, path));
    }
    sync_folders(done.iter().map(|(_, path)| path.as_path()));
    home.end(steps)
}

/// Every new text beside its file, synced.
fn staged(
    journal: &Journal,
    changes: &[FileChange],
    paths: &[PathBuf],
    steps: Steps<'_>,
) -> Result<Vec<Staged>, PipelineError> {
    let mut staged = Vec::new();
    for (at, (change, path)) in changes.iter().zip(paths).enumerate() {
        let name = journal.staged(at);
        let file = steps(Moment::Stage).and_then(|()| stage(path, &change.after, &name));
        staged.push(Staged { path: path.clone(), file: file.map_err(|e| cannot(path, e))? });
    }
    Ok(staged)
}

fn into_place(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// What folders list is on the disk; the files themselves are by now.
fn sync_folders<'p>(paths: impl Iterator<Item = &'p Path>) {
    let mut folders: Vec<&Path> = paths.filter_map(Path::parent).collect();
    folders.dedup();
    for folder in folders {
        drop(fs::File::open(folder).and_then(|folder| folder.sync_all()));
    }
}

/// Puts back what was moved, and says what went wrong.
fn undone(
    (home, journal): (&Home, &Journal),
    done: &[(&FileChange, PathBuf)],
    path: &Path,
    error: io::Error,
) -> PipelineError {
    let mut left = Vec::new();
    for (at, (change, path)) in done.iter().enumerate() {
        let back = stage(path, &change.before, &journal.staged(at))
            .and_then(|file| into_place(file, path));
        if back.is_err() {
            left.push(change.path.as_str());
        }
    }
    if left.is_empty() {
        sync_folders(done.iter().map(|(_, path)| path.as_path()));
        // A journal that stays is harmless: all files are as they were.
        drop(home.end(&|_| Ok(())));
        return cannot(path, error);
    }
    PipelineError::HalfWritten { left: left.join("`, `"), reason: error.to_string() }
}

/// The file's place, if it lies in the folder, is reached without a link, may be written, and
/// still holds the text that the change was made upon.
fn checked(root: &Path, change: &FileChange) -> Result<PathBuf, PipelineError> {
    let refused =
        |why: &str| PipelineError::Refused(format!("`{}` {why}; nothing was written", change.path));
    let relative = Path::new(&change.path);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if change.path.is_empty() || !relative.components().all(is_plain) {
        return Err(refused("does not lie in the repository"));
    }
    let mut path = root.to_owned();
    for part in relative.components() {
        path.push(part);
        let about = fs::symlink_metadata(&path).map_err(|e| cannot(&path, e))?;
        if about.file_type().is_symlink() {
            return Err(refused("is reached through a symbolic link"));
        }
    }
    let about = fs::symlink_metadata(&path).map_err(|e| cannot(&path, e))?;
    if !about.is_file() {
        return Err(refused("is no plain file"));
    }
    let folder = path.parent().unwrap_or(root);
    let folder = fs::metadata(folder).map_err(|e| cannot(folder, e))?;
    if about.permissions().readonly() || folder.permissions().readonly() {
        return Err(refused("is read-only"));
    }
    let now = fs::read(&path).map_err(|e| cannot(&path, e))?;
    if now != change.before.as_bytes() {
        return Err(refused("changed since it was read; run it again"));
    }
    Ok(path)
}

/// Writes a text beside a file by a name, with the file's permissions and owner, and syncs it.
fn stage(path: &Path, text: &str, name: &str) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(path);
    let about = fs::metadata(path)?;
    let mut file = tempfile::Builder::new().prefix(name).rand_bytes(0).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // A file of another user stays that user's where the system lets us.
        drop(std::os::unix::fs::chown(file.path(), Some(about.uid()), Some(about.gid())));
    }
    file.as_file().set_permissions(about.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn cannot(path: &Path, source: io::Error) -> PipelineError {
    PipelineError::Unwritten { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests;
