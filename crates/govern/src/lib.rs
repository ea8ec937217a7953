//! What may happen: exceptions that end, service levels, phases, and approvals bound to bytes.
//!
//! Everything here is a value or a function of values: clocks, people and stored state come as
//! arguments. What is not known never hides an issue and never lets an action run.

pub mod approval;
pub mod exception;
pub mod expression;
pub mod lists;

pub mod level;
mod person;
pub mod phase;

pub use person::{Person, Standing};
