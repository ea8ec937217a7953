//! The state files and plans of a repository together.

use crate::Record;
use crate::read::Format;
use crate::signs::{Mark, Sign};

/// A file with what it tells.
#[derive(Debug)]
pub(crate) struct Source {
    /// What people call the file.
    pub(crate) name: String,
    /// The folder of its root module below the repository, where that is known.
    pub(crate) folder: Option<String>,
    pub(crate) record: Record,
}

impl Source {
    /// Whether it is an older version of the same state.
    fn is_older(&self, other: &Self) -> bool {
        let (own, its) = (&self.record, &other.record);
        let same = own.format() == Format::State
            && its.format() == Format::State
            && !own.lineage.is_empty()
            && own.lineage == its.lineage;
        same && own.serial < its.serial
    }
}

/// All state files and plans.
#[derive(Debug, Default)]
pub struct Ledger {
    sources: Vec<Source>,
}

impl Ledger {
    /// Takes in a file. `folder` is that of its root module, where it is known. Of several
    /// versions of one state the newest counts.
    pub fn add(&mut self, name: String, folder: Option<String>, record: Record) {
        let new = Source { name, folder, record };
        if self.sources.iter().any(|known| new.is_older(known)) {
            return;
        }
        self.sources.retain(|known| !known.is_older(&new));
        self.sources.push(new);
    }

    /// How many files count.
    #[must_use]
    pub fn files(&self) -> usize {
        self.sources.len()
    }

    /// How many things they tell of.
    #[must_use]
    pub fn things(&self) -> usize {
        self.sources.iter().map(|source| source.record.things()).sum()
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// Whether any file tells of a thing with such a sign.
    pub(crate) fn knows(&self, sign: Sign, mark: Mark) -> bool {
        self.sources.iter().any(|source| source.record.bearing(sign, mark).next().is_some())
    }
}
