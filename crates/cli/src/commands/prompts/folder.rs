//! A task of a folder on this machine.

use std::fs;
use std::path::Path;

use quell_analyst::{Task, Tasks};

/// Longest file that is read.
const MOST_BYTES: u64 = 1 << 20;
/// Most files of a task.
const MOST_FILES: usize = 2_000;

/// The task of a name below a folder, or in it.
///
/// # Errors
/// The folder holds no such task, or a file of it is wrong; as a sentence.
pub(super) fn read(folder: &Path, name: &str) -> Result<Task, String> {
    let below = folder.join(name);
    let own = if below.join("task.toml").is_file() { below } else { folder.to_owned() };
    if !own.join("task.toml").is_file() {
        return Err(format!("`{}` holds no `{name}/task.toml`", folder.display()));
    }
    let mut files: Vec<(String, String)> = Vec::new();
    take(&own, name, &mut files)?;
    if own.join("cases").is_dir() {
        take(&own.join("cases"), &format!("{name}/cases"), &mut files)?;
    }
    let texts = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let tasks = Tasks::from_files(texts).map_err(|error| error.to_string())?;
    tasks.get(name).cloned().ok_or_else(|| format!("`{}` holds no task", own.display()))
}

fn take(folder: &Path, under: &str, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| {
        format!("`{}` cannot be read: {why}", path.display())
    };
    for entry in fs::read_dir(folder).map_err(|error| wrong(folder, &error))? {
        let path = entry.map_err(|error| wrong(folder, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let about = fs::metadata(&path).map_err(|error| wrong(&path, &error))?;
        if !about.is_file() {
            continue;
        }
        if about.len() > MOST_BYTES || files.len() >= MOST_FILES {
            return Err(wrong(&path, &"it is too long, or there are too many files"));
        }
        let text = fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
        files.push((format!("{under}/{name}"), text));
    }
    Ok(())
}
