//! What the code of a repository makes, as far as its text says: the blocks with their names and
//! tags, the calls of modules, and the outputs that give what a block makes.

use std::collections::BTreeMap;

use crate::code::Place;

/// A block, an object or a resource of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Making {
    /// Where it stands.
    pub place: Place,
    /// Its first line, from 1.
    pub line: u32,
    /// What it makes (`aws_s3_bucket`, `Deployment`, `AWS::S3::Bucket`).
    pub kind: String,
    /// Every name that it gives, with variables and loops followed.
    pub names: Vec<String>,
    /// Beginnings of names to which the provider adds an ending.
    pub prefixes: Vec<String>,
    /// Its tags, as far as they are known.
    pub tags: BTreeMap<String, String>,
    /// The namespace of an object, where it names one.
    pub namespace: Option<String>,
}

/// A call of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    /// Where it stands.
    pub place: Place,
    /// Its first line, from 1.
    pub line: u32,
    /// The name of the call.
    pub name: String,
    /// Where the module comes from, as it is written.
    pub source: String,
    /// The folder of the module, where it stands in the repository.
    pub folder: Option<String>,
}

/// An output of a module that gives the id of what a block makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giving {
    /// The folder of the module.
    pub folder: String,
    /// The output's name.
    pub name: String,
    /// The folder of the block.
    pub of_folder: String,
    /// The block's address there.
    pub of: String,
}

/// What the code makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Blocks, objects and resources, in the order of the files.
    pub made: Vec<Making>,
    /// Calls of modules.
    pub calls: Vec<Calling>,
    /// Outputs.
    pub given: Vec<Giving>,
}

impl Inventory {
    /// Takes in what another has.
    pub(crate) fn extend(&mut self, other: Self) {
        let Self { made, calls, given } = other;
        self.made.extend(made);
        self.calls.extend(calls);
        self.given.extend(given);
    }
}

/// Counts lines up to places that mostly come in order.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    /// Begins at the top of a text.
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a byte, from 1.
    pub(crate) fn of(&mut self, at: usize) -> u32 {
        if at < self.at {
            (self.at, self.line) = (0, 1);
        }
        let between = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        let passed = between.iter().filter(|byte| **byte == b'\n').count();
        self.at = at.max(self.at);
        self.line = self.line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.line
    }
}
