//! The repository as it is on disk: read once, links not followed, sizes capped.

use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use crate::PipelineError;

/// Longest file that is read; infrastructure code is far shorter.
const MOST_FILE_BYTES: u64 = 4 << 20;
/// Most files that are read.
const MOST_FILES: usize = 20_000;
/// Most text that is kept.
const MOST_BYTES: u64 = 512 << 20;
/// Most state files that are looked into.
const MOST_STATES: usize = 500;
/// Deepest folder that is looked into.
const MOST_DEPTH: usize = 64;
/// Hidden names that are read: the lock file says provider versions, workflows are code.
const HIDDEN_READ: &[&str] = &[".terraform.lock.hcl", ".github"];

/// The infrastructure code below a folder, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkout {
    /// The folder, without links.
    pub(crate) root: PathBuf,
    /// Path below the folder, with forward slashes, and text.
    pub(crate) files: BTreeMap<String, String>,
    /// Files that were not read: path and reason.
    pub(crate) unread: BTreeMap<String, String>,
    /// State files of Terraform, which are not read as code.
    pub(crate) states: BTreeMap<String, PathBuf>,
}

/// A folder that is looked into next.
struct Folder {
    path: PathBuf,
    /// Its path below the repository, with a slash at its end.
    below: String,
    depth: usize,
}

/// What stands in a folder.
struct Entry {
    path: PathBuf,
    below: String,
    kind: FileType,
}

impl Folder {
    /// What it holds and is not hidden, in the order of names.
    fn entries(&self) -> Result<Vec<Entry>, PipelineError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|e| refuse(&self.path, e))? {
            let entry = entry.map_err(|e| refuse(&self.path, e))?;
            let kind = entry.file_type().map_err(|e| refuse(&entry.path(), e))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !is_hidden(&name) {
                found.push(Entry {
                    path: entry.path(),
                    below: format!("{}{name}", self.below),
                    kind,
                });
            }
        }
        found.sort_by(|a, b| a.below.cmp(&b.below));
        Ok(found)
    }

    /// A folder in it, unless that lies too deep.
    fn inner(&self, entry: &Entry) -> Option<Self> {
        let depth = self.depth + 1;
        let below = format!("{}/", entry.below);
        (depth <= MOST_DEPTH).then(|| Self { path: entry.path.clone(), below, depth })
    }
}

impl Checkout {
    /// Reads every file that some language of the engine reads.
    ///
    /// # Errors
    /// When the folder, or one below it, cannot be listed.
    pub(crate) fn read(
        folder: &Path,
        is_code: &dyn Fn(&str) -> bool,
    ) -> Result<Self, PipelineError> {
        let root = folder.canonicalize().map_err(|e| refuse(folder, e))?;
        let mut checkout = Self { root: root.clone(), ..Self::default() };
        let mut waiting = vec![Folder { path: root, below: String::new(), depth: 0 }];
        let mut bytes = 0_u64;
        while let Some(folder) = waiting.pop() {
            let entries = folder.entries()?;
            let (folders, files): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.kind.is_dir());
            waiting.extend(folders.into_iter().filter_map(|entry| folder.inner(&entry)));
            let (code, others): (Vec<_>, Vec<_>) =
                files.into_iter().partition(|file| is_code(&file.below));
            for file in code {
                checkout.take(&file, &mut bytes);
            }
            for file in others {
                checkout.note_state(file);
            }
        }
        Ok(checkout)
    }

    fn skip(&mut self, path: String, reason: String) {
        self.unread.insert(path, reason);
    }

    fn note_state(&mut self, file: Entry) {
        let is_state = file.below.ends_with(".tfstate") && file.kind.is_file();
        if is_state && self.states.len() < MOST_STATES {
            self.states.insert(file.below, file.path);
        }
    }

    fn take(&mut self, file: &Entry, bytes: &mut u64) {
        let (path, below) = (&file.path, file.below.clone());
        if file.path.to_str().is_none() {
            return self.skip(below, "its name is no text".into());
        }
        if file.kind.is_symlink() {
            return self.skip(below, "it is a symbolic link, and links are not followed".into());
        }
        let length = match fs::symlink_metadata(path) {
            Ok(about) if about.is_file() => about.len(),
            Ok(_) => return self.skip(below, "it is no plain file".into()),
            Err(error) => return self.skip(below, format!("it cannot be read: {error}")),
        };
        if length > MOST_FILE_BYTES {
            let most = MOST_FILE_BYTES >> 20;
            return self.skip(below, format!("it is longer than {most} MiB"));
        }
        if self.files.len() >= MOST_FILES || bytes.saturating_add(length) > MOST_BYTES {
            return self.skip(below, "the repository is larger than what is read".into());
        }
        match fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => {
                *bytes += length;
                self.files.insert(below, text);
            }
            Ok(Err(_)) => self.skip(below, "it is not UTF-8 text".into()),
            Err(error) => self.skip(below, format!("it cannot be read: {error}")),
        }
    }

    /// Why a file that a scanner names was not read. Scanners name files below the folder that
    /// they scanned, which may lie above or below this one.
    pub(crate) fn why_unread(&self, named: &str) -> Option<(&str, &str)> {
        let named = named.trim_start_matches("./").trim_start_matches('/');
        let is_it = |path: &str| {
            let ends = |long: &str, short: &str| {
                long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
            };
            ends(path, named) || ends(named, path)
        };
        if named.is_empty() || self.files.contains_key(named) {
            return None;
        }
        let found = self.unread.iter().find(|(path, _)| is_it(path));
        found.map(|(path, reason)| (path.as_str(), reason.as_str()))
    }
}

fn refuse(path: &Path, source: std::io::Error) -> PipelineError {
    PipelineError::Repository { path: path.display().to_string(), source }
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && !HIDDEN_READ.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str) -> bool {
        path.ends_with(".tf") || path.ends_with(".lock.hcl")
    }

    #[test]
    fn what_is_not_read_is_named_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/.hidden")).unwrap();
        fs::write(at("a/x.tf"), "x = 1\n").unwrap();
        fs::write(at("a/.hidden/y.tf"), "").unwrap();
        fs::write(at(".terraform.lock.hcl"), "").unwrap();
        fs::write(at("latin.tf"), b"# \xe9\n").unwrap();
        fs::write(at("long.tf"), vec![b' '; 10 << 20]).unwrap();
        fs::write(at("note.txt"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", at("link.tf")).unwrap();
        let read = Checkout::read(folder.path(), &code).unwrap();
        assert_eq!(read.files.keys().collect::<Vec<_>>(), [".terraform.lock.hcl", "a/x.tf"]);
        assert_eq!(read.why_unread("/infra/long.tf").unwrap().1, "it is longer than 4 MiB");
        assert_eq!(read.why_unread("latin.tf").unwrap().1, "it is not UTF-8 text");
        assert_eq!(read.why_unread("a/x.tf"), None);
        #[cfg(unix)]
        assert!(read.why_unread("link.tf").unwrap().1.contains("link"));
    }
}
