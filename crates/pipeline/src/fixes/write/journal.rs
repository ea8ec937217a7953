//! The journal of a run that writes: what each file held before, until all are written.
//!
//! It stands in git's own folder, where no clone brings one along, else in a hidden folder of the
//! repository. Whatever it says, recovery only gives a file that has one text of the journal,
//! byte for byte, the other one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FileChange, Steps, cannot, into_place, stage, sync_folders};
use crate::PipelineError;
use crate::fixes::git::Git;

/// The folder of the journal.
const FOLDER: &str = "quell-write";
/// Longest journal that is read.
const MOST_BYTES: u64 = 1 << 30;

/// A step on the disk, named after what is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The journal is written under another name.
    Write,
    /// It gets its name: from here on it counts.
    Begin,
    /// A new text is written beside its file.
    Stage,
    /// It is moved into place.
    Move,
    /// An old text is moved back.
    Back,
    /// The journal is taken away.
    End,
}

/// Where the journal of a repository stands.
#[derive(Debug)]
pub(super) struct Home {
    /// The top of the checkout: what its paths begin at.
    top: PathBuf,
    /// The repository below it, with a slash at its end; empty where it is the top.
    prefix: String,
    folder: PathBuf,
}

/// What is about to be written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Tells the files of this run from those of others.
    run: String,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Below the top of the checkout.
    path: String,
    before: String,
    /// The hash of the new text.
    after: String,
}

impl Journal {
    /// The name of a new text beside its file.
    pub(super) fn staged(&self, at: usize) -> String {
        format!(".quell-{}-{at}.tmp", self.run)
    }

