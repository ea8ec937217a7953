//! Writes changed files into a repository: all of them, or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

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
struct Staged<'c> {
    change: &'c FileChange,
    path: PathBuf,
    file: NamedTempFile,
}

/// Puts a staged file in its place.
type Place = fn(NamedTempFile, &Path) -> io::Result<()>;

/// Writes all changes below a folder, or none: each is first written and synced beside its file,
/// then all are moved into place, and what was moved is moved back where one fails.
///
/// # Errors
/// When a path leads out of the folder or through a link, is read-only, changed since it was
/// read, or the disk refuses. Nothing has changed then.
pub fn write_files(root: &Path, changes: &[FileChange]) -> Result<(), PipelineError> {
    write_with(root, changes, into_place)
}

fn write_with(root: &Path, changes: &[FileChange], place: Place) -> Result<(), PipelineError> {
    let root = root.canonicalize().map_err(|e| cannot(root, e))?;
    let mut paths = Vec::new();
    for change in changes {
        paths.push(checked(&root, change)?);
    }
    let mut staged = Vec::new();
    for (change, path) in changes.iter().zip(paths) {
        let file = stage(&path, &change.after).map_err(|e| cannot(&path, e))?;
        staged.push(Staged { change, path, file });
    }
    let mut done: Vec<(&FileChange, PathBuf)> = Vec::new();
    for Staged { change, path, file } in staged {
        if let Err(error) = place(file, &path) {
            return Err(undone(&done, &path, error));
        }
        done.push((change, path));
    }
    // What a folder lists is synced last; the files themselves are safe by now.
    for folder in done.iter().filter_map(|(_, path)| path.parent()) {
        drop(fs::File::open(folder).and_then(|folder| folder.sync_all()));
    }
    Ok(())
}

fn into_place(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Puts back what was moved, and says what went wrong.
fn undone(done: &[(&FileChange, PathBuf)], path: &Path, error: io::Error) -> PipelineError {
    let mut left = Vec::new();
    for (change, path) in done {
        let back = stage(path, &change.before).and_then(|file| into_place(file, path));
        if back.is_err() {
            left.push(change.path.as_str());
        }
    }
    if left.is_empty() {
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

/// Writes a text beside a file, with the file's permissions and owner, and syncs it.
fn stage(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(path);
    let about = fs::metadata(path)?;
    let mut file = tempfile::Builder::new().prefix(".quell-").suffix(".tmp").tempfile_in(folder)?;
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
mod tests {
    use super::*;

    fn change(path: &str, before: &str, after: &str) -> FileChange {
        FileChange { path: path.into(), before: before.into(), after: after.into() }
    }

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for (name, text) in files {
                let path = tree.0.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            tree
        }

        /// Every file with its text, in order.
        fn all(&self) -> Vec<(String, String)> {
            let mut found = below(self.0.path());
            found.sort();
            found
        }

        /// The changes are refused with this word, and nothing has changed.
        fn refuses(&self, changes: &[FileChange], word: &str) {
            let before = self.all();
            let error = write_files(self.0.path(), changes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
            assert_eq!(self.all(), before);
        }
    }

    fn below(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut found: Vec<(String, String)> =
            files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect();
        for folder in folders {
            let inner = below(&folder).into_iter();
            found.extend(inner.map(|(path, text)| (format!("{}/{path}", name(&folder)), text)));
        }
        found
    }

    #[test]
    fn all_files_are_written_and_nothing_is_left_beside_them() {
        let tree = Tree::new(&[("a.tf", "a\r\n"), ("m/b.tf", "b\n")]);
        let changes = [change("a.tf", "a\r\n", "A\r\n"), change("m/b.tf", "b\n", "B\n")];
        write_files(tree.0.path(), &changes).unwrap();
        let expected = [("a.tf", "A\r\n"), ("m/b.tf", "B\n")];
        assert_eq!(tree.all(), expected.map(|(n, t)| (n.to_owned(), t.to_owned())));
    }

    #[test]
    fn a_path_out_of_the_repository_is_refused() {
        let tree = Tree::new(&[("r/a.tf", "a"), ("out.tf", "x")]);
        let root = tree.0.path().join("r");
        for path in ["../out.tf", "/etc/hostname", "m/../../out.tf", "", "./a.tf"] {
            let error = write_files(&root, &[change(path, "x", "y")]).unwrap_err().to_string();
            assert!(error.contains("nothing was written"), "{path}: {error}");
        }
        assert_eq!(fs::read_to_string(tree.0.path().join("out.tf")).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused_wherever_it_leads() {
        let tree = Tree::new(&[("a.tf", "a"), ("in/b.tf", "b")]);
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, tree.0.path().join(name)).unwrap();
        };
        link("a.tf", "link.tf");
        link("in", "folder");
        for path in ["link.tf", "folder/b.tf"] {
            let error = write_files(tree.0.path(), &[change(path, "a", "y")]).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
    }

    #[test]
    fn a_file_that_changed_since_stops_all_of_them() {
        let tree = Tree::new(&[("a.tf", "a"), ("b.tf", "other")]);
        tree.refuses(&[change("a.tf", "a", "A"), change("b.tf", "b", "B")], "changed since");
    }

    #[test]
    fn a_read_only_file_or_folder_stops_all_of_them() {
        let tree = Tree::new(&[("a.tf", "a"), ("m/b.tf", "b")]);
        let path = tree.0.path().join("m/b.tf");
        let set = |path: &Path, readonly| {
            let mut permissions = fs::metadata(path).unwrap().permissions();
            permissions.set_readonly(readonly);
            fs::set_permissions(path, permissions).unwrap();
        };
        let changes = [change("a.tf", "a", "A"), change("m/b.tf", "b", "B")];
        set(&path, true);
        tree.refuses(&changes, "read-only");
        set(&path, false);
        set(&tree.0.path().join("m"), true);
        tree.refuses(&changes, "read-only");
        set(&tree.0.path().join("m"), false);
    }

    #[test]
    fn a_failure_half_way_is_undone() {
        let tree = Tree::new(&[("a.tf", "a"), ("b.tf", "b"), ("c.tf", "c")]);
        let before = tree.all();
        let place: Place = |file, path| {
            if path.ends_with("c.tf") {
                return Err(io::Error::other("the disk is full"));
            }
            into_place(file, path)
        };
        let changes =
            [change("a.tf", "a", "A"), change("b.tf", "b", "B"), change("c.tf", "c", "C")];
        let error = write_with(tree.0.path(), &changes, place).unwrap_err().to_string();
        assert!(error.contains("the disk is full"), "{error}");
        assert_eq!(tree.all(), before);
    }
}
