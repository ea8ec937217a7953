//! What can go wrong, by what the caller can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::position::Position;

/// Bytes of a file that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The first byte of the bad part, counted in the unpacked segment.
    pub offset: u64,
    /// How many bytes cannot be used.
    pub length: u64,
    /// What does not fit.
    pub reason: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, offset, length, reason } = self;
        write!(f, "`{}` at byte {offset}, {length} bytes: {reason}", file.display())
    }
}

/// Why the log did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SpoolError {
    /// Too much waits to be written; try again shortly.
    #[error("{queued_bytes} bytes wait to be written, as many as may")]
    Full {
        /// What waits now.
        queued_bytes: usize,
    },
    /// The disk or the quota is full. Nothing of this append stays, and appends work again once
    /// there is space.
    #[error("the disk is full")]
    DiskFull,
    /// The log could not keep a promise and takes nothing any more; it has to be opened anew.
    #[error("the intake log has stopped: {reason}")]
    Broken {
        /// What failed.
        reason: Arc<str>,
    },
    /// The log was closed.
    #[error("the intake log is closed")]
    Closed,
    /// The record can never be taken.
    #[error("{reason}")]
    Refused {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A part of the log is not what was written. Reading goes on at `next`.
    #[error("damaged: {damage}")]
    Damaged {
        /// Where, and what.
        damage: Damage,
        /// What follows.
        next: Position,
    },
    /// No record starts there, or it was removed.
    #[error("no record stands at {position}")]
    Missing {
        /// Where it was looked for.
        position: Position,
    },
    /// Another process has the log open.
    #[error("another process uses `{}`", dir.display())]
    Locked {
        /// The log's folder.
        dir: PathBuf,
    },
    /// A newer program wrote the file.
    #[error("`{}` has format {version}, which only a newer program reads", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        version: u32,
    },
    /// The log ends before a position that was seen earlier: files were lost or put back.
    #[error("the log ends at {end}, but {seen} was read from it before")]
    RolledBack {
        /// What was seen.
        seen: Position,
        /// Where the log ends now.
        end: Position,
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

impl SpoolError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        if is_full(error) {
            return Self::DiskFull;
        }
        Self::Io { path: path.to_owned(), reason: error.to_string().into(), kind: error.kind() }
    }

    pub(crate) fn broken(what: &str, error: &io::Error) -> Self {
        Self::Broken { reason: format!("{what}: {error}").into() }
    }
}

/// Whether space or quota ran out, which can pass.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