    /// Whether it is one of ours: nothing of it becomes part of a file's name otherwise.
    fn is_ours(&self) -> bool {
        self.run.len() == 16 && self.run.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl Home {
    /// That of a repository, which has no links in its path.
    pub(super) fn of(root: &Path) -> Result<Self, PipelineError> {
        let hidden = || Self {
            top: root.to_owned(),
            prefix: String::new(),
            folder: root.join(format!(".{FOLDER}")),
        };
        let Some(git) = Git::open(root)? else { return Ok(hidden()) };
        let folder = git.ask(&["rev-parse", "--absolute-git-dir"])?;
        let prefix = git.whole("");
        let depth = Path::new(&prefix).components().count();
        let Some(top) = root.ancestors().nth(depth) else { return Ok(hidden()) };
        let folder = Path::new(folder.trim_end_matches('\n')).join(FOLDER);
        Ok(Self { top: top.to_owned(), prefix, folder })
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("journal.json")
    }

    /// Whether a run has begun and not ended.
    pub(super) fn has_journal(&self) -> bool {
        fs::symlink_metadata(self.journal()).is_ok()
    }

    /// Holds the repository for one run. The system lets go of it when the program ends, however
    /// it ends.
    pub(super) fn lock(&self) -> Result<File, PipelineError> {
        let refuse = |e| cannot(&self.folder, e);
        match fs::symlink_metadata(&self.folder) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Err(refuse(io::Error::other("it is no folder"))),
            Err(_) => {
                fs::create_dir(&self.folder).map_err(refuse)?;
                sync_folders(std::iter::once(self.folder.as_path()));
            }
        }
        let path = self.folder.join("lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(refuse)?;
        match file.try_lock() {
            // One that was taken away meanwhile keeps nobody out.
            Ok(()) if is_at(&file, &path) => Ok(file),
            Ok(()) | Err(fs::TryLockError::WouldBlock) => Err(PipelineError::Refused(format!(
                "another run writes into `{}` now; nothing was written, run it again",
                self.top.display()
            ))),
            Err(fs::TryLockError::Error(error)) => Err(refuse(error)),
        }
    }

    /// Writes down what is about to be done. From here on a run that ends is undone.
    pub(super) fn begin(
        &self,
        changes: &[FileChange],
        steps: Steps<'_>,
    ) -> Result<Journal, PipelineError> {
        let files: Vec<Entry> = changes.iter().map(|change| self.entry(change)).collect();
        let mut hasher = blake3::Hasher::new();
        for entry in &files {
            hasher.update(entry.path.as_bytes()).update(entry.after.as_bytes());
        }
        hasher.update(&std::process::id().to_le_bytes());
        let run = hasher.finalize().to_hex().chars().take(16).collect();
        let journal = Journal { run, files };
        let text = serde_json::to_vec(&journal)?;
        let (path, new) = (self.journal(), self.folder.join("journal.new"));
        let write = || -> io::Result<()> {
            steps(Moment::Write)?;
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            steps(Moment::Begin)?;
            fs::rename(&new, &path)?;
            sync_folders(std::iter::once(path.as_path()));
            Ok(())
        };
        write().map_err(|e| {
            self.tidy();
            cannot(&path, e)
        })?;
        Ok(journal)
    }

    fn entry(&self, change: &FileChange) -> Entry {
        Entry {
            path: format!("{}{}", self.prefix, change.path),
            before: change.before.clone(),
            after: hash(change.after.as_bytes()),
        }
    }

    /// Everything stands as it should: nothing is to be undone any more.
    pub(super) fn end(&self, steps: Steps<'_>) -> Result<(), PipelineError> {
        let path = self.journal();
        let gone = steps(Moment::End).and_then(|()| fs::remove_file(&path));
        gone.map_err(|e| PipelineError::Journal { path: path.display().to_string(), source: e })?;
        sync_folders(std::iter::once(path.as_path()));
        self.tidy();
        Ok(())
    }

    /// A hidden folder in the repository itself does not stay.
    fn tidy(&self) {
        drop(fs::remove_file(self.folder.join("journal.new")));
        if self.folder.parent() == Some(self.top.as_path()) {
            drop(fs::remove_file(self.folder.join("lock")));
            drop(fs::remove_dir(&self.folder));
        }
    }

    /// Puts every file back that has its new text.
    pub(super) fn recover(&self, steps: Steps<'_>) -> Result<Option<Vec<String>>, PipelineError> {
        if !self.has_journal() {
            return Ok(None);
        }
        let journal = self.read()?;
        let mut back = Vec::new();
        let mut changed = Vec::new();
        for (at, entry) in journal.files.iter().enumerate() {
            match self.stands(entry)? {
                Stands::Before => {}
                Stands::After(path) => back.push((at, entry, path)),
                Stands::Other => changed.push(entry.path.as_str()),
            }
        }
        if !changed.is_empty() {
            return Err(self.refused(&changed));
        }
        self.sweep(&journal);
        for (at, entry, path) in &back {
            let put = steps(Moment::Back)
                .and_then(|()| stage(path, &entry.before, &journal.staged(*at)))
                .and_then(|file| into_place(file, path));
            put.map_err(|e| cannot(path, e))?;
        }
        sync_folders(back.iter().map(|(_, _, path)| path.as_path()));
        self.end(steps)?;
        Ok(Some(back.into_iter().map(|(_, entry, _)| entry.path.clone()).collect()))
    }

    fn read(&self) -> Result<Journal, PipelineError> {
        let path = self.journal();
        let bad = |why: &str| {
            PipelineError::Refused(format!(
                "`{}` says that a run ended while it wrote, but {why}: look at what git says has \
                 changed, then delete that file",
                path.display()
            ))
        };
        let about = fs::symlink_metadata(&path).map_err(|e| cannot(&path, e))?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return Err(bad("it is none of Quell's"));
        }
        let text = fs::read(&path).map_err(|e| cannot(&path, e))?;
        let journal: Journal =
            serde_json::from_slice(&text).map_err(|_| bad("it cannot be read"))?;
        if journal.is_ours() { Ok(journal) } else { Err(bad("it is none of Quell's")) }
    }

    /// Which of its texts a file has.
    fn stands(&self, entry: &Entry) -> Result<Stands, PipelineError> {
        let relative = Path::new(&entry.path);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if entry.path.is_empty() || !plain {
            return Ok(Stands::Other);
        }
        let mut path = self.top.clone();
        for part in relative.components() {
            path.push(part);
            let about = fs::symlink_metadata(&path);
            if about.is_ok_and(|about| about.file_type().is_symlink()) {
                return Ok(Stands::Other);
            }
        }
        match fs::read(&path) {
            Ok(now) if now == entry.before.as_bytes() => Ok(Stands::Before),
            Ok(now) if hash(&now) == entry.after => Ok(Stands::After(path)),
            Ok(_) => Ok(Stands::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stands::Other),
            Err(error) => Err(cannot(&path, error)),
        }
    }

    /// Takes away what was written beside files and never moved.
    fn sweep(&self, journal: &Journal) {
        for (at, entry) in journal.files.iter().enumerate() {
            drop(fs::remove_file(self.top.join(&entry.path).with_file_name(journal.staged(at))));
        }
    }

    fn refused(&self, changed: &[&str]) -> PipelineError {
        PipelineError::Refused(format!(
            "a run before ended while it wrote, and `{}` changed since: put it right by hand, \
             then delete `{}`; nothing was written",
            changed.join("`, `"),
            self.journal().display()
        ))
    }
}

/// Which of its texts a file has.
enum Stands {
    Before,
    After(PathBuf),
    Other,
}

/// Whether an open file is the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number =
        |about: io::Result<fs::Metadata>| about.ok().map(|about| (about.dev(), about.ino()));
    let own = number(file.metadata());
    own.is_some() && own == number(fs::symlink_metadata(path))
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.is_file()
}

fn hash(text: &[u8]) -> String {
    blake3::hash(text).to_hex().to_string()
}
