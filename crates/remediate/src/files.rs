//! Files by their path, each with its text and what was read of it: the store that languages
//! whose files are read one by one have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code::Files;

/// How a language reads one file, given its path and text.
pub(crate) type Reader<T> = fn(&str, &str) -> Result<T, String>;

/// Files by path. A clone shares what was read.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    files: BTreeMap<String, Arc<Read<T>>>,
    reader: Reader<T>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// Its text, byte for byte.
    pub(crate) text: String,
    /// What it says, or why it cannot be read.
    pub(crate) parsed: Result<T, String>,
}

// A derived `Clone` would ask that `T` has one.
impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Self { files: self.files.clone(), reader: self.reader }
    }
}

impl<T> Shelf<T> {
    /// Reads all files.
    pub(crate) fn new(files: Files, reader: Reader<T>) -> Self {
        let read = |(path, text): (String, String)| {
            let file = Read { parsed: reader(&path, &text), text };
            (path, Arc::new(file))
        };
        Self { files: files.into_iter().map(read).collect(), reader }
    }

    /// The same with another text in one file.
    pub(crate) fn with(&self, path: &str, text: String) -> Self {
        let mut changed = self.clone();
        let file = Read { parsed: (self.reader)(path, &text), text };
        changed.files.insert(path.to_owned(), Arc::new(file));
        changed
    }

    /// The file at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&Read<T>> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// What the file at a path says, with its text; none where it cannot be read.
    pub(crate) fn get(&self, path: &str) -> Option<(&str, &T)> {
        let file = self.file(path)?;
        Some((&file.text, file.parsed.as_ref().ok()?))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.file(path).map(|file| file.text.as_str())
    }

    /// The paths, in order.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// Why a file cannot be read; none where it can.
    pub(crate) fn fault(&self, path: &str) -> Option<&str> {
        self.file(path)?.parsed.as_ref().err().map(String::as_str)
    }

    /// Every file that can be read, with its path, in order.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &T)> {
        self.files
            .iter()
            .filter_map(|(path, file)| Some((path.as_str(), file.parsed.as_ref().ok()?)))
    }

    /// Every text, in the order of paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.values().map(|file| file.text.as_str())
    }
}
