//! Fixes for open issues, made in a Terraform repository that is only read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quell_catalog::{Catalog, Language};
use quell_model::{Fix, FixState, Provider};
use quell_remediate::{Engine, Repository, Target};
use quell_store::Store;

use crate::PipelineError;
use crate::assess::members;
use crate::report::{Open, stored_issue};

/// Longest file that is read; Terraform files are far shorter.
const MOST_FILE_BYTES: u64 = 4 << 20;
/// Most files that are read.
const MOST_FILES: usize = 20_000;

/// Proposes a fix for every open issue whose control has a recipe and whose block is found.
/// One change that closes several issues is one fix.
pub(crate) fn propose<'o>(
    store: &Store,
    catalog: &Catalog,
    open: impl Iterator<Item = &'o Open>,
    folder: &Path,
) -> Result<Vec<Fix>, PipelineError> {
    let repository = Repository::parse(read_repository(folder)?);
    let controls: Vec<_> = catalog.controls().collect();
    let engine = Engine::new(&controls);
    let mut fixes: BTreeMap<String, Fix> = BTreeMap::new();
    for Open { row, control, .. } in open {
        let control = control.as_deref().and_then(|id| catalog.control(id));
        let has_recipe =
            |c: &&quell_catalog::Control| c.fixes.iter().any(|f| f.language == Language::Terraform);
        let Some(control) = control.filter(has_recipe) else { continue };
        let Some(issue) = stored_issue(store, *row)? else { continue };
        let members = members(store, *row)?;
        let location = members.iter().find_map(|m| m.finding.location.as_deref());
        let target = Target::new(&issue.asset, location);
        let fix = engine.propose(&repository, &target, control, vec![issue.key]);
        // An asset that no block here makes is no fix that somebody has to decide on.
        let is_code = issue.asset.id.provider == Provider::Iac;
        if matches!(fix.state, FixState::Withheld(_)) && fix.address.is_empty() && !is_code {
            continue;
        }
        match fixes.get_mut(&fix.id) {
            Some(known) => known.closes.push(issue.key),
            None => {
                fixes.insert(fix.id.clone(), fix);
            }
        }
    }
    let mut fixes: Vec<Fix> = fixes.into_values().collect();
    fixes.sort_by(|a, b| (&a.file, &a.address, &a.id).cmp(&(&b.file, &b.address, &b.id)));
    Ok(fixes)
}

/// The Terraform files and state files below a folder, with paths below it.
fn read_repository(folder: &Path) -> Result<Vec<(String, String)>, PipelineError> {
    let refuse = |path: &Path, source| PipelineError::Repository {
        path: path.display().to_string(),
        source,
    };
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let entries = fs::read_dir(&next).map_err(|e| refuse(&next, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| refuse(&next, e))?;
            let kind = entry.file_type().map_err(|e| refuse(&next, e))?;
            let path = entry.path();
            // Links are not followed: they may leave the repository.
            if kind.is_dir() && !is_hidden(&path) {
                waiting.push(path);
            } else if kind.is_file() && is_read(&path) && files.len() < MOST_FILES {
                files.extend(read_file(folder, &path));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_read(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "tf" || e == "tfvars" || e == "tfstate")
}

/// A file's text; one that is too long or no text has no block to fix.
fn read_file(folder: &Path, path: &PathBuf) -> Option<(String, String)> {
    if fs::metadata(path).ok()?.len() > MOST_FILE_BYTES {
        return None;
    }
    let below = path.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
    Some((below, fs::read_to_string(path).ok()?))
}
