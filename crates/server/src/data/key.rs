//! The server's own key: 32 random bytes in a file that only its user may read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The server's key.
#[derive(Clone)]
pub(crate) struct ServerKey([u8; 32]);

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system refused.
    #[error("cannot use the server's key `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no key.
    #[error(
        "the server's key `{}` is damaged; restore it from a backup, or remove it and make new tokens",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl ServerKey {
    /// Reads the key of a data directory, or makes it where there is none.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub(crate) fn read_or_make(data: &Path) -> Result<Self, KeyError> {
        let path = data.join("server.key");
        let io = |source| KeyError::Io { path: path.clone(), source };
        match File::open(&path) {
            Ok(file) => Self::read(file, &path),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(data, &path),
            Err(error) => Err(io(error)),
        }
    }

    fn read(file: File, path: &Path) -> Result<Self, KeyError> {
        let mut bytes = Vec::new();
        file.take(64)
            .read_to_end(&mut bytes)
            .map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        let bytes: [u8; 32] =
            bytes.try_into().map_err(|_| KeyError::Damaged { path: path.to_owned() })?;
        Ok(Self(bytes))
    }

    fn make(data: &Path, path: &Path) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        fs::create_dir_all(data).map_err(io)?;
        // Written whole beside it; the first of two that make one at a time wins.
        let mut file = tempfile::NamedTempFile::new_in(data).map_err(io)?;
        file.write_all(&bytes).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                return Self::read(File::open(path).map_err(io)?, path);
            }
            Err(error) => return Err(io(error.error)),
        }
        OpenOptions::new()
            .read(true)
            .open(data)
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
        Ok(Self(bytes))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = ServerKey::read_or_make(folder.path()).unwrap();
        let second = ServerKey::read_or_make(folder.path()).unwrap();
        assert_eq!(first.as_bytes(), second.as_bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("server.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
        assert_eq!(format!("{first:?}"), "ServerKey(…)");
        fs::write(folder.path().join("server.key"), b"short").unwrap();
        let error = ServerKey::read_or_make(folder.path()).unwrap_err();
        assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
    }
}
