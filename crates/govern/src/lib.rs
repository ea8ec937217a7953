//! What may happen: exceptions that end, service levels, phases, and approvals bound to bytes.
//!
//! Everything here is a value or a function of values: clocks, people and stored state come as
//! arguments. What is not known never hides an issue and never lets an action run.

pub mod exception;
pub mod expression;
mod fold;
pub mod lists;

mod person;

pub use person::{Person, Standing};
