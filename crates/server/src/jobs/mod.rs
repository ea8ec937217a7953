//! Jobs: what is done beside requests, tried again when it fails, and put aside with its reason.

mod change;
mod import;
mod replay;
mod task;
mod worker;

pub use change::Change;
pub(crate) use import::{Outcome, delivery_input, delivery_name, delivery_options, most_closed};
pub(crate) use replay::replay;
pub(crate) use task::Task;
pub(crate) use worker::{Failure, work};
