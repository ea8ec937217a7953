//! What can go wrong with the database, and what to do about it.

use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be made or entered.
    #[error("cannot use the data directory `{}`: {source}; choose another with `--data`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A newer Quell made the database.
    #[error(
        "the data directory was written by a newer quell (schema {found}, this one knows {known}); use that one, or another `--data`"
    )]
    Newer {
        /// Schema version found.
        found: u32,
        /// Newest one this program knows.
        known: u32,
    },
    /// No space is left.
    #[error(
        "the disk with the data directory is full; nothing of this file was kept; free some space, or choose another `--data`"
    )]
    Full,
    /// Another process holds the database.
    #[error(
        "another quell is writing to this data directory; wait for it, or choose another `--data`"
    )]
    Busy,
    /// The file is no database, or is damaged.
    #[error(
        "the database is damaged or is none ({0}); move the data directory away, or restore it from a backup"
    )]
    Damaged(String),
    /// One of the databases was put back alone.
    #[error(
        "`{older}` is older than `{newer}`: it was put back alone; restore a backup as a whole with `quell restore`, or put the newer file back; if it is meant, put an empty file `accept-older-copy` into the data directory"
    )]
    OlderCopy {
        /// The file that is too old.
        older: &'static str,
        /// The file that knows more.
        newer: &'static str,
    },
    /// A restore was cut off.
    #[error(
        "a restore into `{}` was cut off; run `quell restore` again to end it", .0.display()
    )]
    HalfRestored(PathBuf),
    /// The database is another tenant's.
    #[error(
        "this database holds the findings of tenant `{found}`, not of `{wanted}`; restore the right one"
    )]
    Tenant {
        /// Whose it is.
        found: String,
        /// Whose was asked for.
        wanted: quell_model::TenantId,
    },
    /// Any other answer of the database.
    #[error("the database refused: {0}")]
    Sqlite(rusqlite::Error),
    /// A stored value cannot be read back.
    #[error("a stored record cannot be read back: {0}")]
    Body(#[from] serde_json::Error),
}

impl StoreError {
    /// The same, with the file that is damaged.
    pub(crate) fn of(self, path: &std::path::Path) -> Self {
        if let Self::Damaged(said) = &self
            && !said.contains(".db`")
        {
            return Self::Damaged(format!("`{}`: {said}", path.display()));
        }
        self
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase,
        };
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::Full,
            Some(DatabaseBusy | DatabaseLocked) => Self::Busy,
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}
