//! What may happen: exceptions that end, service levels, phases, and approvals bound to bytes.
//!
//! Everything here is a value or a function of values: clocks, people and stored state come as
//! arguments. What is not known never hides an issue and never lets an action run.

pub mod approval;
pub mod exception;
pub mod expression;
mod fold;
pub mod lists;

pub mod level;
mod person;
pub mod phase;
pub mod shown;

pub use person::{Person, Standing};
