//! Answers in a file: what was paid for once can be scored as often as one likes.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use quell_analyst::trial::Asked;
use serde::{Deserialize, Serialize};

/// The version of the file.
const VERSION: u32 = 1;
/// Longest file that is read.
const MOST_BYTES: u64 = 256 << 20;

/// Answers of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    quell_answers: u32,
    /// One for each task.
    pub(super) runs: Vec<Run>,
}

/// Answers of a provider to the cases of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// The task.
    pub(super) task: String,
    /// Its version.
    pub(super) version: u32,
    /// The provider, by its name in the configuration.
    pub(super) provider: String,
    /// The model, by its name there.
    pub(super) model: String,
    /// The answers.
    pub(super) answers: Vec<Asked>,
}

impl Kept {
    pub(super) const fn new(runs: Vec<Run>) -> Self {
        Self { quell_answers: VERSION, runs }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or holds no answers; as a sentence.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("`{}`: {why}", path.display());
        let bytes = fs::metadata(path).map_err(|error| wrong(&error))?.len();
        if bytes > MOST_BYTES {
            return Err(wrong(&"it is longer than any answers"));
        }
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let kept: Self = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        if kept.quell_answers != VERSION {
            return Err(wrong(&"another version of Quell wrote it; ask the cases again"));
        }
        Ok(kept)
    }

    /// Makes the file before anybody is asked, so that no answer is paid for and lost.
    ///
    /// # Errors
    /// It is there already, or cannot be made; as a sentence.
    pub(super) fn make(path: &Path) -> Result<File, String> {
        let made = File::options().write(true).create_new(true).open(path);
        made.map_err(|error| format!("`{}` cannot be made: {error}", path.display()))
    }

    /// Writes it.
    ///
    /// # Errors
    /// The disk refuses.
    pub(super) fn write(&self, file: File) -> std::io::Result<()> {
        let mut out = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}
