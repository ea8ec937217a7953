//! What a folder takes of the disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders below one another that are looked into; a data directory has three.
const MOST_DEPTH: usize = 8;

/// Bytes of all files below a folder. What goes while it is counted does not count.
pub(crate) fn sizes(folder: &Path) -> u64 {
    let mut waiting: Vec<(PathBuf, usize)> = vec![(folder.to_owned(), 0)];
    let mut sum = 0_u64;
    while let Some((folder, depth)) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() && depth < MOST_DEPTH => {
                    waiting.push((entry.path(), depth + 1));
                }
                Ok(meta) if meta.is_file() => sum = sum.saturating_add(meta.len()),
                Ok(_) | Err(_) => {}
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_all_folders_are_counted_and_nothing_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("raw")).unwrap();
        fs::write(folder.path().join("a"), [0; 10]).unwrap();
        fs::write(folder.path().join("raw/b"), [0; 5]).unwrap();
        assert_eq!(sizes(folder.path()), 15);
        assert_eq!(sizes(&folder.path().join("absent")), 0);
    }
}
