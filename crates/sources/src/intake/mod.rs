//! From paths to records: walking, decompressing, telling the format, splitting, normalizing.
//!
//! Everything here streams. A file of any size takes a few buffers of memory, and one record
//! more than [`Limits::record_bytes`] is rejected while it is skipped.

mod avro;
mod batch;
mod detect;
mod envelope;
mod format;
mod input;
pub(crate) mod place;
mod probe;
mod scanner;
mod split;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Normalized, normalize_batch};
pub use detect::{Detected, Detection, Fit, detect};
pub(crate) use detect::{as_mapped, look};
pub use format::{Format, Formats};
pub use input::{Input, IntakeError, is_by_system};
pub use split::{BrokeOff, Item, Summary, read};
pub use walk::{Unreadable, walk};

/// How much of anything is taken before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest record.
    pub record_bytes: usize,
    /// Deepest nesting within a record.
    pub record_depth: usize,
    /// Longest document around the records.
    pub envelope_bytes: usize,
    /// Decompressed bytes of one input.
    pub decompressed_bytes: u64,
    /// Decompressed bytes for each compressed byte, once more than 64 MiB came out.
    pub compression_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 32 << 20,
            record_depth: 128,
            envelope_bytes: 64 << 20,
            decompressed_bytes: 64 << 30,
            compression_ratio: 200,
        }
    }
}
