//! What no lint sees: file sizes, opening doc lines, and fixtures without secrets.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Longest file, tests included.
const MOST_LINES: usize = 800;

/// Shapes of real credentials that must not stand in a fixture. The documented AWS example key
/// is fine.
const SECRETS: &[&str] =
    &["-----BEGIN RSA PRIVATE", "-----BEGIN OPENSSH PRIVATE", "ghp_", "xoxb-", "AKIA"];
const EXAMPLES: &[&str] = &["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"];

/// Checks the whole tree.
pub(crate) fn check() -> Result<()> {
    let mut faults = Vec::new();
    for root in ["crates", "xtask", "content", "docs"] {
        for path in files(Path::new(root))? {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            faults.extend(file_faults(&path, &text));
        }
    }
    if !faults.is_empty() {
        bail!("the tree is not tidy:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

fn file_faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = path.display();
    if path.extension().is_some_and(|e| e == "rs") {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!("{name} has {lines} lines, more than {MOST_LINES}"));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{name} does not open with a `//!` line"));
        }
    }
    if name.to_string().ends_with("xtask/src/tidy.rs") {
        return faults;
    }
    let cleaned = EXAMPLES.iter().fold(text.to_owned(), |text, example| text.replace(example, ""));
    for secret in SECRETS.iter().filter(|s| cleaned.contains(**s)) {
        faults.push(format!("{name} holds what looks like a credential (`{secret}…`)"));
    }
    faults
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        if !next.exists() {
            continue;
        }
        for entry in
            fs::read_dir(&next).with_context(|| format!("cannot read `{}`", next.display()))?
        {
            let path = entry?.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_without_a_doc_line_has_two_faults() {
        let text = "fn x() {}\n".repeat(MOST_LINES + 1);
        assert_eq!(file_faults(Path::new("a.rs"), &text).len(), 2);
        assert!(file_faults(Path::new("a.rs"), "//! Doc.\n").is_empty());
    }

    #[test]
    fn example_keys_are_fine_and_others_are_not() {
        assert!(file_faults(Path::new("a.json"), "AKIAIOSFODNN7EXAMPLE").is_empty());
        assert_eq!(file_faults(Path::new("a.json"), "ghp_x").len(), 1);
    }
}
