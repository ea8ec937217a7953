//! The user's own `git`, asked without running anything that a repository may bring along.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::PipelineError;

/// Most of what git says that is shown.
const MOST_SAID: usize = 400;

/// A checkout that git knows.
#[derive(Debug)]
pub(crate) struct Git {
    root: PathBuf,
    /// An empty folder: where hooks are looked for.
    no_hooks: tempfile::TempDir,
    /// The folder's own path below the top of the checkout, with a slash at its end.
    prefix: String,
    /// The commit that is checked out.
    pub(crate) head: String,
}

/// What the last commit has of a file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Committed {
    /// The same bytes.
    Same,
    /// The same lines, which git keeps with Unix line ends.
    UnixLines,
    /// Other bytes.
    Other,
    /// No such file; git does not ignore it.
    Nothing,
    /// No such file; git ignores it.
    Ignored,
}

/// What the last commit has of a file, and its mode there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) committed: Committed,
    pub(crate) mode: String,
}

impl Git {
    /// The checkout that a folder belongs to; none where it belongs to none, or git is missing.
    pub(crate) fn open(root: &Path) -> Result<Option<Self>, PipelineError> {
        let no_hooks = tempfile::tempdir().map_err(|source| PipelineError::Unwritten {
            path: "the folder for temporary files".into(),
            source,
        })?;
        let mut git =
            Self { root: root.to_owned(), no_hooks, prefix: String::new(), head: String::new() };
        let Ok(inside) = git.ask(&["rev-parse", "--is-inside-work-tree"]) else { return Ok(None) };
        if inside.trim() != "true" {
            return Ok(None);
        }
        git.prefix = git.ask(&["rev-parse", "--show-prefix"])?.trim_end_matches('\n').to_owned();
        let head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
        git.head = head.map(|text| text.trim().to_owned()).unwrap_or_default();
        Ok(Some(git))
    }

    /// The path from the top of the checkout.
    pub(crate) fn whole(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Whether a reference is there.
    pub(crate) fn has(&self, reference: &str) -> bool {
        self.ask(&["rev-parse", "--verify", "--quiet", reference]).is_ok()
    }

    /// What git prints.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<String, PipelineError> {
        let bytes = self.run(arguments, &[])?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs git with an input.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, PipelineError> {
        self.run_with(arguments, |file| file.write_all(input))
    }

    /// Runs git with an input that may be long.
    pub(crate) fn run_with(
        &self,
        arguments: &[&str],
        input: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Vec<u8>, PipelineError> {
        let what = arguments.first().copied().unwrap_or_default();
        let cannot = |said: String| PipelineError::Git { what: what.to_owned(), said };
        // A file as input cannot block, however much git prints before it has read all of it.
        let file = as_file(input).map_err(|e| cannot(e.to_string()))?;
        let output = self
            .command(arguments)
            .stdin(Stdio::from(file))
            .output()
            .map_err(|e| cannot(e.to_string()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(cannot(said.chars().take(MOST_SAID).collect()))
    }

    /// A repository's own settings may name programs: hooks, a watcher of files, a remote to
    /// fetch missing objects from. None of them is run.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        let hooks = format!("core.hooksPath={}", self.no_hooks.path().display());
        command
            .current_dir(&self.root)
            .args(["-c", &hooks, "-c", "core.fsmonitor=false"])
            .args(arguments)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
            command.env_remove(name);
        }
        command
    }

    /// What the last commit has of files that were read, by path.
    pub(crate) fn tracked(
        &self,
        read: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Tracked>, PipelineError> {
        let listed = if self.head.is_empty() { BTreeMap::new() } else { self.listed()? };
        let mut found = BTreeMap::new();
        let mut asked = Vec::new();
        for (path, text) in read {
            match listed.get(path) {
                Some((mode, blob)) => asked.push((path, text, mode, blob)),
                None => {
                    let none = Tracked { committed: Committed::Nothing, mode: String::new() };
                    found.insert(path.clone(), none);
                }
            }
        }
        let names: String = asked.iter().map(|(_, _, _, blob)| format!("{blob}\n")).collect();
        let answer = self.run(&["cat-file", "--batch"], names.as_bytes())?;
        let mut rest = answer.as_slice();
        for (path, text, mode, _) in asked {
            let (blob, after) = one_blob(rest).ok_or_else(|| PipelineError::Git {
                what: "cat-file".into(),
                said: format!("`{path}` is not among the objects of the repository"),
            })?;
            rest = after;
            let committed = compare(blob, text);
            found.insert(path.clone(), Tracked { committed, mode: mode.clone() });
        }
        for path in self.ignored(&found)? {
            if let Some(tracked) = found.get_mut(&path) {
                tracked.committed = Committed::Ignored;
            }
        }
        Ok(found)
    }

    /// Mode and object of every file of the last commit below the folder.
    fn listed(&self) -> Result<BTreeMap<String, (String, String)>, PipelineError> {
        let listing = self.ask(&["ls-tree", "-r", "-z", &self.head])?;
        let entries = listing.split('\0').filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            let mut words = about.split(' ');
            let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
            let is_file = kind == "blob" && mode.starts_with("100");
            is_file.then(|| (path.to_owned(), (mode.to_owned(), object.to_owned())))
        });
        Ok(entries.collect())
    }

    /// Files that are not committed and that git ignores.
    fn ignored(
        &self,
        found: &BTreeMap<String, Tracked>,
    ) -> Result<BTreeSet<String>, PipelineError> {
        let missing = found.iter().filter(|(_, t)| t.committed == Committed::Nothing);
        let names: String = missing.map(|(path, _)| format!("{path}\0")).collect();
        if names.is_empty() {
            return Ok(BTreeSet::new());
        }
        // It ends with 1 where it ignores none of them.
        let answer = self.run(&["check-ignore", "-z", "--stdin"], names.as_bytes());
        let answer = answer.unwrap_or_default();
        Ok(String::from_utf8_lossy(&answer).split('\0').map(str::to_owned).collect())
    }
}

fn as_file(input: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<std::fs::File> {
    let mut out = BufWriter::new(tempfile::tempfile()?);
    input(&mut out)?;
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// The first object of what `cat-file --batch` prints, and what follows it.
fn one_blob(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(text.get(..end)?).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let start = end + 1;
    let blob = text.get(start..start.checked_add(size)?)?;
    Some((blob, text.get(start + size + 1..)?))
}

fn compare(blob: &[u8], text: &str) -> Committed {
    if blob == text.as_bytes() {
        Committed::Same
    } else if text.contains("\r\n") && blob == text.replace("\r\n", "\n").as_bytes() {
        Committed::UnixLines
    } else {
        Committed::Other
    }
}
