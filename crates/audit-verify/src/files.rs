//! Where the files of a log come from.

use std::io;
use std::path::PathBuf;

/// Gives files by their path below the log.
pub trait Files {
    /// The content; `None` where there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
}

/// A log in a folder.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

impl Files for Directory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The path of the `index`-th file of a kind; `width` of 256 hashes is a full one.
pub(crate) fn path(kind: &str, index: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut left = index / 1000;
    while left != 0 {
        groups.push(format!("x{:03}", left % 1000));
        left /= 1000;
    }
    groups.reverse();
    let number = groups.join("/");
    if width == 256 { format!("{kind}/{number}") } else { format!("{kind}/{number}.p/{width}") }
}

/// Reads a file of a width, or the full one where the log has grown since.
pub(crate) fn read_wide(
    files: &dyn Files,
    kind: &str,
    (index, width): (u64, u64),
) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| format!("`{}`: {error}", path(kind, index, width));
    if let Some(bytes) = files.read(&path(kind, index, width)).map_err(failed)? {
        return Ok(bytes);
    }
    let full = files.read(&path(kind, index, 256)).map_err(failed)?;
    full.ok_or_else(|| format!("`{}` is missing", path(kind, index, width)))
}
