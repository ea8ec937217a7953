//! How much a log may hold at a time.

use crate::header::HEADER_BYTES;

/// Largest body of a record.
pub(crate) const BODY_BYTES: usize = 8 * 1024 * 1024;

/// Largest segment that offsets and memory are made for.
const MOST_SEGMENT_BYTES: u32 = 1024 * 1024 * 1024;

/// How much a log may hold in memory and in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment is closed and a new one begun before it grows past this. A single batch may be
    /// larger.
    pub segment_bytes: u32,
    /// Bytes that may wait to be written; an append past them is refused.
    pub queue_bytes: usize,
    /// Bytes that are written before a flush, at least one record.
    pub batch_bytes: usize,
    /// How many of the newest records are remembered to tell duplicates.
    pub recent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            queue_bytes: 64 * 1024 * 1024,
            batch_bytes: BODY_BYTES,
            recent: 262_144,
        }
    }
}

impl Limits {
    /// The limits with each in the range that offsets allow.
    pub(crate) fn clamped(self) -> Self {
        Self {
            segment_bytes: self.segment_bytes.clamp(HEADER_BYTES * 2, MOST_SEGMENT_BYTES),
            batch_bytes: self.batch_bytes.clamp(1, 8 * BODY_BYTES),
            ..self
        }
    }
}
