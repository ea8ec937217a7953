//! The policies that a proved fix has to pass.

use std::fs;
use std::path::{Path, PathBuf};

use quell_model::{Fix, FixState, Proof, ProofCheck, Verdict};
use quell_policy::Policies;

use crate::PipelineError;

/// Longest policy that is read; longer ones are refused by length.
const MOST_BYTES: u64 = 1 << 20;
/// Most policies of a user.
const MOST_FILES: usize = 500;

/// The policies that come with Quell, and those of these folders and files.
pub(super) fn load(paths: &[PathBuf]) -> Result<Policies, PipelineError> {
    let mut texts = Vec::new();
    for path in paths {
        for file in files(path)? {
            texts.push((file.display().to_string(), read(&file)?));
        }
    }
    if texts.len() > MOST_FILES {
        return refused(format!("there are more than {MOST_FILES} policies"));
    }
    Policies::new(texts).map_err(|error| PipelineError::Refused(error.to_string()))
}

/// A file itself, or the policies that stand in a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, PipelineError> {
    let shown = path.display();
    if path.is_file() {
        let is_policy = path.extension().is_some_and(|end| end == "rego");
        return match is_policy {
            true => Ok(vec![path.to_owned()]),
            false => refused(format!("`{shown}` is no policy (`*.rego`)")),
        };
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return refused(format!("cannot read the policies of `{shown}`: {error}")),
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_policy = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        path.is_file() && name.ends_with(".rego") && !name.ends_with("_test.rego")
    };
    let mut found: Vec<PathBuf> = paths.filter(is_policy).collect();
    found.sort();
    if found.is_empty() {
        return refused(format!("there is no policy (`*.rego`) in `{shown}`"));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, PipelineError> {
    let shown = path.display();
    match fs::metadata(path).map(|about| about.len()) {
        Ok(length) if length > MOST_BYTES => return refused(format!("`{shown}` is too long")),
        Ok(_) | Err(_) => {}
    }
    fs::read_to_string(path)
        .or_else(|error| refused(format!("cannot read the policy `{shown}`: {error}")))
}

fn refused<T>(text: String) -> Result<T, PipelineError> {
    Err(PipelineError::Refused(text))
}

/// The same fix with what the policies say of it in its proof; withheld where one refuses it.
pub(super) fn judged(mut fix: Fix, policies: &Policies) -> Fix {
    if fix.state != FixState::Proved {
        return fix;
    }
    let refusals = policies.refusals(&fix);
    let said: Vec<String> =
        refusals.iter().map(|one| format!("{} ({})", one.message, one.package)).collect();
    let (verdict, detail) = match said.is_empty() {
        true => (Verdict::Passed, format!("{} policies accept it", policies.count())),
        false => (Verdict::Failed, format!("a policy refuses it: {}", said.join("; "))),
    };
    if verdict == Verdict::Failed {
        fix.state = FixState::Withheld(detail.clone());
        fix.safety = fix.grade();
    }
    fix.proof.push(Proof { check: ProofCheck::PoliciesAccept, verdict, detail });
    fix
}
