//! What is wrong with a configuration, where, and what to do.

use std::fmt;

/// More are not listed.
const MOST_FAULTS: usize = 100;
/// Characters of a key that are shown.
const MOST_SHOWN: usize = 120;

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file.
    File {
        /// The file's path.
        path: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In a variable of the environment.
    Environment(String),
    /// On the command line.
    Flag(&'static str),
    /// Nowhere.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(out, "{path}:{line}:{column}"),
            Self::Environment(name) => write!(out, "{}", shown(name)),
            Self::Flag(flag) => out.write_str(flag),
            Self::Nowhere => out.write_str("configuration"),
        }
    }
}

/// One thing that is wrong, or that deserves a second look. It never holds a value that somebody
/// wrote: that could be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// The key with its table, or nothing where the text is not understood.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(out, "`{}` ", shown(&self.key))?;
        }
        write!(out, "{}", self.problem)?;
        if self.help.is_empty() { Ok(()) } else { write!(out, "; {}", self.help) }
    }
}

/// A name that a stranger may have chosen, fit for a terminal.
pub(crate) fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(MOST_SHOWN).flat_map(char::escape_debug).collect();
    if name.chars().nth(MOST_SHOWN).is_some() {
        text.push('…');
    }
    text
}

/// All that is wrong, in the order of the places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// Errors, the first hundred.
    pub errors: Vec<Fault>,
    /// What is not wrong and yet deserves a look.
    pub warnings: Vec<Fault>,
    /// Errors that are not listed.
    pub more: usize,
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.errors.iter().enumerate() {
            write!(out, "{}{fault}", if number == 0 { "" } else { "\n" })?;
        }
        if self.more > 0 { write!(out, "\nand {} more", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Faults {}

/// Gathers faults, a bounded number of them.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    more: usize,
}

impl Gathered {
    pub(crate) fn error(&mut self, fault: Fault) {
        if self.errors.len() < MOST_FAULTS {
            self.errors.push(fault);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn warning(&mut self, fault: Fault) {
        if self.warnings.len() < MOST_FAULTS {
            self.warnings.push(fault);
        }
    }

    pub(crate) const fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(crate) fn into_warnings(self) -> Vec<Fault> {
        self.warnings
    }

    pub(crate) fn finish(mut self) -> Faults {
        self.errors.sort();
        Faults { errors: self.errors, warnings: self.warnings, more: self.more }
    }
}
