//! The streams of a platform, and the rights that they need.

/// One kind of thing that a platform is asked for.
#[derive(Debug)]
pub struct Stream {
    /// Short name, in configuration and status (`issues`).
    pub name: &'static str,
    /// What it brings, for people.
    pub title: &'static str,
    /// How often it is read.
    pub pace: Pace,
    /// What stands before and behind the records of a page, so that the page reads as one answer
    /// of the vendor: `{"data":{"issuesV2":{"nodes":[` and `]}}}`. Records are parted by commas.
    /// Two empty texts make a line of each record.
    pub around: (&'static str, &'static str),
    /// Whether what a whole reading no longer brings is gone. `false` where the vendor says so itself
    /// and keeps what is closed.
    pub closes: bool,
    /// How far an incremental reading reaches back behind the last one, for what the vendor shows late.
    pub overlap_seconds: u32,
    /// The right that it needs, in the vendor's words (`read:issues`).
    pub right: &'static str,
}

/// How often a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pace {
    /// At every turn, from where the last reading ended; and whole in the nightly reading.
    Often,
    /// The same, but not more often than once an hour: many lists of which most are empty.
    Hourly,
    /// Whole only, in the nightly reading: the vendor has no filter for what is new.
    Nightly,
}

/// A right of the vendor's, and whether the login has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The right in the vendor's words (`read:issues`).
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Whether the login has it.
    pub state: RightState,
}

/// Whether a login has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightState {
    /// It is needed and there.
    Held,
    /// It is needed and not there.
    Missing,
    /// It is there and nothing needs it.
    NotNeeded,
    /// It is needed only to write back, and not there.
    MissingToWrite,
    /// The vendor does not tell, and trying would change something.
    Unknown,
}
