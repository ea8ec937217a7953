//! State files and plans on disk: those of the repository, and those that a person names.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use quell_trace::{Format, Ledger, MOST_BYTES, read};

use crate::PipelineError;
use crate::fixes::checkout::Checkout;

/// A state file or a plan as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateFile {
    /// The file.
    pub path: PathBuf,
    /// The folder of its root module below the repository; where it is not said, that of the file,
    /// if the repository has it and code stands there.
    pub folder: Option<String>,
}

impl StateFile {
    /// Reads `FILE` or `DIR=FILE`, where `DIR` is a folder of the repository.
    #[must_use]
    pub fn parse(text: &str, repository: &Path) -> Self {
        if let Some((folder, path)) = text.split_once('=')
            && repository.join(folder).is_dir()
        {
            let folder = folder.replace('\\', "/");
            let folder = folder.trim_start_matches("./").trim_matches('/');
            let folder = if folder == "." { "" } else { folder };
            return Self { path: path.into(), folder: Some(folder.to_owned()) };
        }
        Self { path: text.into(), folder: None }
    }
}

/// A file that was looked into.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) folder: Option<String>,
    pub(super) what: &'static str,
    pub(super) things: usize,
}

type Into<'l> = (&'l mut Ledger, &'l mut Vec<Read>);

/// Those that a person names; each must be readable.
pub(super) fn given(
    checkout: &Checkout,
    files: &[StateFile],
    (ledger, known): Into<'_>,
) -> Result<(), PipelineError> {
    for file in files {
        let name = file.path.display().to_string();
        let folder = file.folder.clone().or_else(|| {
            let path = file.path.canonicalize().ok()?;
            let below = path.strip_prefix(&checkout.root).ok()?.to_str()?.replace('\\', "/");
            folder_of(&below, &checkout.files)
        });
        let refused = |why: String| PipelineError::Refused(format!("`{name}`: {why}"));
        take(&file.path, (name.clone(), folder), (&mut *ledger, &mut *known)).map_err(refused)?;
    }
    Ok(())
}

/// Those that stand in the repository; one that cannot be read is named among what was not.
pub(super) fn own(checkout: &mut Checkout, (ledger, known): Into<'_>) {
    let states = std::mem::take(&mut checkout.states);
    for (below, path) in &states {
        let folder = folder_of(below, &checkout.files);
        let taken = take(path, (below.clone(), folder), (&mut *ledger, &mut *known));
        if let Err(reason) = taken {
            checkout.unread.insert(below.clone(), reason);
        }
    }
    checkout.states = states;
}

fn take(
    path: &Path,
    (name, folder): (String, Option<String>),
    (ledger, known): Into<'_>,
) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let about = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    if about.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if about.is_file() && about.len() > MOST_BYTES {
        return Err(format!("it is longer than {} MiB", MOST_BYTES >> 20));
    }
    let record = read(file).map_err(|error| error.to_string())?;
    let what = match record.format() {
        Format::State | Format::ShownState => "state",
        Format::Plan => "plan",
    };
    let read = Read { name: name.clone(), folder: folder.clone(), what, things: record.things() };
    ledger.add(name, folder, record);
    known.push(read);
    Ok(())
}

/// The folder of the root module that a file of the repository belongs to, where code stands in
/// it. Workspaces keep their state in `terraform.tfstate.d/NAME`.
fn folder_of(below: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let folder = below.rsplit_once('/').map_or("", |(folder, _)| folder);
    let outer = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    let folder = match outer.strip_suffix("terraform.tfstate.d") {
        Some(root) if root.is_empty() || root.ends_with('/') => root.trim_end_matches('/'),
        Some(_) | None => folder,
    };
    let begin = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let is_code = |path: &str| path.ends_with(".tf") || path.ends_with(".tf.json");
    let below = files.range(begin.clone()..).take_while(|(path, _)| path.starts_with(&begin));
    let mut own = below.filter_map(|(path, _)| path.strip_prefix(&begin));
    own.any(|rest| !rest.contains('/') && is_code(rest)).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_belongs_to_the_folder_whose_code_stands_beside_it() {
        let files = ["main.tf", "prod/main.tf", "prod-eu/x/main.tf"];
        let files: BTreeMap<String, String> =
            files.iter().map(|path| ((*path).to_owned(), String::new())).collect();
        for (below, expected) in [
            ("terraform.tfstate", Some("")),
            ("prod/terraform.tfstate", Some("prod")),
            ("prod/terraform.tfstate.d/eu/terraform.tfstate", Some("prod")),
            ("terraform.tfstate.d/eu/terraform.tfstate", Some("")),
            ("prod-eu/terraform.tfstate", None),
            ("states/prod.tfstate", None),
        ] {
            assert_eq!(folder_of(below, &files).as_deref(), expected, "{below}");
        }
    }
}
