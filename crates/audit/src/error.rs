//! What can go wrong, in words that say what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the log is not written or read. One value is told to all who waited.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The system refused.
    #[error("the audit log cannot be used: `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// There is no space left.
    #[error("the disk of the audit log is full; free some space, and it goes on by itself")]
    Full,
    /// Somebody else holds it for too long.
    #[error(
        "another process has held the audit log for seconds; `fuser` on its file `lock` names it"
    )]
    Held,
    /// The writer has not answered in time.
    #[error("the audit log has not been written for {0} seconds; look at its disk")]
    Slow(u64),
    /// The key that signs is missing.
    #[error(
        "the key of the audit log, `{}`, cannot be used: {reason}; put it back from a safe copy, or \
         begin a new log with `quell audit key renew`", path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// What is on the disk is not what was written.
    #[error("the audit log is damaged: {0}; `quell audit verify` says where")]
    Damaged(Arc<str>),
    /// It must not be written to.
    #[error("the audit log takes nothing: {0}")]
    Refused(Arc<str>),
    /// A flush failed, so nobody knows what is on the disk.
    #[error("the audit log takes nothing more in this process: {0}")]
    Broken(Arc<str>),
    /// It was closed.
    #[error("the audit log is closed")]
    Closed,
    /// A leaf is too long.
    #[error("a record of {0} bytes is too long for the audit log")]
    TooLong(usize),
    /// There is no such leaf.
    #[error("there is no record {index}; the log has {size}")]
    NoSuchLeaf {
        /// The one that was asked for.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// There is no log.
    #[error("there is no audit log at `{}`", .0.display())]
    NoLog(PathBuf),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(Arc<str>),
}

impl AuditError {
    /// What the system said of a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| {
            if matches!(
                source.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ) {
                return Self::Full;
            }
            Self::Io { path, source: Arc::new(source) }
        }
    }
}
