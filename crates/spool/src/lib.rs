//! The intake log: what a sender was told is received is on the disk, and stays readable.
//!
//! [`Spool`] keeps records in append-only segments and acknowledges them in groups, one flush for
//! all that waited. [`Payloads`] keeps raw files by the hash of their content. Nothing here knows
//! what a record means.
//!
//! # Files of the log
//!
//! | file | what |
//! |---|---|
//! | `0000000007.log` | a segment: a header (twice), then frames as they came |
//! | `0000000007.seal` | the same bytes in zstd blocks of 256 KiB, with an index |
//! | `*.tmp` | a sealed segment that is being written; removed at start |
//! | `lock` | held while a process has the log open |
//!
//! A frame's head is checked by a hash keyed with the segment's own random key, and its body by
//! its content hash, so bytes that a sender chose can never pass for a frame. Each frame says up
//! to where the segment was flushed before its batch was written. So after a crash what stands
//! before the last such mark must be whole, and a fault there is damage; what stands behind it may
//! be torn, and is kept up to the first fault.

mod bytes;
mod disk;
mod error;
mod frame;
mod header;
mod limits;
mod log;
mod payloads;
mod position;
mod queue;
mod read;
mod record;
mod recover;
mod retain;
mod scan;
mod seal;
mod sealed;
mod segment;
mod spool;
#[cfg(test)]
mod tests;
mod walk;
mod window;
mod writer;

pub use error::{Damage, SpoolError};
pub use limits::Limits;
pub use payloads::{Listed, Payload, PayloadError, PayloadReader, PayloadWriter, Payloads};
pub use position::{Appended, Position};
pub use read::{Reader, Stored};
pub use record::{APART, Origin, Record};
pub use recover::Recovery;
pub use retain::Removed;
pub use spool::{Spool, Status};
