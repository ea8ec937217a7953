//! The life of a row of the outbox: one act on one subject at one sink, done exactly once.
//!
//! A row is written as [`State::Sending`] before its call, and after the call as what came of it.
//! So whoever finds it as `Sending` after a crash knows that nobody knows, and looks at the sink
//! before anything is made again.

mod row;
mod step;
#[cfg(test)]
mod tests;

pub use row::{Act, ActKind, Came, Remote, Row, State, Try};
pub use step::{
    Found, OnDoubt, Outcome, Step, begun, cancelled, doubted, ended, hastened, latest, looked,
    may_replay, needs_remote, next, recovered, released, retried,
};
