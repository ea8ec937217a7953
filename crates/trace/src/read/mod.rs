//! State files and plans, read as a stream. Of each resource only hashes of what identifies it are
//! kept, with its address.

mod attributes;
mod lenient;
mod record;
mod show;
mod state;
mod top;

use std::io::{self, BufReader, Read};

use serde::de::DeserializeSeed;

pub(crate) use record::Made;
pub use record::Record;
use top::Top;

/// Longest file that is read.
pub const MOST_BYTES: u64 = 1 << 30;

/// What a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// A state file as Terraform and `OpenTofu` keep it.
    #[default]
    State,
    /// What `terraform show -json` prints of a state.
    ShownState,
    /// What `terraform show -json` prints of a plan.
    Plan,
}

impl Format {
    /// What people call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::State | Self::ShownState => "state",
            Self::Plan => "plan",
        }
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or not as it should be.
    #[error("it is no state file and no plan as JSON: {0}")]
    Json(String),
    /// Another version of state files.
    #[error(
        "it is a state file of version {0}; version 4 is read, which Terraform 0.12 and later and \
         OpenTofu write"
    )]
    Version(String),
    /// Another version of `terraform show -json`.
    #[error("its format version is {0}; versions 0 and 1 are read")]
    Shown(String),
    /// Neither.
    #[error("it has neither `resources` nor `values`, so it is no state file and no plan")]
    Neither,
    /// A plan as Terraform keeps it.
    #[error("it is a binary plan; `terraform show -json FILE` prints it as JSON")]
    Binary,
    /// A state that `OpenTofu` keeps encrypted.
    #[error("it is encrypted; `tofu state pull` prints it as JSON")]
    Encrypted,
    /// It is too long.
    #[error("it is longer than {} MiB", MOST_BYTES >> 20)]
    TooLong,
    /// It holds too much.
    #[error("it has more than {0} {1}")]
    TooMany(usize, &'static str),
    /// It cannot be read at all.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a state file or a plan. What it is is told by its content.
///
/// # Errors
/// When it is neither, of another version, too long, or holds too much.
pub fn read(input: impl Read) -> Result<Record, Unreadable> {
    read_at_most(input, MOST_BYTES)
}

fn read_at_most(input: impl Read, most: u64) -> Result<Record, Unreadable> {
    let mut capped = Capped { input, left: most, failed: None, begin: Vec::new(), over: false };
    let mut record = Record::default();
    let mut fault = None;
    let outcome = {
        let mut reader = serde_json::Deserializer::from_reader(BufReader::new(&mut capped));
        let top = Top { record: &mut record, fault: &mut fault };
        top.deserialize(&mut reader).and_then(|()| reader.end())
    };
    if let Some(error) = capped.failed {
        return Err(Unreadable::Io(error));
    }
    if capped.over {
        return Err(Unreadable::TooLong);
    }
    if capped.begin.starts_with(b"PK") {
        return Err(Unreadable::Binary);
    }
    if let Some(fault) = fault {
        return Err(fault);
    }
    outcome.map_err(|error| Unreadable::Json(error.to_string()))?;
    record.finished()
}

/// A reader that ends where a file gets too long, and remembers how it began.
struct Capped<R> {
    input: R,
    left: u64,
    over: bool,
    begin: Vec<u8>,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = match self.input.read(to) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.failed = Some(error);
                return Ok(0);
            }
        };
        if self.begin.len() < 2 {
            self.begin.extend(to.iter().take(count.min(2)));
        }
        let length = u64::try_from(count).unwrap_or(u64::MAX);
        if length > self.left {
            self.over = true;
            return Ok(0);
        }
        self.left -= length;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
