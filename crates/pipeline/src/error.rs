//! Why a run could not finish.

/// Why a run could not finish.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] quell_store::StoreError),
    /// The system gives no thread.
    #[error("the system gives no further thread: {0}")]
    Threads(std::io::Error),
    /// What was to be read whole was not.
    #[error("the system let something be read in part only: {0}")]
    Unread(String),
    /// A record cannot be written or read back.
    #[error("a record cannot be kept: {0}")]
    Body(#[from] serde_json::Error),
    /// The repository cannot be read.
    #[error("cannot read the repository `{path}`: {source}")]
    Repository {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the repository cannot be written; nothing was.
    #[error("cannot write `{path}`: {source}; nothing was written")]
    Unwritten {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Some files were written, others not, and the former could not be put back.
    #[error(
        "{reason}; these files hold the new text and could not be put back: `{left}`; the next \
         run of `quell fix` there tries again"
    )]
    HalfWritten {
        /// The files.
        left: String,
        /// What the system said.
        reason: String,
    },
    /// All files are written, but the journal that would take them back is still there.
    #[error(
        "all files are written, but `{path}` cannot be taken away: {source}; delete it, else the \
         next run puts the files back"
    )]
    Journal {
        /// The journal.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user's git refuses.
    #[error("`git {what}` failed: {said}")]
    Git {
        /// The command.
        what: String,
        /// What it printed.
        said: String,
    },
    /// A file of intelligence is not as it should be.
    #[error("cannot take the intelligence of `{path}`: {reason}")]
    Intelligence {
        /// The file.
        path: String,
        /// Why, with the line.
        reason: String,
    },
    /// An inventory cannot be read.
    #[error("cannot take the inventory `{path}`: {reason}")]
    Inventory {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Ctrl-C, or a request to end.
    #[error(
        "interrupted; files already imported are kept whole, the one being read is not kept at all"
    )]
    Interrupted,
    /// No issue has that id.
    #[error(
        "there is no {kind} `{id}`; ids stand in the report, and their first characters are enough"
    )]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// The id given.
        id: String,
    },
    /// A decision about an incident that cannot be.
    #[error("{0}")]
    Refused(String),
}
