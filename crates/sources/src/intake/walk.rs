//! Files and folders given, in a fixed order, each member of a zip by itself.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Input;
use super::input::is_by_system;

/// Something that was named and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The path, as given or found.
    pub path: String,
    /// Why, and what to do.
    pub reason: String,
    /// Whether the system refused, so that it may be read another time.
    pub by_system: bool,
}

/// Lists every input below the paths, in the order given and sorted within folders. `-` is
/// stdin. A folder that is reached twice, through a link for example, is read once.
#[must_use]
pub fn walk(paths: &[PathBuf]) -> Vec<Result<Input, Unreadable>> {
    let mut walker = Walker::default();
    for path in paths {
        if path.as_os_str() == "-" {
            walker.found.push(Input::stdin());
        } else {
            walker.visit(path.clone());
        }
    }
    walker.found
}

#[derive(Default)]
struct Walker {
    found: Vec<Result<Input, Unreadable>>,
    folders: BTreeSet<PathBuf>,
}

impl Walker {
    fn visit(&mut self, path: PathBuf) {
        let mut waiting = vec![path];
        while let Some(path) = waiting.pop() {
            match fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => waiting.extend(self.folder(&path)),
                Ok(meta) if meta.is_file() => self.file(&path, meta.len()),
                Ok(_) => self.refuse(&path, "is neither a file nor a folder", false),
                Err(error) => self.unread(&path, &error),
            }
        }
    }

    fn refuse(&mut self, path: &Path, reason: &str, by_system: bool) {
        let path = path.display().to_string();
        let reason = format!("cannot be read: {reason}");
        self.found.push(Err(Unreadable { path, reason, by_system }));
    }

    fn unread(&mut self, path: &Path, error: &io::Error) {
        self.refuse(path, &error.to_string(), is_by_system(error));
    }

    /// What stands in a folder, last name first, since the stack turns the order round.
    fn folder(&mut self, path: &Path) -> Vec<PathBuf> {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) => {
                self.unread(path, &error);
                return Vec::new();
            }
        };
        if !self.folders.insert(real) {
            return Vec::new();
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.unread(path, &error);
                return Vec::new();
            }
        };
        let mut inside = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => inside.push(entry.path()),
                Err(error) => self.unread(path, &error),
            }
        }
        inside.sort_unstable_by(|a, b| b.cmp(a));
        inside
    }

    fn file(&mut self, path: &Path, size_bytes: u64) {
        if is_zip(path) {
            self.found.extend(Input::zip_members(path));
        } else {
            self.found.push(Ok(Input::file(path, size_bytes)));
        }
    }
}

/// Whether a file starts as a zip does. One that cannot be opened is found out when it is read.
fn is_zip(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06")
}
