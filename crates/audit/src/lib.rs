//! The audit log: who did what, written before it is done, in a tree that shows every change.
//!
//! [`Log`] writes records in groups and returns once they are on the disk; [`Reader`] reads them
//! and makes proofs. The files are those of C2SP tlog-tiles, the tree is that of RFC 6962, and its
//! heads are signed with Ed25519 (C2SP tlog-checkpoint), so programs that know nothing of Quell
//! can check them. `quell-audit-verify` does that too, and shares no code with this crate.
//!
//! # Files of a log
//!
//! | file | what |
//! |---|---|
//! | `checkpoint` | the newest signed tree head |
//! | `tile/<L>/<N>`, `tile/entries/<N>` | hashes and leaves, 256 a file; the last ones are partial |
//! | `journal` | leaves since the last full bundle, flushed before anybody is told |
//! | `key`, `key.pub` | the key that signs, for its owner only, and those that did |
//! | `personal/<N>` | texts that leaves commit to; they can be erased |
//! | `lock` | held while somebody writes |
//!
//! A leaf is flushed before it is acknowledged, and before a head over it is signed. So whatever
//! a crash takes, no number is used twice and no two heads contradict each other.

mod action;
mod canonical;
mod checkpoint;
mod edge;
mod entries;
mod error;
mod files;
mod hash;
mod journal;
mod key;
mod layout;
mod leaf;
mod lock;
mod log;
mod personal;
mod reader;
mod rotate;
mod state;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

pub use action::Action;
pub use checkpoint::Checkpoint;
pub use error::AuditError;
pub use hash::{Hash, hex, leaf_hash, sha256};
pub use key::PublicKey;
pub use leaf::{Actor, Leaf, MOST_LEAF_BYTES, Outcome, Stage};
pub use log::{Committed, Log, Place, checkpoint, look, put_aside};
pub use personal::{Kept, commit};
pub use reader::{Inclusion, Reader};
pub use state::public_keys;
