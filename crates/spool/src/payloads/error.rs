//! What can go wrong with a raw file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::is_full;

/// Why a raw file was not stored or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayloadError {
    /// It is larger than its writer allows.
    #[error("it has more than {most_bytes} bytes")]
    TooLarge {
        /// The limit.
        most_bytes: u64,
    },
    /// The disk or the quota is full. Nothing of the file stays.
    #[error("the disk is full")]
    DiskFull,
    /// It is not stored, or was removed.
    #[error("`{}` is not stored", path.display())]
    Missing {
        /// Where it would stand.
        path: PathBuf,
    },
    /// Its content is not what its name says.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("`{}`: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: Arc<str>,
        /// The kind, to tell what may pass.
        kind: io::ErrorKind,
    },
}

impl PayloadError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        if let Some(own) = inner {
            return own.clone();
        }
        if is_full(error) {
            return Self::DiskFull;
        }
        Self::Io { path: path.to_owned(), reason: error.to_string().into(), kind: error.kind() }
    }
}
