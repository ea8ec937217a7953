//! The seeds: made-up inputs in `corpus/<target>/`, and earlier finds among them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use quell_sources::SOURCES;

use crate::check::{SAMPLES, sample};

/// What can be fuzzed besides the formats and the languages.
const READERS: &[&str] = &["captured", "codeowners", "inventory", "mapped", "maps"];

/// Those of them that read text, and no data.
const TEXTS: &[&str] = &["codeowners", "maps"];

/// Every target: the formats in their order, then the other readers and the languages.
#[must_use]
pub fn targets() -> Vec<&'static str> {
    let formats = SOURCES.iter().map(|source| source.id);
    let languages = SAMPLES.iter().map(|sample| sample.target);
    formats.chain(READERS.iter().copied()).chain(languages).collect()
}

/// Whether a target reads findings of a format, which go through the store.
#[must_use]
pub fn is_format(target: &str) -> bool {
    !READERS.contains(&target) && sample(target).is_none()
}

/// Whether a target reads text that is no data: code, and what is written by hand.
#[must_use]
pub fn is_text(target: &str) -> bool {
    TEXTS.contains(&target) || sample(target).is_some()
}

/// The folder of the seeds that come with the project.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The seeds of every target, in the order of their names.
///
/// # Errors
/// When a file cannot be read.
pub fn load(folder: &Path) -> Result<BTreeMap<String, Vec<Vec<u8>>>> {
    let mut seeds: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for path in files(folder)? {
        let target = path.parent().and_then(Path::file_name).unwrap_or_default();
        let text = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        seeds.entry(target.to_string_lossy().into_owned()).or_default().push(text);
    }
    Ok(seeds)
}

/// The files below a folder, sorted.
///
/// # Errors
/// When a folder cannot be listed.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let listing =
            fs::read_dir(&next).with_context(|| format!("cannot read `{}`", next.display()))?;
        for entry in listing {
            let path = entry?.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// A short name for a content.
#[must_use]
pub fn name_of(content: &[u8]) -> String {
    blake3::hash(content).to_hex().chars().take(12).collect()
}
