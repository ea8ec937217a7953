//! The audit log of a running server, and of commands that change its data directory.
//!
//! | file | what |
//! |---|---|
//! | `books.rs` | each tenant's log, opened where it is first written to |
//! | `actions.rs` | the word of every route that changes something |
//! | `layer.rs` | a record before each such request, and its end after it |
//! | `local.rs` | the same for commands at the data directory |
//! | `outside.rs` | checkpoints kept elsewhere, and whether the log is older than one |
//! | `streams/` | records on their way to a SIEM |

mod actions;
mod books;
mod layer;
pub mod local;
mod outside;
mod streams;

pub(crate) use books::{Begun, Books, by_server};
pub(crate) use layer::{actor, audited};
pub(crate) use outside::{keep_outside, look_far, look_outside, send_last};
pub(crate) use streams::stream_out;
