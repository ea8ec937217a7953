//! Tasks that a language model may be asked to write, within budgets, grants and the pace.
//!
//! | file | what |
//! |---|---|
//! | `desk.rs` | a task for a brief: by a model where one may be asked, else by the rules |
//! | `purse.rs` | what stands before each call: kept answers, budgets, the pace, the audit log |
//! | `calls.rs` | calls that are under way, which outlast who waits for them |
//! | `backlog.rs` | many calls at once as a batch, whose answers are kept for later |

mod backlog;
mod calls;
mod desk;
mod purse;
#[cfg(test)]
mod tests;

pub use backlog::{Collected, HandedIn};
pub(crate) use desk::{Desk, Given};
