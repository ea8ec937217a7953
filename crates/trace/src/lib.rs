//! From a thing in a cloud to the block of code that made it.
//!
//! [`Code`] is what the files of a repository say, [`Ledger`] what state files and plans say, and
//! [`Wanted`] what is known of the thing. [`trace`] puts them together. Nothing here reads a disk:
//! state files come as readers, are read as a stream, and only hashes of ids are kept of them, so
//! that no value of a state file is ever shown.
//!
//! Candidates are graded by what speaks for them. Two that are equally good are both named and
//! neither is taken.

mod address;
mod answer;
mod code;
mod find;
mod kinds;
mod ledger;
mod read;
mod signs;
mod tags;
mod wanted;

pub use address::Address;
pub use answer::{Candidate, Confidence, Reason, Trace, Verdict, Why};
pub use code::{Block, Call, Code, Output, Spot};
pub use find::trace;
pub use ledger::Ledger;
pub use read::{Format, MOST_BYTES, Record, Unreadable, read};
pub use tags::{Origin, Tagged};
pub use wanted::Wanted;

#[cfg(test)]
mod tests;
