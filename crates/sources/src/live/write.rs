//! What Quell tells a platform about one of its records.

use quell_model::Timestamp;

/// A record of the vendor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The stream it came from.
    pub stream: String,
    /// The vendor's id.
    pub id: String,
}

/// A change to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A note beside it.
    Comment {
        /// Plain text.
        text: String,
    },
    /// Somebody works on it.
    Begin {
        /// Why, in plain text.
        note: String,
    },
    /// It is dealt with.
    Close {
        /// Why, in plain text.
        note: String,
    },
    /// It is no fault, or one that is accepted.
    Dismiss {
        /// Which of both, and until when.
        why: Dismissal,
        /// Why, in plain text.
        note: String,
    },
    /// It is left alone until then.
    Snooze {
        /// When it comes back.
        until: Timestamp,
        /// Why, in plain text.
        note: String,
    },
    /// It counts again.
    Reopen {
        /// Why, in plain text.
        note: String,
    },
    /// A ticket elsewhere is about it.
    Link {
        /// What the ticket is called.
        name: String,
        /// Where it is.
        url: String,
    },
}

/// Why a record is dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismissal {
    /// It was never true.
    FalsePositive,
    /// It is true, and somebody took the risk.
    Accepted,
    /// It is true, and something else holds.
    Mitigated,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The vendor took it.
    Done,
    /// It was so already.
    Already,
}
