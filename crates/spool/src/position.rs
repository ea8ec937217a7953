//! Where a record stands in the log.

use std::fmt;

/// Where a record stands. Later records stand at greater positions, and a position stays the same
/// when its segment is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    segment: u32,
    offset: u32,
}

impl Position {
    /// Before every record.
    pub const START: Self = Self { segment: 0, offset: 0 };

    pub(crate) const fn new(segment: u32, offset: u32) -> Self {
        Self { segment, offset }
    }

    pub(crate) const fn segment(self) -> u32 {
        self.segment
    }

    pub(crate) const fn offset(self) -> u32 {
        self.offset
    }

    /// As one number that sorts the same way, for a database. It fits a signed 64-bit column.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        (i64::from(self.segment & (u32::MAX >> 1)) << 32) | i64::from(self.offset)
    }

    /// From what [`Position::to_i64`] gave; a negative number is the start.
    #[must_use]
    pub fn from_i64(number: i64) -> Self {
        let number = u64::try_from(number).unwrap_or(0);
        let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Self { segment: part(number >> 32), offset: part(number) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where the record stands, or the first one with the same tenant, source and content.
    pub position: Position,
    /// Whether it was there before, so that nothing was written.
    pub known: bool,
}
