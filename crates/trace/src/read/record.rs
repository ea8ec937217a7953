//! What was read of one file.

use super::{Format, Unreadable};
use crate::signs::{Identity, Mark, Sign, id_marks};
use quell_model::Hints;

/// Most resources of one file.
const MOST_MADE: usize = 1_000_000;
/// Most outputs of one file.
const MOST_OUTPUTS: usize = 100_000;
/// Most sensitive or other words of an address that are kept.
const MOST_ADDRESS: usize = 2048;

/// What a state file or a plan tells, without any of its values.
#[derive(Debug, Default)]
pub struct Record {
    pub(super) format: Format,
    /// Whether the file has what makes it a state or a plan.
    pub(super) is_known: bool,
    /// How often the state was written.
    pub(crate) serial: u64,
    /// The same for all versions of one state.
    pub(crate) lineage: String,
    /// Addresses without indexes, and the indexes of the thing.
    made: Vec<(u32, Option<Box<str>>)>,
    addresses: Vec<Box<str>>,
    signs: Vec<(Sign, Mark, u32)>,
    /// Names of outputs, and the mark of each value.
    outputs: Vec<(Mark, Box<str>)>,
}

/// A thing that a file tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made<'r> {
    /// Its address; the index of the last part may be missing.
    pub(crate) address: &'r str,
    /// That index, as it is written.
    pub(crate) index: Option<&'r str>,
}

impl Made<'_> {
    /// The whole address.
    pub(crate) fn whole(&self) -> String {
        format!("{}{}", self.address, self.index.unwrap_or_default())
    }
}

impl Record {
    /// What the file is.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// How many things it tells of by which one can be found.
    #[must_use]
    pub fn things(&self) -> usize {
        self.made.len()
    }

    /// The things that bear a sign.
    pub(crate) fn bearing(&self, sign: Sign, mark: Mark) -> impl Iterator<Item = Made<'_>> {
        let from = self.signs.partition_point(|(s, m, _)| (*s, *m) < (sign, mark));
        let rest = self.signs.get(from..).unwrap_or_default().iter();
        let own = rest.take_while(move |(s, m, _)| (*s, *m) == (sign, mark));
        own.filter_map(|(_, _, thing)| {
            let (address, index) = self.made.get(usize::try_from(*thing).ok()?)?;
            let address = self.addresses.get(usize::try_from(*address).ok()?)?;
            Some(Made { address, index: index.as_deref() })
        })
    }

    /// The outputs whose value has a mark.
    pub(crate) fn giving(&self, mark: Mark) -> impl Iterator<Item = &str> {
        let from = self.outputs.partition_point(|(own, _)| *own < mark);
        let rest = self.outputs.get(from..).unwrap_or_default().iter();
        rest.take_while(move |(own, _)| *own == mark).map(|(_, name)| &**name)
    }

    /// Takes the things of one address.
    pub(super) fn take(
        &mut self,
        address: &str,
        kind: &str,
        things: impl Iterator<Item = (Option<String>, Identity)>,
    ) -> Result<(), Unreadable> {
        if address.len() > MOST_ADDRESS {
            return Ok(());
        }
        let mut own = None;
        for (index, identity) in things {
            let marks = identity.marks(kind);
            if marks.is_empty() {
                continue;
            }
            if self.made.len() >= MOST_MADE {
                return Err(Unreadable::TooMany(MOST_MADE, "resources"));
            }
            let address = *own.get_or_insert_with(|| {
                self.addresses.push(address.into());
                u32::try_from(self.addresses.len() - 1).unwrap_or(u32::MAX)
            });
            let thing = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
            let index = index.filter(|index| index.len() <= MOST_ADDRESS);
            self.made.push((address, index.map(Into::into)));
            self.signs.extend(marks.into_iter().map(|(sign, mark)| (sign, mark, thing)));
        }
        Ok(())
    }

    /// Takes an output whose value is a text and not sensitive.
    pub(super) fn take_output(&mut self, name: &str, value: &str) -> Result<(), Unreadable> {
        if self.outputs.len() >= MOST_OUTPUTS {
            return Err(Unreadable::TooMany(MOST_OUTPUTS, "outputs"));
        }
        for mark in id_marks(value, &Hints::default()) {
            self.outputs.push((mark, name.into()));
        }
        Ok(())
    }

    /// The record once the whole file was read.
    pub(super) fn finished(mut self) -> Result<Self, Unreadable> {
        if !self.is_known {
            return Err(Unreadable::Neither);
        }
        // A thing may be told of in two parts of a plan.
        self.signs.sort_unstable();
        self.outputs.sort_unstable();
        self.outputs.dedup();
        Ok(self)
    }
}
