//! How far a stream is in a log.

use std::fs;
use std::io::Write;
use std::path::Path;

/// The next record that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    origin: String,
    pub(super) next: u64,
}

impl Position {
    /// Reads it; another log begins at its first record.
    pub(super) fn read(path: &Path, origin: &str) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let known = text.trim_end().split_once(' ').filter(|(known, _)| *known == origin);
        let next = known.and_then(|(_, next)| next.parse().ok()).unwrap_or(0);
        Self { origin: origin.to_owned(), next }
    }

    /// Writes it down, whole or not at all.
    pub(super) fn write(&self, folder: &Path, path: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the place of the stream is lost: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        writeln!(file, "{} {}", self.origin, self.next).map_err(failed)?;
        file.as_file().sync_data().map_err(failed)?;
        file.persist(path).map(drop).map_err(|error| failed(error.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_and_is_its_own_logs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("siem.default");
        let mut at = Position::read(&path, "quell-audit/a");
        assert_eq!(at.next, 0);
        at.next = 7;
        at.write(folder.path(), &path).unwrap();
        assert_eq!(Position::read(&path, "quell-audit/a"), at);
        assert_eq!(Position::read(&path, "quell-audit/b").next, 0);
        fs::write(&path, "\u{0}").unwrap();
        assert_eq!(Position::read(&path, "quell-audit/a").next, 0);
    }
}
