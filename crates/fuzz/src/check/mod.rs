//! What must be true of every input.

mod code;
mod expected;
mod maps;
mod owners;
mod pages;
mod read;
mod run;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use quell_pipeline::{Setup, SetupError};

pub use code::{SAMPLES, Sample, sample};
pub use pages::Pages;
pub use run::run_all;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which rule is broken.
    pub rule: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }

    /// The fault without numbers and quoted text, so that one cause is told once.
    #[must_use]
    pub fn cause(&self) -> String {
        format!("{}: {}", self.rule, bare(&self.detail).chars().take(120).collect::<String>())
    }
}

/// What came of an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records and rejects, in all.
    pub items: usize,
    /// Rejects among them.
    pub rejects: usize,
    /// What kinds of outcome there were.
    pub traits: BTreeSet<String>,
}

/// What all checks share.
#[derive(Debug)]
pub struct Bench {
    /// A folder for the input that is being read.
    pub(crate) folder: tempfile::TempDir,
    pub(crate) setup: Setup,
}

impl Bench {
    /// A bench with a folder of its own: in memory where the system has such a place, since many
    /// small databases are written.
    ///
    /// # Errors
    /// When the folder cannot be made or the catalogue read.
    pub fn new() -> Result<Self, anyhow::Error> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let setup = Setup::embedded(None).map_err(|error: SetupError| anyhow::anyhow!(error))?;
        Ok(Self { folder, setup })
    }

    /// The input that was written last, for what is found out too late.
    #[must_use]
    pub fn last_input(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("input")).unwrap_or_default()
    }

    /// Checks one input of a target; a panic is a fault.
    ///
    /// # Errors
    /// What is broken.
    pub fn check(&self, target: &str, input: &[u8]) -> Result<Seen, Fault> {
        let code = sample(target);
        if code.is_some() || ["codeowners", "inventory", "maps"].contains(&target) {
            // The others are read from this file.
            std::fs::write(self.folder.path().join("input"), input)
                .map_err(|e| Fault::new("the bench works", e.to_string()))?;
        }
        guarded(|| match (target, code) {
            (_, Some(sample)) => code::check(self.setup.catalog(), sample, input),
            ("codeowners", None) => owners::code(input),
            ("inventory", None) => owners::inventory(input),
            ("maps", None) => maps::check(self, input),
            (_, None) => read::check(self, target, input),
        })
    }
}

/// Where the last panic was.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps the place of a panic instead of printing it.
pub fn keep_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if let Ok(mut last) = PANIC.lock() {
            *last = format!("{place}: {}", info.payload_as_str().unwrap_or_default());
        }
    }));
}

/// Runs a check; a panic in it is a fault.
pub(crate) fn guarded<T>(check: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| {
        let last = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
        Err(Fault::new("no panic", last))
    })
}

/// A sentence without its numbers and quoted parts.
pub(crate) fn bare(sentence: &str) -> String {
    let unquoted = sentence.split('`').step_by(2).collect::<String>();
    let mut out: String = unquoted
        .chars()
        .filter(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '.' | '/'))
        .collect();
    out.truncate(160);
    out
}
