//! What other tools say of the files before and after, each run in a private folder.

mod process;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use quell_model::{ToolVerdict, Verification};

use super::FileChange;
use crate::PipelineError;

pub use tools::Tool;

/// Faults that are named in a sentence.
const MOST_NAMED: usize = 3;

/// What a tool finds at fault: file and rule, with how often.
type Faults = BTreeMap<(String, String), usize>;

/// What one tool says of all changes together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    verification: Verification,
    /// Faults that were not there before; the file is empty where the tool names none.
    new: Vec<(String, String)>,
}

impl Said {
    /// What it says of a fix that changes these files.
    pub(super) fn of(&self, files: &BTreeSet<&str>) -> Verification {
        let named = |file: &str| {
            let ends = |path: &&str| file == *path || file.ends_with(&format!("/{path}"));
            file.is_empty() || files.iter().any(ends)
        };
        let own: Vec<&str> = self
            .new
            .iter()
            .filter(|(file, _)| named(file))
            .map(|(_, what)| what.as_str())
            .collect();
        if own.is_empty() {
            let failed = self.verification.verdict == ToolVerdict::Failed;
            let verdict = if failed { ToolVerdict::Passed } else { self.verification.verdict };
            return Verification { verdict, ..self.verification.clone() };
        }
        let more = own.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = own.get(..MOST_NAMED.min(own.len())).unwrap_or_default().join("; ");
        let detail = format!("new after the change: {named}{more}");
        Verification { verdict: ToolVerdict::Failed, detail, ..self.verification.clone() }
    }
}

/// Runs tools on the files as they are and as they would be.
pub(super) fn verify(
    tools: &[Tool],
    read: &BTreeMap<String, String>,
    changes: &[FileChange],
) -> Result<Vec<Said>, PipelineError> {
    let cannot =
        |path: &Path, source| PipelineError::Unwritten { path: path.display().to_string(), source };
    let private = tempfile::tempdir().map_err(|e| cannot(Path::new("temporary files"), e))?;
    let (before, after) = (private.path().join("before"), private.path().join("after"));
    for (folder, changed) in [(&before, false), (&after, true)] {
        for (path, text) in read {
            let new = changes.iter().find(|change| changed && change.path == *path);
            let text = new.map_or(text, |change| &change.after);
            put(folder, path, text).map_err(|e| cannot(&folder.join(path), e))?;
        }
    }
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    Ok(tools.iter().map(|tool| said(*tool, (&before, &after), &paths)).collect())
}

fn put(folder: &Path, path: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// What one tool finds in both folders, compared.
fn said(tool: Tool, (before, after): (&Path, &Path), paths: &[&str]) -> Said {
    let version = tool.version(before);
    let of = |verdict, detail, new| {
        let name = tool.name().to_owned();
        let version = version.clone().ok();
        Said { verification: Verification { tool: name, version, verdict, detail }, new }
    };
    if let Err(reason) = &version {
        return of(ToolVerdict::NotRun, reason.clone(), Vec::new());
    }
    if !paths.iter().any(|path| tool.reads(path)) {
        let detail = "no file of a kind that it reads changes".to_owned();
        return of(ToolVerdict::NotRun, detail, Vec::new());
    }
    match (tool.faults(before, paths), tool.faults(after, paths)) {
        (Ok(old), Ok(now)) => {
            let count = |faults: &Faults| faults.values().sum::<usize>();
            let (was, is) = (count(&old), count(&now));
            let new = newly(&old, &now);
            let detail = format!("{was} at fault before, {is} after, {} new", new.len());
            let verdict = if new.is_empty() { ToolVerdict::Passed } else { ToolVerdict::Failed };
            of(verdict, detail, new)
        }
        (Err(reason), _) => of(ToolVerdict::NotRun, reason, Vec::new()),
        (Ok(_), Err(reason)) => {
            of(ToolVerdict::NotRun, format!("after the change {reason}"), Vec::new())
        }
    }
}

/// Faults that are there more often than before: file and sentence.
fn newly(old: &Faults, now: &Faults) -> Vec<(String, String)> {
    let more = now.iter().filter(|(fault, count)| old.get(*fault).is_none_or(|was| was < *count));
    more.map(|((file, what), _)| (file.clone(), format!("{what} in {file}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(list: &[(&str, &str, usize)]) -> Faults {
        list.iter().map(|(file, what, n)| (((*file).into(), (*what).into()), *n)).collect()
    }

    #[test]
    fn only_what_was_not_there_before_speaks_against_a_fix() {
        let old = faults(&[("a.tf", "X", 2), ("b.tf", "Y", 1)]);
        assert_eq!(newly(&old, &faults(&[("a.tf", "X", 2)])), []);
        let new = newly(&old, &faults(&[("a.tf", "X", 3), ("b.tf", "Z", 1)]));
        assert_eq!(new, [("a.tf".into(), "X in a.tf".into()), ("b.tf".into(), "Z in b.tf".into())]);
        let verification = Verification {
            tool: "t".into(),
            version: None,
            verdict: ToolVerdict::Failed,
            detail: String::new(),
        };
        let said = Said { verification, new };
        assert_eq!(said.of(&["a.tf"].into()).verdict, ToolVerdict::Failed);
        assert_eq!(said.of(&["c.tf"].into()).verdict, ToolVerdict::Passed);
    }

    #[test]
    fn a_tool_that_is_missing_is_not_run_and_never_passed() {
        let said = said(Tool::Missing, (Path::new("/"), Path::new("/")), &["a.tf"]);
        let one = said.of(&["a.tf"].into());
        assert_eq!(one.verdict, ToolVerdict::NotRun);
        assert!(one.detail.contains("not on the PATH"), "{}", one.detail);
    }
}
